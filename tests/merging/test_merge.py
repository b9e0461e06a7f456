"""`isthmus.merge`: the file that it writes is the network that it certified, on examples that did not choose it."""

import json
import math
from dataclasses import replace

import pytest
import torch
from merged_networks import CERTIFY, COSTS, OTHER, SELECT, A, B, build, seen_by_a
from safetensors import safe_open
from safetensors.torch import load_file

import isthmus
from isthmus.data.load import load_examples
from isthmus.errors import InputError
from isthmus.layers.partition import LayerPartition
from isthmus.merging.search.apart import other_examples
from isthmus.merging.search.comparison import random_set
from isthmus.merging.search.slerp import FromMeanToArc, slerp
from isthmus.pages.merge_words import merge_sentence
from isthmus.paths.linear import Segment
from isthmus.weights.state import Kind

MIXED = tuple(torch.cat([one, other[:5]]) for one, other in zip(CERTIFY, SELECT, strict=True))


@pytest.fixture(scope="module")
def merged(tmp_path_factory):
    out = tmp_path_factory.mktemp("merged") / "m.safetensors"
    return isthmus.merge(build, A, B, SELECT, CERTIFY, out=out, **COSTS), out


def test_the_file_costs_what_the_certificate_says_and_so_do_the_networks_beside_it(merged):
    found, out = merged
    assert 0 < len(found.layers) < len(found.worth)
    read = load_file(out)
    alone = isthmus.measure(build, A, read, CERTIFY, sweep="full", hosts=("a",))
    of = {one.name: one for one in found.contenders}
    assert float(alone.loss_b) == pytest.approx(of["merged"].loss, abs=1e-6)
    assert float(alone.loss_a) == pytest.approx(of["host"].loss, abs=1e-6)
    certified = found.certificate.certified
    assert certified.rise == of["merged"].loss_rise
    assert certified.rise.value == pytest.approx(float(alone.loss_b - alone.loss_a), abs=1e-6)
    assert certified.rise.high < 0.2
    donor = isthmus.measure(build, B, A, CERTIFY, sweep="full")
    assert of["donor"].loss == pytest.approx(float(donor.loss_a), abs=1e-6)
    assert of["all layers"].loss == pytest.approx(float(donor.loss.sel(moving="all", host="a", alpha=0.5)), abs=1e-6)
    assert set(of) >= {"greedy", "by single layers", "random 1", "slerp"}
    assert len(of["random 1"].layers) == len(found.layers)


def test_errors_that_rise_beside_a_certified_loss_are_said(merged):
    found, _ = merged
    (row,) = (one for one in found.contenders if one.name == "merged")
    assert row.error_rise.low > 0
    assert "Its error rate rises by" in merge_sentence(found)
    assert "Its error rate rises by" not in merge_sentence(replace(found, facts={**found.facts, "metric": "error"}))


def test_all_tensors_are_the_hosts_or_half_way(merged):
    found, out = merged
    for key, tensor in load_file(out).items():
        moved = any(key.startswith(f"{label}.") for label in found.layers) and tensor.is_floating_point()
        torch.testing.assert_close(tensor, torch.lerp(A[key], B[key], 0.5) if moved else A[key])


def test_the_record_and_the_header_say_what_it_costs_and_on_what(merged):
    found, out = merged
    record = json.loads(out.with_suffix(".merge.json").read_text())
    assert record["merged"]["layers"] == list(found.layers)
    assert record["certify_on"]["num_examples"] == 140
    assert record["certify_on"]["hash"] != record["data"]["hash"]
    tests = record["certificate"]["tests"]
    assert [test["layers"] for test in tests if test["passed"]][-1] == list(found.layers)
    assert [one["name"] for one in record["compared"]] == [one.name for one in found.contenders]
    with safe_open(out, "pt") as file:
        certificate = json.loads(file.metadata()["isthmus"])["certificate"]
    assert certificate["rise"] == found.certificate.certified.rise.value
    assert certificate["tolerance"] == 0.2


def test_the_arc_is_that_of_the_formula_and_runs_through_the_engine(merged):
    point = {key: slerp(A[key], B[key], 0.5) if tensor.is_floating_point() else tensor for key, tensor in A.items()}
    statistics = [key for key in A if key.endswith(("running_mean", "running_var"))]
    point |= {key: torch.lerp(A[key], B[key], 0.5) for key in statistics}
    alone = isthmus.measure(build, point, A, CERTIFY, sweep="full", hosts=("a",))
    of = {one.name: one.loss for one in merged[0].contenders}
    assert of["slerp"] == pytest.approx(float(alone.loss_a), abs=1e-5)
    v, w = torch.tensor([3.0, 0.0]), torch.tensor([0.0, 3.0])
    assert float(slerp(v, w, 0.5).norm()) == pytest.approx(3.0)
    assert torch.equal(slerp(v, v, 0.3), v)
    assert torch.equal(slerp(v, torch.zeros(2), 0.5), v / 2)


