"""From a claim to its page: one true run from end to end, and going on with it."""

import json

import pytest

import isthmus
from isthmus.errors import InputError
from isthmus.experiments.reproduction.bench import Bench
from isthmus.experiments.reproduction.claim import Scale
from isthmus.experiments.reproduction.page import HEADINGS
from isthmus.experiments.reproduction.record import Reproduction, load_reproduction
from isthmus.experiments.reproduction.registry import known_claims
from isthmus.experiments.reproduction.reproduce import reproduce

CLAIM = known_claims()["initialisation"]
NAME = "initialisation-smoke"


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    said = []
    return out, reproduce(CLAIM, Scale.SMOKE, out, say=said.append), said


def stamps(folder):
    return {file: file.stat().st_mtime_ns for file in folder.rglob("*") if file.is_file()}


def test_everything_that_is_promised_is_there(done):
    out, found, said = done
    folder = out / NAME
    assert found == load_reproduction(folder)
    assert found.verdict_text == "smoke: not meant to be read"
    assert found.seconds["training"] > 0
    assert found.num_pairs == 1
    text = (folder / "initialisation.md").read_text()
    assert all(f"## {heading}" in text for heading in HEADINGS)
    pictures = sorted(file.stem for file in (folder / "pictures").glob("*.svg"))
    assert pictures == sorted(file.stem for file in (folder / "pictures").glob("*.png"))
    assert all(f"(pictures/{stem}.svg)" in text for stem in pictures)
    assert {"initialisation_loss_train", "initialisation_error_test"} <= set(pictures)
    assert any("network b1, 2ep of 2ep: training loss" in line for line in said)


def test_the_criteria_are_those_of_the_measurement(done):
    out, found, _ = done
    end = isthmus.load_run(out / NAME / "runs" / "end").sel(split="train")
    full = end.loss_barrier.sel(moving="all").max("host").min()
    single = end.loss_barrier.isel(moving=(end["sweep"] == "single").values).max()
    for criterion, value in zip(found.criteria, (full, single), strict=False):
        shown = float(criterion.seen.split()[0].replace("−", "-"))
        assert abs(shown - float(value)) < 0.06, criterion


def test_going_on_retrains_and_measures_nothing_and_says_the_same(done):
    out, found, _ = done
    folder = out / NAME
    before = stamps(folder / "networks"), stamps(folder / "runs" / "steps" / "members")
    page = (folder / "initialisation.md").read_bytes()
    said = []
    again = reproduce(CLAIM, Scale.SMOKE, out, resume=True, say=said.append)
    assert again == found
    assert (stamps(folder / "networks"), stamps(folder / "runs" / "steps" / "members")) == before
    assert (folder / "initialisation.md").read_bytes() == page
    assert said == [
        "initialisation: 2 networks are there",
        "initialisation: steps is measured",
        "initialisation: end is measured",
    ]


def test_what_is_there_is_refused_without_resume_and_left_alone(done):
    out, _, _ = done
    before = stamps(out)
    with pytest.raises(InputError, match="add --resume"):
        reproduce(CLAIM, Scale.SMOKE, out)
    assert stamps(out) == before


def test_another_claim_takes_the_networks_that_are_there_and_their_time(done):
    out, found, _ = done
    before, said = stamps(out), []
    bench = Bench("batchnorm", Scale.SMOKE, out, None, said.append)
    networks = bench.networks("initialisation")
    assert networks.folder == out / NAME / "networks"
    assert stamps(out) == before
    assert said == ["batchnorm: 2 networks are there"]
    assert bench.borrowed == ["initialisation"]
    assert bench.seconds == {"training": found.seconds["training"], "measuring": 0.0}


def test_missing_data_leaves_no_trace(tmp_path):
    with pytest.raises(InputError, match="cifar10"):
        reproduce(CLAIM, Scale.SMALL, tmp_path / "out", data_root=tmp_path / "nothing")
    assert not (tmp_path / "out" / "initialisation-small").exists()


def test_an_unfinished_claim_is_recorded_as_such(tmp_path):
    folder = tmp_path / NAME
    Reproduction("initialisation", Scale.SMOKE).save(folder)
    assert json.loads((folder / "reproduction.json").read_text())["verdict"] is None
    with pytest.raises(InputError, match="there already"):
        reproduce(CLAIM, Scale.SMOKE, tmp_path)
