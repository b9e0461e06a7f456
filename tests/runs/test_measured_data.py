"""The data of a measurement: in every form, with its constants, in several splits; changing data is refused."""

import numpy as np
import pytest
import torch
from cases import CASES
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, TensorDataset

import isthmus
from isthmus.data.load import load_examples

CNN = CASES[1]


@pytest.fixture(scope="module")
def pair():
    return CNN.weights(0), CNN.weights(1)


def test_data_is_taken_from_tensors_datasets_and_loaders_alike(pair):
    inputs, targets = CNN.data(10)
    dataset = TensorDataset(inputs, targets)
    losses = [
        isthmus.measure(CNN.build, *pair, data, sweep="full").loss.values
        for data in ((inputs, targets), dataset, DataLoader(dataset, batch_size=3))
    ]
    np.testing.assert_array_equal(losses[0], losses[1])
    np.testing.assert_array_equal(losses[0], losses[2])
    with pytest.raises(isthmus.InputError, match="shuffle"):
        isthmus.measure(CNN.build, *pair, DataLoader(dataset, shuffle=True))


class RandomCrops(Dataset):
    """Trap 9: a test set that is augmented."""

    def __len__(self):
        return 10

    def __getitem__(self, index):
        return torch.randn(3, 8, 8), 0


def test_own_constants_of_a_known_set_are_used_and_recorded(tmp_path):
    def build():
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))

    torch.manual_seed(0)
    a, b = build().state_dict(), build().state_dict()
    result = isthmus.measure(build, a, b, "digits:test[0:40]:mean=0.3,std=0.37", out=tmp_path / "run")
    digits = load_examples("digits:test[0:40]")
    outputs = functional.linear((digits.inputs.flatten(1) / 16 - 0.3) / 0.37, a["1.weight"], a["1.bias"])
    assert float(result.loss_a) == pytest.approx(float(functional.cross_entropy(outputs, digits.targets)), rel=1e-6)
    for found in (result, isthmus.load_run(tmp_path / "run")):
        assert found.attrs["normalization"] == "own: (x / 16 - 0.3) / 0.37"
        assert found.attrs["data_name"] == "digits:test[0:40]:mean=0.3,std=0.37"


def test_randomly_augmented_data_is_refused(pair):
    with pytest.raises(isthmus.InputError, match=r"(?s)random|augment|twice"):
        isthmus.measure(CNN.build, *pair, RandomCrops())


def test_splits_stand_beside_one_another_and_equal_their_own_measurements(pair):
    train, test = CNN.data(10, seed=1), CNN.data(6, seed=2)
    both = isthmus.measure(CNN.build, *pair, {"train": train, "test": test}, sweep="full")
    assert both.loss.dims == ("split", "host", "moving", "alpha")
    for name, data in (("train", train), ("test", test)):
        alone = isthmus.measure(CNN.build, *pair, data, sweep="full")
        np.testing.assert_array_equal(both.loss.sel(split=name), alone.loss)
        np.testing.assert_array_equal(both.loss_barrier_low.sel(split=name), alone.loss_barrier_low)
    assert both.num_examples.sel(split="test", host="a", moving="all") == 6
    assert isthmus.examples(both, split="test").sizes["example"] == 6
    with pytest.raises(isthmus.InputError, match="name of one split"):
        isthmus.examples(both)
    with pytest.raises(isthmus.InputError, match="Did you mean 'train'"):
        isthmus.examples(both, split="trian")
