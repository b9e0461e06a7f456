"""Merges that choose more: an alpha for each layer, statistics measured anew."""

import json

import pytest
import torch
from merged_networks import CERTIFY, COSTS, OTHER, SELECT, A, B, build, seen_by_a
from safetensors.torch import load_file

import isthmus
from isthmus.errors import InputError
from isthmus.pages.merge import merge_page

ANEW = {"batch_norm": "recalibrate", "recalibration_data": seen_by_a(160, seed=4)}


@pytest.fixture(scope="module")
def fitted():
    """The two networks with statistics of their own, and examples whose classes are those that the first sees."""
    a, b = (isthmus.average(weights, weights, model=build, **ANEW).weights for weights in (A, B))
    return a, b, seen_by_a(150, 1, a), seen_by_a(140, 2, a)


@pytest.fixture(scope="module")
def anew(fitted, tmp_path_factory):
    out = tmp_path_factory.mktemp("anew") / "m.safetensors"
    return isthmus.merge(build, *fitted, out=out, **COSTS, **ANEW), out


def test_statistics_measured_anew_are_those_of_the_network_that_was_certified(fitted, anew):
    (a, b, _, certify), (found, out) = fitted, anew
    assert 0 < len(found.layers) < len(found.worth)
    read = load_file(out)
    of = {one.name: one for one in found.contenders}
    alone = isthmus.measure(build, a, read, certify, sweep="full")
    # The host is as its file holds it, and so is the donor.
    assert of["host"].loss == pytest.approx(float(alone.loss_a), abs=1e-6)
    assert of["donor"].loss == pytest.approx(float(isthmus.measure(build, b, a, certify).loss_a), abs=1e-6)
    assert of["merged"].loss == pytest.approx(float(alone.loss_b), abs=1e-6)
    assert found.certificate.certified.rise.value == pytest.approx(float(alone.loss_b - alone.loss_a), abs=1e-6)
    blended = isthmus.average(a, b, layers=list(found.layers), model=build).weights
    kept = [key for key in read if not key.endswith(("running_mean", "running_var"))]
    assert all(torch.equal(read[key], blended[key]) for key in kept)
    again = isthmus.average(a, b, layers=list(found.layers), model=build, **ANEW).weights
    for key in read:  # the engine lays images out in another way, which changes last bits
        torch.testing.assert_close(read[key], again[key], rtol=1e-5, atol=1e-6)
    assert not torch.allclose(read["1.running_var"], blended["1.running_var"], rtol=1e-3)


def test_the_record_and_the_page_say_on_what_statistics_were_measured(anew):
    found, out = anew
    record = json.loads(out.with_suffix(".merge.json").read_text())
    assert record["batch_norm"] == "recalibrate"
    assert record["recalibrate_on"]["num_examples"] == 160
    page = merge_page(found, out.name)
    assert "Statistics measured on" in page
    assert "measured anew on" in page


@pytest.mark.parametrize("shared", [SELECT, CERTIFY])
def test_statistics_are_not_measured_on_examples_that_choose_or_certify(shared):
    mixed = tuple(torch.cat([one, other[:1]]) for one, other in zip(ANEW["recalibration_data"], shared, strict=True))
    with pytest.raises(InputError, match="recalibration data without any measured example"):
        isthmus.merge(build, A, B, SELECT, CERTIFY, **{**ANEW, "recalibration_data": mixed})


def test_a_recipe_of_statistics_measured_anew_is_refused(tmp_path):
    with pytest.raises(InputError, match="statistics measured anew"):
        isthmus.merge(build, A, B, SELECT, CERTIFY, mergekit=tmp_path / "r.yml", **ANEW)


def test_each_layer_may_be_taken_where_it_costs_least_alone(tmp_path):
    out = tmp_path / "m.safetensors"
    found = isthmus.merge(build, A, OTHER, SELECT, CERTIFY, alphas="0.1,0.3,0.5", out=out, num_random=0, **COSTS)
    places = found.facts["alphas"]
    alone = isthmus.measure(build, A, OTHER, SELECT, sweep="single", alphas=[0.1, 0.3, 0.5], hosts=("a",))
    cheapest = alone.loss.isel(host=0).idxmin("alpha")
    assert places == {label: float(cheapest.sel(moving=label)) for label in found.worth}
    assert len(set(places.values())) > 1
    made = isthmus.average(A, OTHER, layers={label: places[label] for label in found.layers}, model=build).weights
    read = load_file(out)
    assert all(torch.equal(read[key], made[key]) for key in read)
    alphas_in_file = {one.name for one in found.contenders}
    assert {"plain average", "all layers"} <= alphas_in_file
    assert f"at {places[found.layers[0]]:g}" in merge_page(found, out.name)


@pytest.mark.parametrize("alphas", ["0,0.5", "0.5,1.5", "", "x", [-0.1], []])
def test_places_that_are_none_are_refused(alphas):
    with pytest.raises(InputError, match="alphas"):
        isthmus.merge(build, A, B, SELECT, CERTIFY, alphas=alphas)
