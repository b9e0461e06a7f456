"""`measure(..., precision=...)`: as many examples as that needs, and honest intervals of the data's own mean."""

import os
import signal
import warnings

import numpy as np
import pytest
import torch
import xarray as xr
from run_folders import contents
from torch import nn

import isthmus
from isthmus.errors import InputError, IsthmusWarning

NUM_EXAMPLES, FIRST_LOOK = 2000, 1376
EASY, HARD = 0.5, 0.02


def network():
    return nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 4))


def weights(seed, scale=1.0):
    torch.manual_seed(seed)
    return {key: scale * tensor for key, tensor in network().state_dict().items()}


PAIR = weights(0), weights(1, 3.0)
DATA = torch.randn(NUM_EXAMPLES, 3, generator=torch.Generator().manual_seed(0)), torch.arange(NUM_EXAMPLES) % 4


def measured(precision=None, a=PAIR[0], b=PAIR[1], **options):
    return isthmus.measure(network, a, b, DATA, precision=precision, **options)


@pytest.fixture(scope="module")
def whole():
    return measured(alphas=(0.3, 0.5))


def half_widths(result):
    return (result.loss_barrier_high - result.loss_barrier_low).values / 2


@pytest.mark.parametrize("precision", [EASY, 0.05, HARD])
def test_every_loss_interval_is_as_tight_as_asked_and_speaks_of_the_data(whole, precision):
    result = measured(precision, alphas=(0.3, 0.5))
    assert half_widths(result).max() <= precision
    assert result.attrs["interval_target"] == "dataset"
    missed = (whole.loss_barrier < result.loss_barrier_low) | (whole.loss_barrier > result.loss_barrier_high)
    assert missed.sum() <= 1
    np.testing.assert_allclose(result.loss_barrier, whole.loss_barrier, atol=2 * precision)


def test_of_equal_networks_no_more_is_measured_than_the_first_look():
    with pytest.warns(IsthmusWarning, match="hold the same weights"):
        result = measured(HARD, b=PAIR[0])
    assert set(result.num_examples.values.flat) == {FIRST_LOOK}
    assert not result.loss_barrier_high.any()
    assert not result.loss_barrier_low.any()


def test_a_coarser_precision_takes_fewer_examples():
    easy, hard = measured(EASY), measured(HARD)
    assert int(easy.num_examples.max()) == FIRST_LOOK
    assert int(easy.num_end_examples) == FIRST_LOOK
    assert FIRST_LOOK < int(hard.num_examples.max()) < NUM_EXAMPLES
    assert len(np.unique(hard.num_examples)) > 1


def test_with_all_examples_the_result_is_that_of_measuring_all_and_its_intervals_have_no_width(whole):
    result = measured(1e-9, alphas=(0.3, 0.5))
    assert (result.num_examples == NUM_EXAMPLES).all()
    for name in ("loss", "loss_excess", "error_rate", "error_excess", "loss_barrier", "error_barrier", "loss_a"):
        np.testing.assert_allclose(result[name], whole[name], atol=1e-6, err_msg=name)
    for quantity in ("loss", "error"):
        low, high = result[f"{quantity}_barrier_low"].values, result[f"{quantity}_barrier_high"].values
        assert (high == low).all()
        np.testing.assert_array_equal(low, result[f"{quantity}_barrier"])
    assert result.loss_barrier_effective_examples.isnull().all()


def test_losses_excess_and_baseline_fit_together():
    for baseline in ("models", "chord"):
        result = measured(HARD, alphas=(0.3, 0.5), baseline=baseline)
        assert int(result.num_examples.min()) < int(result.num_end_examples)
        for host in ("a", "b"):
            near, far = (result.loss_a, result.loss_b) if host == "a" else (result.loss_b, result.loss_a)
            alpha = result.alpha if baseline == "chord" else 0.5
            found = result.loss.sel(host=host) - ((1 - alpha) * near + alpha * far)
            np.testing.assert_allclose(result.loss_excess.sel(host=host), found.transpose("moving", "alpha"), atol=1e-9)


def test_exchanging_the_networks_exchanges_the_hosts():
    one, two = measured(0.05), measured(0.05, a=PAIR[1], b=PAIR[0])
    for name in ("loss", "loss_excess", "loss_barrier_low", "loss_barrier_high", "num_examples", "error_rate"):
        np.testing.assert_array_equal(one[name].sel(host="a"), two[name].sel(host="b"), err_msg=name)


