"""The page of a reproduction: its headings, its figures, the verdict that can be read back, and its copy."""

import pytest
from matplotlib.figure import Figure

from isthmus.errors import InputError
from isthmus.experiments.evidence.criterion import NOT_ESSENTIAL, criteria_of, verdict_of
from isthmus.experiments.evidence.evidence import Evidence
from isthmus.experiments.evidence.located import Located
from isthmus.experiments.reproduction.claim import Claim
from isthmus.experiments.reproduction.listing import claim_status
from isthmus.experiments.reproduction.pages.documents import (
    document_file,
    documented,
    refuse_unfit_documents,
    save_document,
    stated_on,
)
from isthmus.experiments.reproduction.pages.lead import headline_figures, lead_text
from isthmus.experiments.reproduction.pages.page import ABOVE, HEADINGS, page_text
from isthmus.experiments.reproduction.pages.settings import measured_rows, recipe_rows, settings_table
from isthmus.experiments.reproduction.recipes import shipped_recipes
from isthmus.experiments.reproduction.record import Reproduction
from isthmus.experiments.reproduction.scale import READ, Scale
from isthmus.measures.estimate import Estimate
from isthmus.report.picture import Picture

CLAIM = Claim(
    name="fig1",
    title="water is wet",
    figure="Figure 9",
    says="It is.",
    expected="Wetness.",
    paper_settings={"network": "a river", "length": "7 epochs"},
    times=dict.fromkeys(Scale, "1 s"),
    departures={Scale.SMOKE: (), Scale.SMALL: ("A cup | no river.",), Scale.EVENING: (), Scale.PAPER: ()},
    criteria={"wet": {"words": "wetness", "at_least": 1.0, "unit": "drops"}},
    headline={"wet": "wet"},
    paper_value="3 drops",
)


def evidence(value=2.0):
    picture = Picture("cup", "The cup", Figure, "It is half full.")
    found = {"wet": Located(Estimate(value, 1.5, 2.5), "pair a1-b1")}
    return Evidence({"": found}, ["Very wet."], [picture], 2, [["pair", "wetness"], ["a1-b1", "2"]])


def page(scale=Scale.SMALL, value=2.0):
    found = evidence(value)
    criteria = criteria_of(CLAIM.criteria, found.found)
    record = Reproduction(
        "fig1", scale, verdict_of(criteria), criteria, 2,
        {"training": 370.0, "measuring": 20.0}, "two cores", {"isthmus": "0.1"},
    )  # fmt: skip
    return page_text(CLAIM, found, record, {"network": "a cup"}, ["fig2"])


def test_the_headings_are_fixed_and_every_part_has_its_figures():
    text = page()
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == list(HEADINGS)
    parts = dict(part.split("\n\n", 1) for part in text.split("\n## ")[1:])
    assert parts["Claim"].strip() == "In the paper: Figure 9. It is."
    assert parts["Expected"].strip() == "Wetness."
    assert "isthmus reproduce fig1 --scale small" in parts["Command"]
    assert "Two cores: training 6 minutes, measuring 20 seconds." in parts["Hardware and time"]
    assert "those of `fig2`" in parts["Hardware and time"]
    assert "| network | a river | a cup |" in parts["Settings"]
    assert "| length | 7 epochs | – |" in parts["Settings"]
    assert "| pairs | – | 2 |" in parts["Settings"]
    assert "From 2 pairs of networks; brackets hold 95 % intervals over the examples;" in parts["Obtained"]
    assert "| a1-b1 | 2 |" in parts["Obtained"]
    assert "- A cup | no river." in parts["Departures from the paper"]
    assert "| wetness | at least 1 drops | 2.0 (1.5 to 2.5) drops, pair a1-b1 | met |" in parts["Verdict"]
    assert "1 of 1 criteria are met" in parts["Verdict"]
    assert parts["Pictures"].strip() == ABOVE


def test_a_page_leads_with_the_picture_and_with_what_is_claimed_seen_and_meant():
    lead = page().partition("## Claim")[0].strip().split("\n\n")
    assert lead == [
        "# Figure 9: water is wet",
        "**Verdict at scale small: confirmed**",
        "![The cup](pictures/fig1_cup.svg)",
        "*The cup. It is half full.*",
        "**The claim:** water is wet.",
        "**Seen at scale small:** wetness: 2.0 (1.5 to 2.5) drops, pair a1-b1. The paper: 3 drops.",
        "**That means:** all 1 essential conditions hold at this scale.",
    ]


def test_what_a_verdict_means_counts_the_essential_conditions_alone():
    def meaning(*outcomes):
        rows = [["a: wetness", "at least 1", "2", "met"]]
        rows += [[f"other{suffix}", "dry", "wet", outcome] for outcome, suffix in outcomes]
        return lead_text(CLAIM, Scale.SMALL, rows).rpartition("**That means:** ")[2]

    assert meaning(("not met", NOT_ESSENTIAL)) == "all 1 essential conditions hold at this scale."
    assert meaning(("undecided", "")) == "no essential condition fails at this scale, and 1 of 2 stay open."
    assert meaning(("not met", "")).startswith("1 of 2 essential conditions fail at this scale: “other” is not dry")
    assert [(one.label, one.seen) for one in headline_figures(CLAIM, [["a: wetness", "at least 1", "2", "met"]])] == [
        ("a: wet", "2")
    ]


