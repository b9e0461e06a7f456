"""From a claim to its page: one true run from end to end, and going on with it."""

import json

import pytest

import isthmus
from isthmus.errors import InputError
from isthmus.experiments.reproduction.claim import Scale
from isthmus.experiments.reproduction.page import HEADINGS
from isthmus.experiments.reproduction.record import load_reproduction
from isthmus.experiments.reproduction.registry import known_claims
from isthmus.experiments.reproduction.reproduce import reproduce

FIG1 = known_claims()["fig1"]


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    said = []
    return out, reproduce(FIG1, Scale.SMOKE, out, say=said.append), said


def stamps(folder):
    return {file: file.stat().st_mtime_ns for file in folder.rglob("*") if file.is_file()}


def test_everything_that_is_promised_is_there(done):
    out, found, said = done
    folder = out / "fig1-smoke"
    assert found == load_reproduction(folder)
    assert found.verdict_text == "smoke: not meant to be read"
    assert found.seconds["training"] > 0
    assert found.num_pairs == 2
    text = (folder / "fig1.md").read_text()
    assert all(f"## {heading}" in text for heading in HEADINGS)
    pictures = sorted(file.stem for file in (folder / "pictures").glob("*.svg"))
    assert pictures == sorted(file.stem for file in (folder / "pictures").glob("*.png"))
    assert all(f"(pictures/{stem}.svg)" in text for stem in pictures)
    assert {"fig1_loss_train", "fig1_error_test", "fig1_pairs_train"} <= set(pictures)
    assert any("network b2, 2ep of 2ep: training loss" in line for line in said)


def test_the_criteria_are_those_of_the_measurement(done):
    out, found, _ = done
    result = isthmus.load_run(out / "fig1-smoke" / "runs" / "steps")
    end = result.isel(step=-1).sel(split="train")
    full = end.loss_barrier.sel(moving="all").max("host").min()
    single = end.loss_barrier.isel(moving=(end["sweep"] == "single").values).max()
    for criterion, value in zip(found.criteria, (full, single), strict=False):
        shown = float(criterion.seen.split()[0].replace("−", "-"))
        assert abs(shown - float(value)) < 0.06, criterion


def test_two_networks_of_a_pair_share_their_start_and_pairs_do_not(done):
    first = done[0] / "fig1-smoke" / "networks"
    starts = {name: isthmus.load_checkpoint(first / name / "0ep.safetensors").weights for name in ("a1", "b1", "a2")}
    assert starts["a1"]["fc.weight"].equal(starts["b1"]["fc.weight"])
    assert not starts["a1"]["fc.weight"].equal(starts["a2"]["fc.weight"])


def test_going_on_retrains_and_measures_nothing_and_says_the_same(done):
    out, found, _ = done
    folder = out / "fig1-smoke"
    before = stamps(folder / "networks"), stamps(folder / "runs")
    page = (folder / "fig1.md").read_bytes()
    said = []
    again = reproduce(FIG1, Scale.SMOKE, out, resume=True, say=said.append)
    assert again == found
    assert (stamps(folder / "networks"), stamps(folder / "runs")) == before
    assert (folder / "fig1.md").read_bytes() == page
    assert said == ["fig1: 4 networks are there", "fig1: steps is measured"]


def test_what_is_there_is_refused_without_resume_and_left_alone(done):
    out, _, _ = done
    before = stamps(out)
    with pytest.raises(InputError, match="add --resume"):
        reproduce(FIG1, Scale.SMOKE, out)
    assert stamps(out) == before


def test_another_claim_takes_the_networks_that_are_there(done):
    out, _, _ = done
    before, said = stamps(out / "fig1-smoke" / "networks"), []
    found = reproduce(known_claims()["fig2"], Scale.SMOKE, out, say=said.append)
    assert stamps(out / "fig1-smoke" / "networks") == before
    assert "fig2: 4 networks are there" in said
    assert not (out / "fig2-smoke" / "networks").exists()
    assert found.seconds["training"] == done[1].seconds["training"]
    assert "The networks are those of `fig1`" in (out / "fig2-smoke" / "fig2.md").read_text()


def test_missing_data_leaves_no_trace(tmp_path):
    with pytest.raises(InputError, match="cifar10"):
        reproduce(FIG1, Scale.SMALL, tmp_path / "out", data_root=tmp_path / "nothing")
    assert not (tmp_path / "out" / "fig1-small").exists()


def test_an_unfinished_claim_is_recorded_as_such(tmp_path):
    folder = tmp_path / "fig1-smoke"
    from isthmus.experiments.reproduction.record import Reproduction

    Reproduction("fig1", Scale.SMOKE).save(folder)
    assert json.loads((folder / "reproduction.json").read_text())["verdict"] is None
    with pytest.raises(InputError, match="there already"):
        reproduce(FIG1, Scale.SMOKE, tmp_path)
