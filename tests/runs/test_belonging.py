"""A result answers from its own measurement, or not at all."""

import copy
import gc
import pickle
import shutil
import weakref

import pytest
import torch
import xarray as xr
from cases import CASES

import isthmus
from isthmus.runs.carried import in_hand
from isthmus.runs.folder import manifest

MLP = CASES[0]
NETWORKS = [MLP.weights(seed) for seed in range(3)]


def measured(a=NETWORKS[0], b=NETWORKS[1], times=1.0, **options):
    def scaled(outputs, targets):
        return times * torch.nn.functional.cross_entropy(outputs, targets, reduction="none")

    return isthmus.measure(MLP.build, a, b, MLP.data(), loss=scaled, **({"sweep": "full"} | options))


def own_loss(result):
    return float(isthmus.examples(result).loss_a.mean())


def test_a_result_in_memory_never_answers_from_a_later_measurement(monkeypatch):
    """Also where two measurements have one identity, by whatever fault."""
    monkeypatch.setattr(manifest, "run_identity", lambda *_: "0" * 16)
    first, second = measured(), measured(times=10.0)
    assert first.attrs["run_id"] == second.attrs["run_id"]
    xr.testing.assert_identical(isthmus.barrier(first), first)
    assert own_loss(first) == pytest.approx(float(first.loss_a))
    assert own_loss(second) == pytest.approx(10 * float(first.loss_a), rel=1e-6)
    several = [measured({"x": NETWORKS[0], "y": NETWORKS[1]}, None, times=times) for times in (1.0, 10.0)]
    assert own_loss(several[0].sel(pair="x-y")) == pytest.approx(float(first.loss_a))
    assert float(isthmus.barrier(several[0]).loss_a.squeeze()) == pytest.approx(float(first.loss_a))


@pytest.mark.parametrize(
    "copied",
    [
        lambda result: result.sel(host="a"),
        lambda result: result.isel(alpha=[0]),
        lambda result: result.copy(),
        lambda result: result.copy(deep=True),
        copy.deepcopy,
        lambda result: isthmus.barrier(result, "chord"),
        lambda result: result.assign_attrs(mine=1),
    ],
)
def test_selections_and_copies_know_their_examples_after_the_original_is_gone(copied):
    result = measured()
    expected, part = own_loss(result), copied(result)
    del result
    gc.collect()
    assert own_loss(part) == expected


def test_examples_live_as_long_as_a_result_of_theirs_and_no_longer():
    result = measured()
    kept, part = weakref.ref(in_hand(result).measurement), result.sel(host="a")
    del result
    gc.collect()
    assert kept() is not None
    del part
    gc.collect()
    assert kept() is None


def test_through_a_file_or_to_another_process_the_run_id_is_text_and_nothing_more():
    result = measured()
    sent = pickle.loads(pickle.dumps(result))
    assert type(sent.attrs["run_id"]) is str
    assert sent.attrs["run_id"] == result.attrs["run_id"]
    xr.testing.assert_identical(sent, result)


def test_a_folder_measured_anew_does_not_answer_for_the_old_result(tmp_path):
    old = measured(out=tmp_path / "run", alphas=(0.0, 0.5))
    assert own_loss(old) == pytest.approx(float(old.loss_a))
    shutil.rmtree(tmp_path / "run")
    new = measured(NETWORKS[2], out=tmp_path / "run", alphas=(0.0, 0.5))
    for asked in (isthmus.examples, isthmus.barrier, isthmus.class_barriers):
        with pytest.raises(
            isthmus.InputError, match=f"(?s)run {old.attrs['run_id']} that.*{new.attrs['run_id']}.*load"
        ):
            asked(old)
    assert own_loss(new) == pytest.approx(float(new.loss_a))
    assert own_loss(isthmus.load_run(tmp_path / "run").sel(host="a")) == own_loss(new)


def test_a_collection_measured_anew_does_not_answer_for_the_old_result(tmp_path):
    old = measured({"x": NETWORKS[0], "y": NETWORKS[1]}, None, out=tmp_path / "run")
    shutil.rmtree(tmp_path / "run")
    new = measured({"x": NETWORKS[0], "y": NETWORKS[2]}, None, out=tmp_path / "run")
    for asked in (isthmus.barrier, lambda result: isthmus.examples(result.sel(pair="x-y"))):
        with pytest.raises(isthmus.InputError, match=f"(?s){old.attrs['run_id']}.*{new.attrs['run_id']}"):
            asked(old)
        asked(new)