def test_the_arc_between_large_tensors_is_taken_in_parts(monkeypatch):
    v, w = torch.randn(2, 5, 7, generator=torch.Generator().manual_seed(0))
    layers = LayerPartition({"all": ("w",)})
    segment = Segment.between({"w": v}, {"w": w}, layers, {"w": Kind.PARAMETER})
    from_mean = FromMeanToArc(segment, 0.3)
    whole, apart = slerp(v, w, 0.3), from_mean.part("w", v)
    first, second = segment.first["w"], segment.second["w"]
    torch.testing.assert_close(slerp(first, second, 0.3) - apart, torch.lerp(first, second, 0.3))
    monkeypatch.setattr("isthmus.merging.search.slerp.LARGE", 4)
    torch.testing.assert_close(slerp(v, w, 0.3), whole)
    torch.testing.assert_close(from_mean.part("w", v), apart)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"certify_on": SELECT}, "150 of the 150 examples"),
        ({"certify_on": MIXED}, "5 of the 145"),
        ({"tolerance": 0.0}, "a number above 0"),
        ({"metric": "accuracy"}, "a metric"),
        ({"by": {"9": 1}}, r"'9'"),
        ({"by": {"0": 1}}, "for every layer"),
        ({"batch_norm": "recalibrate"}, "data to recalibrate BatchNorm on"),
        ({"precision": 0.1}, "precision"),
    ],
)  # fmt: skip
def test_wrong_input_is_refused(change, message):
    asked = {"certify_on": CERTIFY} | change
    with pytest.raises(InputError, match=message):
        isthmus.merge(build, A, B, SELECT, **asked)


def test_a_known_image_twice_is_left_out_and_said():
    inputs, targets = seen_by_a(200, seed=3)
    inputs[7] = SELECT[0][3]
    kept, said = other_examples(load_examples((inputs, targets)), load_examples(SELECT))
    assert len(kept) == 199
    assert "1 of the 200" in said[0]
    assert not kept.numbers_shared_with(load_examples(SELECT))


def test_where_nothing_fits_nothing_is_written_and_it_is_said(tmp_path):
    out = tmp_path / "m.safetensors"
    found = isthmus.merge(build, A, OTHER, SELECT, CERTIFY, tolerance=1e-9, out=out)
    assert found.layers == ()
    assert all(torch.equal(found.weights[key], A[key]) for key in A)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(tmp_path):
    for name in ("m.safetensors", "m.merge.json", "m.merge.html"):
        (tmp_path / name).write_text("mine")
        with pytest.raises(InputError, match="a name that is free"):
            isthmus.merge(build, A, B, SELECT, CERTIFY, out=tmp_path / "m.safetensors")
        (tmp_path / name).unlink()
    with pytest.raises(InputError, match=r"ends in \.safetensors"):
        isthmus.merge(build, A, B, SELECT, CERTIFY, out=tmp_path / "folder")


def test_the_worth_of_layers_may_be_given(tmp_path):
    worth = dict.fromkeys(("1", "3", "4", "6", "7", "10"), 0.0) | {"0": 5.0}
    (tmp_path / "worth.json").write_text(json.dumps(worth))
    for given in (worth, str(tmp_path / "worth.json")):
        found = isthmus.merge(build, A, B, SELECT, CERTIFY, tolerance=0.3, by=given, num_random=0)
        assert found.worth == {label: worth[label] for label in found.worth}
        assert "0" in found.layers
        assert found.facts["by"] == "given"


@pytest.mark.parametrize("number", [-1, math.inf, 10**400, "x"])
def test_a_worth_that_is_no_number_of_at_least_0_is_refused(number):
    worth = dict.fromkeys(("0", "1", "3", "4", "6", "7", "10"), 1.0) | {"4": number}
    with pytest.raises(InputError, match="a number of at least 0 for every layer"):
        isthmus.merge(build, A, B, SELECT, CERTIFY, tolerance=0.3, by=worth, num_random=0)


def test_random_sets_come_near_to_a_worth():
    worth = {str(number): float(number) for number in range(1, 20)}
    for seed in range(5):
        assert abs(sum(worth[label] for label in random_set(worth, 80.0, seed)) - 80) <= 10
    assert random_set(worth, 0.0, 0) == frozenset()
    assert random_set(worth, 80.0, 0) != random_set(worth, 80.0, 1)
    assert all(len(random_set({"a": 5.0, "b": 9.0}, 0.1, seed)) == 1 for seed in range(5))
