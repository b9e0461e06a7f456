"""The page of a federated training: complete, self-contained, escaped; and what its sentences say."""

import json
from pathlib import Path

import pytest
from federated_tables import made_federation, made_tables, saved
from test_report_page import HOSTILE, Tags
from typer.testing import CliRunner

from isthmus.cli.main import app
from isthmus.cli.output.federated import print_federation, summary_json_text
from isthmus.federated.results.summary import summary_of
from isthmus.federated.results.tables import load_federation
from isthmus.report.federated.reading import ONE_SEED, clients_sentence, headline, reading

LONGER = "all<b>"
RULES = ("all", "none", "body", "barrier")
OFFSETS = {"all": 0.2, "none": 0.1, "body": 0.15, "barrier": 0.05}


def rate(rule: str, seed: int, number: int, client: int, when: str, data: str) -> float | None:
    """`barrier` is best, `body` between `none` and `all`; seeds shift all alike, and differences a little."""
    if not number or (when == "last" and (rule, number) != (LONGER, 2)):
        return None
    offset = OFFSETS[rule.partition(" ")[0].partition("<")[0]]
    return offset * (1 + 0.01 * seed) + 0.1 * seed + 0.01 * client - 0.05 * (when == "before") * (rule == "all")


def test_sentences_say_which_rules_are_better_and_whether_measuring_paid() -> None:
    summary = summary_of(made_federation(rate, RULES, clients=20))
    assert headline(summary) == (
        "After 2 rounds clients reach an accuracy on their own test parts of 60.3 % (35.0 to 85.6) with full averaging "
        "(all) and 70.4 % (45.3 to 95.5) with local training (none). Averaging only some layers is better than both "
        "under barrier."
    )
    against_all, against_none, worst, earned = reading(summary)
    assert against_all.startswith("Against full averaging (all), of the 3 other rules 3 are better: none +10.1 points")
    assert against_all.endswith(
        "Before its last averaging, with each client's own training on top of the common network, it has 65.3 % "
        "(40.0 to 90.6)."
    )
    assert against_none.endswith("points (−5.2 to −4.9).")
    assert "1 is better: barrier +5.1 points (4.9 to 5.2)" in against_none
    assert "2 are worse: all −10.1 points" in against_none
    assert worst.startswith("The worst tenth (the 2 worst clients of every seed) fares best under barrier: it reaches")
    assert earned.startswith("barrier earned its cost: against none, the best of the rules that measure nothing")
    assert "15 % of its seconds" in earned
    said = clients_sentence(summary)
    assert "0 of 60 under all, 0 of 60 under body and 60 of 60 under barrier" in said
    assert "just trained alone, −5.0 points (−5.0 to −5.0) under all." in said


def test_what_cannot_be_told_apart_is_not_called_better() -> None:
    lone = summary_of(made_federation(rate, RULES, seeds=(0,)))
    assert headline(lone).endswith("No rule that averages only some layers can be shown to be better than both.")
    assert not any(words in paragraph for paragraph in reading(lone) for words in ("is better", "are better"))
    assert reading(lone)[-1].startswith("barrier has not been shown to earn its cost")


def test_the_page_holds_all_and_loads_nothing(tmp_path: Path) -> None:
    hostile = f"barrier {HOSTILE}"
    manifest, tables = made_tables(rate, ("all", "none", hostile, LONGER), (0,), clients=2, rounds=2)
    manifest["recipe"]["model"] = HOSTILE
    manifest["clients"][0]["classes"] = {HOSTILE: 3}
    traffic = tables["traffic"].to_pandas()
    traffic.loc[0, "left_out"] = f"NaN in {HOSTILE}"
    tables["traffic"] = tables["traffic"].from_pandas(traffic, preserve_index=False)
    folder = saved(manifest, tables, tmp_path / "run")
    ran = CliRunner().invoke(app, ["report", str(folder)])
    assert (ran.exit_code, ran.stdout.strip()) == (0, f"report: {folder / 'report.html'}")
    text = (folder / "report.html").read_text()
    assert HOSTILE not in text
    tags = Tags(text)
    words = " ".join(tags.words)
    for expected in (hostile, ONE_SEED, f"NaN in {HOSTILE}", f"3 of {HOSTILE}", "hash of data", "Loss and cost",
                     "0.01 a round", f"{LONGER} trains on", "counted from the mean loss of both"):  # fmt: skip
        assert expected in words
    stems = {path.stem for path in (folder / "figures").glob("*.svg")}
    assert stems == {
        "accuracy_own", "accuracy_global", "clients", "layers", "averaged_barrier-script-alert-1-script",
        "averaged_all-b",
        "barriers_barrier-script-alert-1-script",
    }  # fmt: skip
    loads = [attrs.get(name) or "" for _, attrs in tags.seen for name in ("src", "href", "data", "srcset", "action")]
    assert [load[:60] for load in loads if load and not load.startswith(("#", "data:"))] == []


def test_without_classes_losses_are_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest, tables = made_tables(rate, ("all", "none", "barrier"), (0, 1, 2), clients=2, rounds=1)
    outcomes = tables["outcomes"].to_pandas()
    outcomes["error_rate"] = float("nan")
    tables["outcomes"] = tables["outcomes"].from_pandas(outcomes, preserve_index=False)
    folder = saved(manifest, tables, tmp_path / "run")
    print_federation(folder)
    said = capsys.readouterr().out
    for expected in ("loss with 95 %", "+0.202", "reach a loss on their own test parts of 0.6 (0.1 to 1.1)"):
        assert expected in " ".join(said.split())
    page = (folder / "report.html").read_text()
    assert "Loss in the last round" in page
    assert "nan" not in Tags(page).words
    assert json.loads(summary_json_text(summary_of(load_federation(folder))))["value"] == "loss"


def test_a_terminal_gets_a_table_or_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = saved(*made_tables(rate, ("all", "none"), (0, 1, 2), clients=2, rounds=1), tmp_path / "run")
    print_federation(folder)
    said = capsys.readouterr().out
    for expected in (
        "Rule",
        "MB sent",
        "69.3",
        "[44.0, 94.6]",
        "+10.1",
        "9.9, 10.3",
        "report:",
        "full averaging (all)",
    ):
        assert expected in said
    found = json.loads(summary_json_text(summary_of(load_federation(folder))))
    assert [rule["rule"] for rule in found["rules"]] == ["all", "none"]
    assert found["rules"][1]["to_all"]["difference"]["value"] == pytest.approx(-0.101)


def test_a_federated_training_is_reported_alone(tmp_path: Path) -> None:
    folder = saved(*made_tables(rate, ("all",), (0,), clients=2, rounds=1), tmp_path / "run")
    ran = CliRunner().invoke(app, ["report", str(folder), str(folder), "--out", str(tmp_path / "out")])
    assert ran.exit_code == 2
    assert "the federated training run among 2 folders" in ran.output