def test_the_name_of_a_gpu_is_written_as_its_maker_does():
    found = Reproduction("fig1", Scale.PAPER, hardware="one NVIDIA H100 and 16 cores", seconds={"training": 300.0})
    assert "\nOne NVIDIA H100 and 16 cores: training 5 minutes." in page_text(CLAIM, evidence(), found, {})


def test_exact_figures_have_no_word_of_intervals():
    exact = Evidence({"": {"wet": Located(Estimate.exact(3), "of 3")}}, [], [], 1)
    criteria = criteria_of(CLAIM.criteria, exact.found)
    text = page_text(CLAIM, exact, Reproduction("fig1", Scale.SMALL, verdict_of(criteria), criteria), {})
    assert "From 1 pair of networks." in text
    assert "95 %" not in text


def test_verdict_and_criteria_are_read_back_from_the_page():
    stated = stated_on(page())
    assert (stated.scale, stated.verdict) == (Scale.SMALL, "confirmed")
    assert stated.criteria == (("wetness", "at least 1 drops", "2.0 (1.5 to 2.5) drops, pair a1-b1", "met"),)
    assert stated_on(page(Scale.SMOKE)).verdict == "not meant to be read"
    assert stated_on("# Something else\n") is None


def test_a_smoke_page_has_its_criteria_but_no_verdict():
    text = page(Scale.SMOKE)
    assert "confirmed" not in text
    assert "| wetness | at least 1 drops |" in text


def test_documents_hold_all_scales_side_by_side_and_list_them_by_the_largest(tmp_path):
    for scale in READ:
        folder = tmp_path / scale
        (folder / "pictures").mkdir(parents=True)
        (folder / "fig1.md").write_text(page(scale))
        (folder / "pictures" / "fig1_cup.svg").write_text(scale)
        save_document(folder / "fig1.md", folder / "pictures", scale, tmp_path)
    pages = tmp_path / "reproduction"
    found = documented(pages, "fig1")
    assert list(found) == list(READ)
    assert {one.verdict for one in found.values()} == {"confirmed"}
    assert {document_file(pages, "fig1", scale).name for scale in READ} == {
        "fig1.md", "fig1-evening.md", "fig1-paper.md"
    }  # fmt: skip
    for scale, picture in zip(READ, ("fig1_cup", "fig1_cup_evening", "fig1_cup_paper"), strict=True):
        assert f"(pictures/{picture}.svg)" in document_file(pages, "fig1", scale).read_text()
        assert (pages / "pictures" / f"{picture}.svg").read_text() == scale
    (row,) = (line for line in (pages / "README.md").read_text().splitlines() if "(fig1" in line)
    assert "](fig1-paper.md) | Figure 1 |" in row
    assert row.endswith("| paper | confirmed | [small](fig1.md): confirmed, [evening](fig1-evening.md): confirmed |")


def test_a_recorded_verdict_wins_over_a_documented_one(tmp_path):
    pages = tmp_path / "reproduction"
    pages.mkdir()
    (pages / "fig1.md").write_text(page())
    assert claim_status(CLAIM, tmp_path / "out", pages) == {Scale.SMALL: "confirmed"}
    Reproduction("fig1", Scale.SMALL).save(tmp_path / "out" / "fig1-small")
    assert claim_status(CLAIM, tmp_path / "out", pages) == {Scale.SMALL: "not finished"}
    assert claim_status(CLAIM, tmp_path / "nowhere", None) == {}


def test_smoke_is_no_document_and_documents_need_their_folder(tmp_path):
    with pytest.raises(InputError, match="not meant to be read"):
        refuse_unfit_documents(tmp_path, Scale.SMOKE)
    with pytest.raises(InputError, match="no such folder"):
        refuse_unfit_documents(tmp_path / "docs", Scale.SMALL)


def test_settings_name_what_differs_and_leave_out_what_is_nothing():
    rows = recipe_rows(shipped_recipes("fig1", Scale.PAPER))
    assert rows["optimiser"] == "sgd, weight decay 0.0005, momentum 0.9"
    assert rows["learning rate"] == "cosine, peak 0.05, warmup 100it, warmup from 0.0001"
    assert rows["augmentation"] == "crop, flip"
    assert rows["the two networks"] == "same initialisation, another order"
    both = recipe_rows([*shipped_recipes("fig1", Scale.PAPER), *shipped_recipes("learning_rate", Scale.PAPER)])
    assert both["mini-batch"] == "64; 256"
    assert both["learning rate"].count("peak") == 2
    assert recipe_rows(shipped_recipes("fig1", Scale.SMALL))["augmentation"] == "none"
    assert measured_rows("end", {"x": "digits"}, {"dtype": "tf32"})["measured on"] == "end: `digits` in tf32"
    measured = measured_rows("end", {"train": "digits:train[0:9]"}, {"alphas": 11})
    assert measured == {"measured on": "end: `digits:train[0:9]`", "alphas": "11 evenly spaced"}
    assert settings_table({"x": "1"}, {"y": "2"})[1:] == [["x", "1", "–"], ["y", "–", "2"]]
