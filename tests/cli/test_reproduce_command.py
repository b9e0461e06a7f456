"""`isthmus reproduce`: what it prints, where, and how it ends."""

import json
from pathlib import Path

import pytest
from torchless import statuses
from typer.testing import CliRunner

from isthmus.cli.main import app
from isthmus.experiments.reproduction.registry import known_claims
from isthmus.experiments.reproduction.scale import Scale


def run(*arguments):
    result = CliRunner().invoke(app, ["reproduce", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_a_claim_ends_with_verdict_criteria_and_page_on_standard_output(tmp_path):
    status, out, err = run("fig3", "--scale", "smoke", "--out", tmp_path)
    assert status == 0, err
    assert "verdict: smoke: not meant to be read" in out
    assert "at least 10" in " ".join(out.split())
    page = Path(out.strip().splitlines()[-1].removeprefix("page: "))
    assert page == tmp_path / "fig3-smoke" / "fig3.md"
    assert page.is_file()


def test_the_outcome_as_json_has_the_computed_verdict_beside_the_shown_one(tmp_path):
    status, out, err = run("fig3", "theorem", "--scale", "smoke", "--out", tmp_path, "--json")
    assert status == 0, err
    found = json.loads(out)
    assert [one["claim"] for one in found] == ["fig3", "theorem"]
    assert found[1]["verdict"] == "confirmed"
    assert found[1]["shown_verdict"] == "smoke: not meant to be read"
    assert {criterion["met"] for criterion in found[1]["criteria"]} == {True}


def test_the_list_names_every_claim_with_times_and_status(tmp_path):
    assert run("fig3", "--scale", "smoke", "--out", tmp_path)[0] == 0
    status, out, _ = run("--list", "--out", tmp_path)
    assert status == 0
    for claim in known_claims().values():
        assert f"{claim.title} ({claim.figure})" in out
        assert f"paper {claim.times[Scale.PAPER]}" in out
    rows = json.loads(run("--list", "--out", tmp_path, "--docs", tmp_path, "--json")[1])
    of_name = {row["name"]: row for row in rows}
    assert list(of_name) == list(known_claims())
    assert of_name["fig3"]["status"] == "smoke: not meant to be read"
    assert of_name["fig1"]["status"] == "not run"
    assert of_name["fig1"]["small"] == known_claims()["fig1"].times["small"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name one, or write --list"),
        (("fig11",), "Did you mean 'fig1'"),
        (("fig1", "--scale", "smal"), "Did you mean 'small'"),
        (("fig3", "--scale", "evening"), "which has smoke, small, paper"),
        (("fig1", "fig3", "--scale", "evening"), "a claim that has scale evening: fig1, fig2,"),
        (("fig3", "--scale", "smoke", "--docs", "."), "not meant to be read"),
        (("fig3", "--scale", "small", "--docs", "nowhere"), "no such folder"),
        (("fig3", "--out", "file"), "name another --out"),
    ],
)
def test_wrong_input_ends_with_status_2_and_one_message(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("isthmus: wrong input") == 1
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_a_claim_that_can_not_be_done_does_not_stop_the_others(tmp_path):
    status, out, err = run("pythia", "fig3", "--scale", "small", "--out", tmp_path / "out", "--data-root", tmp_path)
    assert status == 2
    assert "wrong input for pythia" in err
    assert "1 of 2 claims are done; not pythia" in err
    assert "verdict: partly" in out
    assert (tmp_path / "out" / "fig3-small" / "fig3.md").is_file()


def test_help_list_and_argument_errors_never_import_torch_or_a_claim(tmp_path):
    commands = [["reproduce", *more] for more in (["--help"], ["--list"], ["fig11"], ["fig1", "--scale", "x"])]
    assert statuses(*commands, slow=("torch", "isthmus.experiments.claims.")) == [0, 0, 2, 2]
