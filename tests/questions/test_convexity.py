"""The convexity of a measurement's cuts, and what is promised of the last one."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from cases import CASES
from torch import nn

import isthmus
from isthmus.runs.folder.loading import measurement_of

CNN = CASES[1]
STORED = Path(__file__).parents[1] / "runs" / "stored" / "schema1"


@pytest.fixture(scope="module")
def pair():
    return CNN.weights(0), CNN.weights(1)


def measured(pair, model=CNN.build, data=None, **options):
    return isthmus.measure(model, *pair, data or CNN.data(), **({"alphas": 5} | options))


def test_the_second_differences_are_those_of_the_stored_losses(pair):
    result = measured(pair)
    found = isthmus.convexity(result)
    expected = np.diff(isthmus.examples(result).loss.mean("example").values, n=2, axis=-1) / 0.25**2
    np.testing.assert_allclose(found.second_difference.values, expected, atol=1e-4)
    np.testing.assert_allclose(found.smallest_second_difference, found.second_difference.min("alpha"))
    assert (found.smallest_second_difference_low <= found.smallest_second_difference).all()
    assert (found.smallest_second_difference <= found.smallest_second_difference_high).all()
    assert found["sweep"].values.tolist() == result["sweep"].values.tolist()


def test_host_and_far_ends_count_as_alphas(pair):
    found = isthmus.convexity(measured(pair, alphas=(0.5,), baseline="cut"))
    assert found["alpha"].values.tolist() == [0.5]
    whole = isthmus.convexity(measured(pair, alphas=(0.0, 0.5, 1.0)))
    xr.testing.assert_equal(found.drop_attrs(), whole.drop_attrs())


def test_two_alphas_are_too_few(pair):
    with pytest.raises(isthmus.InputError, match=r"three alphas or more(.|\n)*alphas \[0.5\] and the host(.|\n)*cut"):
        isthmus.convexity(measured(pair, alphas=(0.5,)))


def test_intervals_for_all_cuts_at_once_are_wider_and_change_no_value(pair):
    result = measured(pair)
    one, every = isthmus.convexity(result), isthmus.convexity(result, simultaneous=True)
    assert (every.smallest_second_difference_low < one.smallest_second_difference_low).all()
    xr.testing.assert_equal(every.second_difference, one.second_difference)


def test_a_tolerance_of_the_users_decides(pair):
    result = measured(pair)
    least = isthmus.convexity(result, tolerance=0.0)
    dented = least.smallest_second_difference.values < 0
    assert dented.any()
    assert ((least["convexity"] == "convex").values == ~dented).all()
    assert (isthmus.convexity(result, tolerance=1e9)["convexity"] == "convex").all()


def test_a_split_is_named_where_there_are_several_and_a_stored_run_answers_alike(pair, tmp_path):
    data = {"train": CNN.data(12), "test": CNN.data(5)}
    result = measured(pair, data=data, out=tmp_path / "run")
    with pytest.raises(isthmus.InputError, match="the name of one split"):
        isthmus.convexity(result)
    stored = isthmus.convexity(isthmus.load_run(tmp_path / "run"), split="train")
    xr.testing.assert_equal(stored, isthmus.convexity(measured(pair)))
    assert isthmus.last_layer_convexity(isthmus.load_run(tmp_path / "run"), split="test").attrs["applies"] == 1


def test_a_run_to_a_precision_is_judged_on_the_examples_of_each_cut(pair):
    result = measured(pair, data=CNN.data(700), precision=0.3, alphas=3)
    assert int(result.num_examples.max()) < 700
    found = isthmus.convexity(result)
    assert np.isfinite(found.second_difference).all()


def own_loss(outputs, targets):
    return outputs.square().sum(dim=1)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.head = nn.Embedding(5, 3), nn.Linear(3, 5, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, tokens):
        return self.head(self.embed(tokens).square())


def note_of(result):
    found = isthmus.last_layer_convexity(result)
    assert found.attrs["applies"] == 0
    return found.attrs["note"]


def test_where_nothing_is_promised_of_the_last_layer_the_note_says_why(pair):
    assert "how the loss own_loss depends" in note_of(measured(pair, loss=own_loss))
    together = isthmus.LayerPartition({"all but one": [k for k in pair[0] if k != "conv1.weight"],
                                       "first": ["conv1.weight"]})  # fmt: skip
    assert "it stands in one layer with other weights" in note_of(measured(pair, layers=together))
    tokens = torch.randint(5, (8,), generator=torch.Generator().manual_seed(0))
    tied = [{k: s * t for k, t in Tied().state_dict().items()} for s in (0.9, 1.1)]
    assert "shares a tensor" in note_of(measured(tied, Tied, (tokens, tokens)))


def test_a_loss_that_only_bears_the_name_is_not_trusted(pair):
    def cross_entropy(outputs, targets):
        return outputs.sin().sum(dim=1)

    cross_entropy.__qualname__ = "cross_entropy"
    result = measured(pair, loss=cross_entropy)
    assert result.attrs["loss"] == "cross_entropy"
    assert "nothing is known" in note_of(result)


def test_layers_by_tensor_have_two_rows_of_the_last_layer(pair):
    found = isthmus.last_layer_convexity(measured(pair, layers="tensor"))
    assert sorted(found["moving"].values) == ["fc.bias", "fc.weight"]
    assert (found["convexity"] == "convex").all()


def test_without_a_row_of_the_last_layer_there_is_nothing_to_test(pair):
    with pytest.raises(isthmus.InputError, match=r"moves only the last layer(.|\n)*sweep='single'"):
        isthmus.last_layer_convexity(measured(pair, sweep="full"))


def test_a_run_of_an_earlier_version_promises_nothing(pair, tmp_path):
    assert measurement_of(isthmus.load_run(STORED)).record.readout is None
    measured(pair, out=tmp_path / "run")
    file = tmp_path / "run" / "run.json"
    file.write_text(json.dumps({k: v for k, v in json.loads(file.read_text()).items() if k != "readout"}))
    assert "earlier version" in note_of(isthmus.load_run(tmp_path / "run"))


def bumped(height, dtype):
    """A cut whose loss is 1 at both ends and higher by a bump between them: of a weight w from -1 to 1."""
    ends = [{"weight": torch.full((1, 1), w)} for w in (-1.0, 1.0)]
    data = torch.ones(40, 1), torch.zeros(40)
    network = nn.Linear(1, 1, bias=False)
    result = isthmus.measure(
        network, *ends, data, loss=lambda outputs, _: 1 + height * (1 - outputs[:, 0] ** 2), alphas=3, dtype=dtype
    )
    return isthmus.convexity(result).sel(host="a", moving="all")


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "tf32"])
def test_a_bump_of_height_one_is_seen_in_every_arithmetic(dtype):
    found = bumped(1.0, dtype)
    assert float(found.smallest_second_difference) == -8
    assert str(found.convexity.values) == "not convex"


@pytest.mark.parametrize(
    ("height", "dtype", "verdict"),
    [
        (2**-6, "float32", "not convex"),
        (2**-6, "bfloat16", "undecided"),
        (-(2**-6), "bfloat16", "convex"),
    ],
)
def test_a_dent_that_only_reduced_arithmetic_excuses_makes_no_cut_convex(height, dtype, verdict):
    assert str(bumped(height, dtype).convexity.values) == verdict
