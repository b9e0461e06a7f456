"""`isthmus explain`: what it prints, what it writes, what it refuses."""

import json
import re

import pytest
from cases import CASES
from safetensors.torch import save_file
from torchless import statuses
from typer.testing import CliRunner

from isthmus.cli.main import app
from isthmus.questions.theorem.example import DiagonalExample
from isthmus.questions.theorem.reading import EXPLANATION


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def explained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("theorem") / "out"
    status, out, err = run("explain", "theorem", "--out", folder, "--a", "1", "--b", "2", "--pairs", "4", "--json")
    assert status == 0, err
    return folder, json.loads(out), err


def test_the_numbers_as_json_are_the_closed_forms_and_the_measured(explained):
    _, numbers, err = explained
    example = DiagonalExample(1, 2)
    for row in numbers["midpoints"]:
        assert abs(row["closed_form"] - float(example.loss_along(row["path"], 0.5))) < 1e-15
        assert abs(row["measured"] - row["closed_form"]) < 1e-12
    assert [row["convexity"] for row in numbers["midpoints"]] == ["not convex", "convex", "convex"]
    assert numbers["num_convex_cuts"] == numbers["num_cuts"] > 12
    assert numbers["largest_relative_excess_of_cuts"] < 1e-12
    assert 0 < numbers["num_full_paths_above_chord"] <= numbers["num_pairs"] == 4
    assert "measuring" in err


def test_pictures_and_a_page_that_loads_nothing_are_written(explained):
    folder, numbers, _ = explained
    made = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert made == ["explain.html", "figures/cuts.png", "figures/cuts.svg", "figures/surface.png",
                    "figures/surface.svg"]  # fmt: skip
    page = (folder / "explain.html").read_text(encoding="utf-8")
    assert numbers["page"] == str(folder / "explain.html")
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    assert page.count('<svg class="plotted"') == 2
    for text in (*EXPLANATION, *numbers["readings"]):
        assert text.replace("'", "&#39;") in page
    assert all((folder / "figures" / f"{name}.svg").stat().st_size < 300_000 for name in ("surface", "cuts"))


def test_the_text_holds_explanation_table_reading_and_the_page_s_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, _ = run("explain", "theorem", "--seed", "5", "--pairs", "2")
    flat = " ".join(out.split())
    assert status == 0
    assert EXPLANATION[0][:60] in flat
    assert re.search(r"both layers 12\.35961914 12\.35961914 0\.0e\+00 not convex", flat)
    assert "0 rise above their chord" in flat
    assert "page: isthmus-theorem/explain.html" in flat
    assert (tmp_path / "isthmus-theorem" / "explain.html").exists()


def test_without_a_topic_the_topics_are_listed():
    status, out, _ = run("explain")
    assert status == 0
    assert out.startswith("theorem ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["theorm"], "Did you mean 'theorem'?"),
        (["theorem", "--a", "0"], "a number from 0.001 to 1000"),
        (["theorem", "--b", "nan"], "--b"),
        (["theorem", "--a", "2", "--b", "2.001"], "two networks that differ by a hundredth or more"),
        (["theorem", "--seed", "-1"], "--seed"),
        (["theorem", "--pairs", "0"], "--pairs"),
    ],
    ids=str,
)
def test_wrong_arguments_are_refused_with_status_two(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, err = run("explain", *arguments)
    assert (status, out) == (2, "")
    assert words in err
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_to_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    status, _, err = run("explain", "theorem", "--out", tmp_path / "file")
    assert status == 2
    assert "a folder" in err


def test_help_topics_and_argument_errors_never_import_torch():
    more = [], ["--help"], ["x"], ["theorem", "--a", "0"], ["theorem", "--a", "4"]
    assert statuses(*(["explain", *arguments] for arguments in more)) == [0, 0, 2, 2, 2]


def test_the_squared_error_is_a_loss_of_the_command_line(tmp_path):
    linear = next(case for case in CASES if case.name == "deep_linear")
    for seed, name in enumerate("ab"):
        weights = linear.weights(seed)
        wide = {key: t if key != "hidden1.weight" else t.repeat(1, 6)[:, :64] for key, t in weights.items()}
        save_file({key: t.contiguous() for key, t in wide.items()}, tmp_path / f"{name}.safetensors")
    status, out, err = run("measure", tmp_path / "a.safetensors", tmp_path / "b.safetensors", "--model", "deep_linear",
                           "--data", "digits:test[0:20]", "--loss", "squared_error", "--json")  # fmt: skip
    assert status == 0, err
    printed = json.loads(out)
    assert printed["attributes"]["loss"] == "squared_error"
    assert {row["moving"] for row in printed["rows"]} == {"all", "hidden1", "hidden2", "fc"}
    assert all("error_rate" in row for row in printed["rows"])
