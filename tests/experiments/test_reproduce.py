"""From a claim to its page: one true run from end to end, and going on with it."""

import json
import sys
import time
from types import SimpleNamespace

import pytest
from federations import recipe

import isthmus
from isthmus.errors import InputError
from isthmus.experiments.evidence.layerwise import layerwise_evidence
from isthmus.experiments.reproduction import federations, recipes
from isthmus.experiments.reproduction.bench import Bench
from isthmus.experiments.reproduction.pages.page import HEADINGS
from isthmus.experiments.reproduction.record import Reproduction, load_reproduction
from isthmus.experiments.reproduction.registry import known_claims
from isthmus.experiments.reproduction.reproduce import reproduce
from isthmus.experiments.reproduction.scale import Scale
from isthmus.experiments.reproduction.times import count_time, spent_seconds

NAME = "tiny-smoke"
CLAIM = known_claims()["fig1"].model_copy(update={"name": "tiny"})
DATA = {"train": "digits:train[0:60]", "test": "digits:test[0:60]"}
RECIPE = """
model = "mlp:inputs=64,width=8"
data = "{data}"
length = "2ep"
batch_size = 10
optimizer = {{ name = "sgd", learning_rate = 0.1 }}
[[network]]
name = "a1"
[[network]]
name = "b1"
seeds = {{ order = 1 }}
"""


@pytest.fixture(scope="module", autouse=True)
def shipped(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recipes")
    for scale, data in ((Scale.SMOKE, "digits:train[0:60]"), (Scale.SMALL, "cifar10:train[0:60]")):
        (folder / f"tiny-{scale}.toml").write_text(RECIPE.format(data=data))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipes, "RECIPES", folder)
        computed = SimpleNamespace(run=lambda bench: layerwise_evidence(bench, DATA, DATA))
        patch.setitem(sys.modules, "isthmus.experiments.claims.tiny", computed)
        yield


@pytest.fixture(scope="module")
def done(shipped, tmp_path_factory):
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
    text = (folder / "tiny.md").read_text()
    assert all(f"## {heading}" in text for heading in HEADINGS)
    pictures = sorted(file.stem for file in (folder / "pictures").glob("*.svg"))
    assert pictures == sorted(file.stem for file in (folder / "pictures").glob("*.png"))
    assert all(f"(pictures/{stem}.svg)" in text for stem in pictures)
    assert {"tiny_loss_train", "tiny_error_test"} <= set(pictures)
    assert any("network b1, 2ep of 2ep: training loss" in line for line in said)


def test_the_criteria_are_those_of_the_measurement(done):
    out, found, _ = done
    end = isthmus.load_run(out / NAME / "runs" / "end").sel(split="train")
    full = end.loss_barrier.sel(moving="all").max("host").min()
    single = end.loss_barrier.isel(moving=(end["sweep"] == "single").values).max()
    for criterion, value in zip(found.criteria, (full, single), strict=False):
        shown = criterion.seen.split()[0].replace("−", "-")
        last_digit = 10.0 ** -len(shown.partition(".")[2])
        assert abs(float(shown) - float(value)) <= 0.501 * last_digit, criterion
        assert last_digit < 10 * abs(float(value)), "a figure that says something"


def test_going_on_retrains_and_measures_nothing_and_says_the_same(done):
    out, found, _ = done
    folder = out / NAME
    before = stamps(folder / "networks"), stamps(folder / "runs" / "steps" / "members")
    page = (folder / "tiny.md").read_bytes()
    said = []
    again = reproduce(CLAIM, Scale.SMOKE, out, resume=True, say=said.append)
    assert again == found
    assert (stamps(folder / "networks"), stamps(folder / "runs" / "steps" / "members")) == before
    assert (folder / "tiny.md").read_bytes() == page
    assert said == [
        "tiny: 2 networks are there",
        "tiny: steps is measured",
        "tiny: end is measured",
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
    bench = Bench("fig2", Scale.SMOKE, out, None, said.append)
    networks = bench.train_networks("tiny")
    assert networks.folder == out / NAME / "networks"
    assert stamps(out) == before
    assert said == ["fig2: 2 networks are there"]
    assert bench.borrowed == ["tiny"]
    assert bench.seconds == {"training": found.seconds["training"], "measuring": 0.0}


def test_time_that_was_told_of_is_counted_where_the_process_is_killed_after_it(tmp_path):
    with count_time(tmp_path, "training") as add_time:
        time.sleep(0.2)
        add_time()
        told = spent_seconds(tmp_path)["training"]
        time.sleep(0.2)
        add_time()
        assert 0.2 <= told < spent_seconds(tmp_path)["training"]
    with count_time(tmp_path, "training"), count_time(tmp_path, "measuring"):
        time.sleep(0.1)
    assert spent_seconds(tmp_path)["training"] >= 0.5
    assert spent_seconds(tmp_path)["measuring"] >= 0.1


def test_federations_that_are_there_to_their_end_take_no_more_time(tmp_path, monkeypatch):
    monkeypatch.setattr(federations, "shipped_federations", lambda *_: {"tiny": recipe()})
    bench = Bench("table1", Scale.SMOKE, tmp_path, None)
    first = bench.federate()["tiny"]
    spent = bench.seconds["training"]
    assert spent > 0
    again = bench.federate()["tiny"]
    assert again.outcomes.equals(first.outcomes)
    assert bench.seconds["training"] == spent


def test_a_claim_that_needs_few_networks_of_another_trains_no_more(tmp_path):
    bench = Bench("fig2", Scale.SMOKE, tmp_path, None)
    networks = bench.train_networks("tiny", ["b1"])
    assert networks.names == ["b1"]
    assert [folder.name for folder in networks.folder.iterdir()] == ["b1"]
    assert bench.train_networks("tiny").names == ["a1", "b1"]


def test_missing_data_leaves_no_trace(tmp_path):
    with pytest.raises(InputError, match="cifar10"):
        reproduce(CLAIM, Scale.SMALL, tmp_path / "out", data_root=tmp_path / "nothing")
    assert not (tmp_path / "out" / "tiny-small").exists()


def test_an_unfinished_claim_is_recorded_as_such(tmp_path):
    folder = tmp_path / NAME
    Reproduction("tiny", Scale.SMOKE).save(folder)
    assert json.loads((folder / "reproduction.json").read_text())["verdict"] is None
    with pytest.raises(InputError, match="there already"):
        reproduce(CLAIM, Scale.SMOKE, tmp_path)
