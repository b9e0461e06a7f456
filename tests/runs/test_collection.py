"""Several networks and several steps: every member is a plain measurement, and the whole is its members."""

import json
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from cases import CASES
from run_folders import contents

import isthmus
from isthmus.weights.checkpoint import save_weights
from isthmus.weights.trajectory import save_trajectory_facts

MLP = CASES[0]
OPTIONS = {"alphas": (0.0, 0.5), "batch_size": 4}


@pytest.fixture(scope="module")
def networks():
    return {name: MLP.weights(seed) for seed, name in enumerate(("z", "x", "y"))}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two trajectories of the steps 0ep, 2ep and 10ep, which stand in another order by name; 0ep is the same."""
    root = tmp_path_factory.mktemp("trajectories")
    for number, name in enumerate(("one", "two")):
        for step, seed in (("0ep", 0), ("2ep", 10 + number), ("10ep", 20 + number)):
            save_weights(MLP.weights(seed), root / name / f"{step}.safetensors")
        save_trajectory_facts(root / name, iterations_per_epoch=50)
    return root / "one", root / "two"


@pytest.fixture(scope="module")
def three(networks):
    return measured(networks)


@pytest.fixture(scope="module")
def both(runs):
    return along(runs)


def measured(a, b=None, **options):
    return isthmus.measure(MLP.build, a, b, MLP.data(), **(OPTIONS | options))


def along(runs, **options):
    with pytest.warns(isthmus.IsthmusWarning, match="0ep: a and b hold the same weights"):
        return measured(*runs, **options)


def assert_same_values(member, plain):
    assert set(member.data_vars) == set(plain.data_vars)
    for name in plain.data_vars:
        np.testing.assert_array_equal(member[name].values, plain[name].values, err_msg=name)


def test_all_pairs_stand_in_the_order_of_the_names_given(networks, three):
    result = three
    assert result.pair.values.tolist() == ["z-x", "z-y", "x-y"]
    assert result.name_a.values.tolist() == ["z", "z", "x"]
    assert result.name_b.values.tolist() == ["x", "y", "y"]
    assert result.loss.dims == ("pair", "host", "moving", "alpha")
    assert result.distance.dims == ("pair", "moving")
    assert result.loss_a.dims == ("pair",)
    assert result["sweep"].dims == ("moving",)
    turned = measured({name: networks[name] for name in ("x", "z")})
    assert turned.pair.values.tolist() == ["x-z"]
    np.testing.assert_array_equal(turned.loss[0].sel(host="a"), result.loss[0].sel(host="b"))


def test_a_member_is_the_plain_measurement_to_the_bit(networks, runs, three, both):
    assert_same_values(three.sel(pair="z-y"), measured(networks["z"], networks["y"]))
    assert_same_values(both.sel(step="10ep"), measured(*(run / "10ep.safetensors" for run in runs)))


def test_a_mapping_of_two_is_the_plain_measurement_with_a_dimension_of_one_pair(networks):
    plain, result = measured(networks["x"], networks["y"]), measured({k: networks[k] for k in "xy"})
    assert result.sizes["pair"] == 1
    assert_same_values(result.isel(pair=0), plain)
    for name in ("hash_a", "hash_b", "data_hash", "settings", "splits", "engine_note"):
        assert result.attrs[name] == plain.attrs[name]


def test_steps_stand_in_the_order_of_time_with_their_iterations(runs, both):
    result = both
    assert result.step.values.tolist() == ["0ep", "2ep", "10ep"]
    assert result.iteration.values.tolist() == [0, 100, 500]
    assert result.loss.dims == ("step", "host", "moving", "alpha")
    assert (result.attrs["name_a"], result.attrs["name_b"]) == ("one", "two")
    assert along(runs, steps=("10ep", "0ep")).step.values.tolist() == ["0ep", "10ep"]


def test_identical_members_have_no_barrier(both):
    first = both.sel(step="0ep")
    assert (first.loss_excess == 0).all()
    assert (first.distance == 0).all()
    assert (both.sel(step="2ep", moving="hidden1", alpha=0.5).loss_excess != 0).all()


def test_exchanging_the_trajectories_exchanges_the_hosts(runs, both):
    one, other = both, along(runs[::-1])
    for name in ("loss", "loss_barrier", "error_barrier_high"):
        np.testing.assert_array_equal(one[name].values, other[name].sel(host=["b", "a"]).values)
    np.testing.assert_array_equal(one.loss_a.values, other.loss_b.values)


def test_trajectories_by_name_give_pairs_and_steps_and_each_cell_is_its_measurement(runs, both, tmp_path):
    third = tmp_path / "third"
    for step in ("2ep", "10ep"):
        save_weights(MLP.weights(30 + len(step)), third / f"{step}.safetensors")
    with pytest.warns(isthmus.IsthmusWarning, match="p has 0ep; q has 0ep"):
        result = measured({"p": runs[0], "q": str(runs[1]), "r": third}, out=tmp_path / "run")
    assert result.loss.dims == ("pair", "step", "host", "moving", "alpha")
    np.testing.assert_array_equal(result.loss.sel(pair="p-q").values, both.loss.isel(step=slice(1, None)).values)
    plain = measured(runs[1] / "2ep.safetensors", third / "2ep.safetensors")
    assert_same_values(result.sel(pair="q-r", step="2ep"), plain)
    chosen = result.sel(pair="q-r", step="2ep")
    xr.testing.assert_equal(isthmus.examples(chosen), isthmus.examples(plain))
    chord = isthmus.barrier(result.sel(pair=["p-r", "q-r"]), "chord")
    assert_same_values(chord.sel(pair="q-r", step="2ep"), isthmus.barrier(plain, "chord"))
    xr.testing.assert_identical(result, isthmus.load_run(tmp_path / "run"))


def test_two_lists_are_pairs_and_lists_of_paths_are_named_by_their_files(runs, networks):
    files = [run / f"{step}.safetensors" for run in runs for step in ("2ep", "10ep")]
    result = measured(files[:2], files[2:])
    assert result.pair.values.tolist() == ["one/2ep-two/2ep", "one/10ep-two/10ep"]
    assert_same_values(result.isel(pair=1), measured(files[1], files[3]))
    assert measured([runs[0] / "2ep.safetensors", runs[1] / "10ep.safetensors"]).pair.values.tolist() == ["2ep-10ep"]
    assert measured([runs[0] / "2ep.safetensors", runs[1] / "2ep.safetensors"]).pair.values.tolist() == ["one-two"]
    assert measured([networks["x"], networks["y"]]).pair.values.tolist() == ["1-2"]


def test_steps_that_only_one_trajectory_has_are_left_out_and_named(runs, tmp_path):
    short = tmp_path / "short"
    save_weights(MLP.weights(3), short / "10ep.safetensors")
    save_weights(MLP.weights(4), short / "11ep.safetensors")
    with pytest.warns(isthmus.IsthmusWarning, match="one has 0ep, 2ep; short has 11ep"):
        result = measured(runs[0], short)
    assert result.step.values.tolist() == ["10ep"]
    assert "iteration" not in result.coords
    assert "short has 11ep" in json.loads(result.attrs["warnings"])[0]


def wrong_networks(networks, runs):
    x, file = networks["x"], runs[0] / "2ep.safetensors"
    return {
        "one alone": ((x, None), {}, "two networks, several by name, or two trajectories"),
        "a mapping of one": (({"x": x}, None), {}, "two networks or more"),
        "several and one": (({"x": x, "y": x}, x), {}, "several as a with b=None"),
        "lists of other lengths": (([x, x], [x]), {}, "as many networks a as networks b"),
        "the same twice": (([file, x, file], None), {}, "different networks"),
        "the same pair twice": (([file, file], [x, x]), {}, "different pairs of networks"),
        "a trajectory and a checkpoint": ((runs[0], file), {}, "trajectories alone, or single checkpoints alone"),
        "trajectories and a checkpoint": (({"r": runs[0], "s": runs[1], "c": file}, None), {}, "beside single"),
        "steps without trajectories": ((file, file), {"steps": ("2ep",)}, "trajectories to choose steps from"),
        "a step that is not there": (runs, {"steps": ("3ep",)}, "a step of every trajectory"),
        "no step": (runs, {"steps": ("3 epochs",)}, "a step in training"),
        "no network": (({"x": x, "y": 5}, None), {}, "network y"),
    }


@pytest.mark.parametrize("case", list(wrong_networks(dict.fromkeys("x"), (Path(), Path()))))
def test_wrong_networks_are_refused_in_words_and_leave_nothing_behind(networks, runs, tmp_path, case):
    (a, b), options, words = wrong_networks(networks, runs)[case]
    with pytest.raises(isthmus.InputError, match=words):
        measured(a, b, out=tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


def test_trajectories_without_a_common_step_are_refused(runs, tmp_path):
    save_weights(MLP.weights(3), tmp_path / "other" / "7it.safetensors")
    with pytest.raises(isthmus.InputError, match=r"(?s)a step in common.*other: 7it"):
        measured(runs[0], tmp_path / "other")


def test_a_network_that_does_not_fit_is_refused_before_the_first_member_begins(networks, tmp_path):
    odd = {key: tensor for key, tensor in networks["y"].items() if key != "fc.bias"}
    with pytest.raises(isthmus.InputError, match=r"(?s)1 missing: fc.bias.*where odd"):
        measured(networks | {"odd": odd}, out=tmp_path / "run")
    inputs, targets = MLP.data()
    with pytest.raises(isthmus.InputError, match="targets from 0 to 9"):
        isthmus.measure(MLP.build, networks, None, (inputs, targets + 10), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_stored_collection_is_read_back_whole_and_its_members_are_runs(networks, tmp_path):
    result = measured(networks, out=tmp_path / "run")
    xr.testing.assert_identical(result, isthmus.load_run(tmp_path / "run"))
    member = isthmus.load_run(tmp_path / "run" / "members" / "x-y")
    xr.testing.assert_equal(member, measured(networks["x"], networks["y"]))
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (record["kind"], record["dimensions"], record["complete"]) == ("collection", ["pair"], True)
    assert [entry["folder"] for entry in record["members"]] == ["z-x", "z-y", "x-y"]
    assert not any(str(tmp_path).encode() in content for content in contents(tmp_path / "run").values())


def test_a_collection_answers_with_pandas_alone(runs, tmp_path):
    result = along(runs, out=tmp_path / "run")
    table = pd.read_parquet(tmp_path / "run" / "results.parquet")
    assert len(table) == result.loss.size
    assert table.columns[0] == "step"
    rows = table[(table.step == "10ep") & (table.host == "b") & (table.moving == "fc") & (table.alpha == 0.5)]
    assert rows.loss.tolist() == [float(result.loss.sel(step="10ep", host="b", moving="fc", alpha=0.5))]
    assert rows.iteration.tolist() == [500]


def test_splits_stay_a_dimension_of_their_own(networks, tmp_path):
    data = {"train": MLP.data(5), "test": MLP.data(4)}
    result = isthmus.measure(MLP.build, networks, None, data, out=tmp_path / "run", **OPTIONS)
    assert result.loss.dims == ("pair", "split", "host", "moving", "alpha")
    xr.testing.assert_identical(result, isthmus.load_run(tmp_path / "run"))


def test_what_needs_the_losses_of_examples_works_on_a_chosen_member_and_barriers_on_all(networks, three, tmp_path):
    plain = measured(networks["x"], networks["y"])
    for result in (three, measured(networks, out=tmp_path / "run")):
        chosen = result.sel(pair="x-y")
        xr.testing.assert_equal(isthmus.examples(chosen), isthmus.examples(plain))
        assert isthmus.is_layerwise_connected(chosen, 0.9) == isthmus.is_layerwise_connected(plain, 0.9)
        chord = isthmus.barrier(result, "chord")
        assert chord.pair.values.tolist() == ["z-x", "z-y", "x-y"]
        assert chord.attrs["baseline"] == "chord"
        assert_same_values(chord.sel(pair="x-y"), isthmus.barrier(plain, "chord"))
        assert_same_values(isthmus.barrier(chosen, "chord"), isthmus.barrier(plain, "chord"))
        for function in (isthmus.examples, isthmus.is_layerwise_connected, isthmus.class_barriers):
            with pytest.raises(isthmus.InputError, match=r"result\.sel\(pair='z-x'\)"):
                function(result)
    with pytest.raises(isthmus.InputError, match="a collection with its members"):
        isthmus.examples(pickle.loads(pickle.dumps(three)).sel(pair="x-y"))


def test_a_collection_of_a_later_version_is_refused(networks, tmp_path):
    measured({name: networks[name] for name in "xy"}, out=tmp_path / "run", sweep="full")
    file = tmp_path / "run" / "run.json"
    record = json.loads(file.read_text())
    file.write_text(json.dumps(record | {"schema_version": 99}))
    with pytest.raises(isthmus.InputError, match="update isthmus"):
        isthmus.load_run(tmp_path / "run")
    file.write_text(json.dumps(record | {"members": 5}))
    with pytest.raises(isthmus.InputError, match=r"run\.json"):
        isthmus.load_run(tmp_path / "run")
