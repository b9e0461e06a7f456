"""The pages among the documents are those of the code: what is claimed, expected, set and departed from."""

import pytest

from isthmus.experiments.evidence.criterion import Answer
from isthmus.experiments.evidence.located import Located
from isthmus.experiments.reproduction.federations import FEDERATIONS, shipped_federations
from isthmus.experiments.reproduction.pages.documents import INDEX, checkout_pages, document_file, index_text, stated_on
from isthmus.experiments.reproduction.pages.lead import lead_text
from isthmus.experiments.reproduction.pages.page import HEADINGS
from isthmus.experiments.reproduction.pages.settings import federation_rows, recipe_rows
from isthmus.experiments.reproduction.recipes import recipe_file, shipped_recipes
from isthmus.experiments.reproduction.registry import known_claims
from isthmus.experiments.reproduction.scale import READ
from isthmus.measures.estimate import Estimate

FOLDER = checkout_pages()
CLAIMS = known_claims()
PAGES = {
    file.name: (claim, scale)
    for claim in CLAIMS
    for scale in READ
    if (file := document_file(FOLDER, claim, scale)).is_file()
}


def parts(name):
    text = (FOLDER / name).read_text(encoding="utf-8")
    return dict(part.split("\n\n", 1) for part in text.split("\n## ")[1:])


def test_every_file_is_a_page_of_a_claim_or_its_picture():
    assert {file.name for file in FOLDER.glob("*.md")} == {INDEX, *PAGES}
    pictures = {file.name for file in (FOLDER / "pictures").iterdir()}
    shown = "".join((FOLDER / name).read_text(encoding="utf-8") for name in PAGES)
    assert all(f"(pictures/{name})" in shown for name in pictures)
    assert shown.count("(pictures/") == len(pictures)


def test_the_list_is_that_of_the_pages():
    assert (FOLDER / INDEX).read_text(encoding="utf-8") == index_text(FOLDER)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_what_the_code_says_today(name):
    claim, scale = CLAIMS[PAGES[name][0]], PAGES[name][1]
    found = parts(name)
    assert tuple(found) == HEADINGS
    text = (FOLDER / name).read_text(encoding="utf-8")
    stated = stated_on(text)
    assert stated.scale == scale
    assert f"\n\n{lead_text(claim, scale, stated.criteria)}\n\n## Claim\n" in text
    assert text.index("![") < text.index("**The claim:**")
    assert found["Claim"].strip() == f"In the paper: {claim.figure}. {claim.says}"
    assert found["Expected"].strip() == claim.expected
    assert claim.published.get(scale, "") in found["Obtained"]
    departures = [f"- {text}" for text in claim.departures[scale]] or ["None."]
    assert found["Departures from the paper"].strip().splitlines() == departures
    rows = [line.strip("| ").split(" | ") for line in found["Settings"].strip().splitlines()[2:]]
    assert {row: theirs for row, theirs, _ in rows if theirs != "–"} == claim.paper_settings
    ours = {row: here for row, _, here in rows}
    if (FEDERATIONS / f"{claim.name}-{scale}.toml").is_file():
        stated = federation_rows(shipped_federations(claim.name, scale))
        assert {row: ours[row] for row in stated} == stated
    if recipe_file(claim.name, scale).is_file():
        for row, words in recipe_rows(shipped_recipes(claim.name, scale)).items():
            assert row in ours
            assert row in OF_THE_PAIRING or words in ours[row], row


@pytest.mark.parametrize("name", PAGES)
def test_the_verdict_stands_on_the_criteria_that_are_stated_today(name):
    stated = [
        [criterion.words + ("" if criterion.essential else " (not essential)"), judged.threshold]
        for criterion in CLAIMS[PAGES[name][0]].criteria.values()
        for judged in [criterion.criterion(Answer("", None) if criterion.has_to_be else Located(Estimate.exact(0)))]
    ]
    shown = [line.strip("| ").split(" | ")[:2] for line in parts(name)["Verdict"].strip().splitlines()[4:]]
    subjects = {statement.removesuffix(stated[0][0]) for statement, _ in shown if statement.endswith(stated[0][0])}
    assert len(shown) == len(stated) * len(subjects)
    for subject in subjects:
        assert [[subject + words, threshold] for words, threshold in stated] == [
            row for row in shown if row[0].startswith(subject)
        ]


OF_THE_PAIRING = {"the two networks"}
"""What a claim may say in words of its own."""