def test_engine_and_batch_size_change_nothing_beyond_rounding():
    one = measured(0.05)
    for options in ({"batch_size": 7}, {"engine": "direct"}, {"engine": "direct", "batch_size": 100}):
        other = measured(0.05, **options)
        np.testing.assert_array_equal(one.num_examples, other.num_examples)
        np.testing.assert_allclose(one.loss, other.loss, atol=1e-5)


def test_the_seed_fixes_which_examples_are_drawn():
    one, same, other = measured(0.2), measured(0.2), measured(0.2, seed=1)
    xr.testing.assert_identical(one, same)
    assert not (one.loss == other.loss).any()


def test_the_examples_of_a_result_are_those_of_the_data(whole):
    result = measured(HARD, alphas=(0.3, 0.5))
    drawn, every = isthmus.examples(result), isthmus.examples(whole)
    n = drawn.is_evaluated.sum("example").min("alpha")
    np.testing.assert_array_equal(n, result.num_examples)
    assert int(drawn.is_evaluated_end.sum()) == int(result.num_end_examples)
    expected = every.loss.isel(example=drawn.example.values)
    np.testing.assert_allclose(
        drawn.loss.where(drawn.is_evaluated, 0), expected.where(drawn.is_evaluated, 0), atol=1e-6
    )
    np.testing.assert_array_equal(drawn.target, DATA[1].numpy()[drawn.example.values])
    assert len(set(drawn.example.values.tolist())) == drawn.sizes["example"]


def test_other_summaries_are_computed_from_the_examples_drawn():
    result = measured(HARD, alphas=(0.3,))
    chord, again = isthmus.barrier(result, "chord"), isthmus.barrier(result, "models")
    xr.testing.assert_allclose(again.drop_attrs(), result.drop_attrs())
    assert not np.allclose(chord.loss_barrier, result.loss_barrier)
    classes = isthmus.class_barriers(result)
    np.testing.assert_array_equal(classes.num_examples.sum("label"), result.num_examples)
    assert isthmus.is_layerwise_connected(result, threshold=1.0) == "connected"


def test_the_baseline_of_the_cut_is_measured_to_a_precision_too():
    every, result = measured(baseline="cut"), measured(0.05, baseline="cut")
    np.testing.assert_allclose(result.loss_barrier, every.loss_barrier, atol=0.1)
    assert half_widths(result).max() <= 0.05


def test_a_loss_that_is_nan_on_one_example_gives_nan_and_stops():
    def undefined_for_class_0(outputs, targets):
        losses = torch.nn.functional.cross_entropy(outputs, targets, reduction="none")
        return losses.masked_fill(targets == 0, torch.nan)

    result = isthmus.measure(network, *PAIR, DATA, loss=undefined_for_class_0, precision=HARD)
    assert result.loss_barrier.isnull().all()
    assert (result.num_examples == FIRST_LOOK).all()
    assert result.loss_barrier_effective_examples.isnull().all()


def test_all_at_once_takes_more_examples():
    each, at_once = measured(HARD), measured(HARD, simultaneous=True)
    assert int(at_once.num_examples.sum()) > int(each.num_examples.sum())
    with pytest.raises(InputError, match="a precision with it"):
        measured(simultaneous=True)


@pytest.mark.parametrize("precision", [0, -0.1, float("nan"), float("inf")])
def test_a_precision_that_is_no_positive_number_is_refused(precision):
    with pytest.raises(InputError, match="--precision"):
        measured(precision)


def die_at(renaming):
    """Let this process die when it is about to rename its so-manieth file."""
    left, replace = [renaming], os.replace

    def dying(*names):
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return replace(*names)

    os.replace = os.rename = dying


def test_a_run_killed_on_the_way_ends_with_the_same_bytes(tmp_path):
    stored = measured(HARD, out=tmp_path / "whole")
    expected = contents(tmp_path / "whole")
    xr.testing.assert_identical(stored, isthmus.load_run(tmp_path / "whole"))
    xr.testing.assert_identical(isthmus.examples(stored), isthmus.examples(measured(HARD)))
    units = sorted(name for name in expected if "-e" in name)
    assert len(units) > 3
    for killed in range(3):
        folder = tmp_path / str(killed)
        child = os.fork()
        if not child:
            die_at(2 + 3 * killed)
            measured(HARD, out=folder)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            measured(HARD, out=folder, resume=True)
        assert {k: v for k, v in contents(folder).items() if not k.endswith(".part")} == expected


def test_two_splits_are_measured_each_to_the_precision():
    data = {"train": DATA, "test": (DATA[0][:300], DATA[1][:300])}
    result = isthmus.measure(network, *PAIR, data, precision=0.1)
    assert result.num_examples.dims == ("split", "host", "moving")
    assert half_widths(result).max() <= 0.1
