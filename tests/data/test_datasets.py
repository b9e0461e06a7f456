"""PyTorch data sets and loaders: every item once, in order, and only if it reads the same twice."""

import numpy as np
import pytest
import torch
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    Sampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)

from isthmus.data.load import load_examples
from isthmus.errors import InputError

INPUTS = torch.arange(3 * 50, dtype=torch.float32).view(50, 3)
TARGETS = torch.arange(50) % 7
PAIRS = TensorDataset(INPUTS, TARGETS)


class Items(Dataset):
    """Whatever a list holds."""

    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


class Cropped(Dataset):
    """Images moved by up to two pixels at random, as in training."""

    def __len__(self):
        return 30

    def __getitem__(self, index):
        image = torch.full((1, 8, 8), float(index))
        image[0, index % 8] = -1
        return image.roll(int(torch.randint(-2, 3, ())), dims=1), index % 10


class Stream(IterableDataset):
    """Pairs in a stream."""

    def __iter__(self):
        return iter(zip(INPUTS, TARGETS, strict=True))


class Exhausted(IterableDataset):
    """A stream that can be read once only."""

    def __init__(self):
        self.pairs = iter(zip(INPUTS, TARGETS, strict=True))

    def __iter__(self):
        return self.pairs


class Restless(Sampler):
    """Another order each time, without a generator."""

    def __iter__(self):
        return iter(torch.randperm(50).tolist())

    def __len__(self):
        return 50


@pytest.mark.parametrize(
    "data",
    [
        PAIRS,
        Stream(),
        DataLoader(PAIRS, batch_size=7),
        DataLoader(PAIRS, batch_size=64),
        DataLoader(PAIRS, batch_size=None),
        DataLoader(PAIRS, batch_sampler=BatchSampler(SequentialSampler(PAIRS), 8, drop_last=False)),
        DataLoader(PAIRS, batch_size=4, sampler=range(50)),
        DataLoader(Stream(), batch_size=9),
    ],
)
def test_every_item_comes_once_in_its_order(data):
    examples = load_examples(data)
    assert torch.equal(examples.inputs, INPUTS)
    assert torch.equal(examples.targets, TARGETS)
    assert (examples.split, examples.normalization) == ("data", None)
    assert examples.name == type(data).__name__


def test_a_loader_over_chosen_items_keeps_the_choice_and_its_order():
    chosen = [5, 3, 40]
    assert load_examples(DataLoader(PAIRS, sampler=chosen)).targets.tolist() == TARGETS[chosen].tolist()
    assert load_examples(Subset(PAIRS, chosen)).targets.tolist() == TARGETS[chosen].tolist()


@pytest.mark.parametrize(
    "loader",
    [
        DataLoader(PAIRS, shuffle=True),
        DataLoader(Subset(PAIRS, [3]), shuffle=True),
        DataLoader(PAIRS, shuffle=True, generator=torch.Generator().manual_seed(0)),
        DataLoader(PAIRS, sampler=SubsetRandomSampler(range(50))),
        DataLoader(PAIRS, sampler=WeightedRandomSampler([1.0] * 50, 50)),
        DataLoader(PAIRS, batch_sampler=BatchSampler(Restless(), 4, drop_last=False)),
        DataLoader(PAIRS, sampler=Restless()),
        DataLoader(PAIRS, batch_size=None, shuffle=True),
    ],
)
def test_a_shuffling_loader_is_refused_before_it_is_read(loader):
    with pytest.raises(InputError, match=r"keeps the order(.|\n)*shuffles(.|\n)*pass shuffle=False"):
        load_examples(loader)


@pytest.mark.parametrize(
    "data", [Cropped(), DataLoader(Cropped(), batch_size=1), DataLoader(Cropped(), batch_size=30), Exhausted()]
)
def test_random_augmentation_and_a_source_that_runs_dry_are_refused(data):
    with pytest.raises(
        InputError, match=r"gives the same values every time\n +got other values(.|\n)*random crops, flips"
    ):
        load_examples(data)


def test_targets_that_change_are_refused_too():
    class Noisy(Items):
        def __getitem__(self, index):
            return INPUTS[index], torch.rand(())

    with pytest.raises(InputError, match="gives the same values every time"):
        load_examples(Noisy(list(range(20))))


def test_values_that_are_no_number_read_the_same_twice_and_stay():
    inputs = torch.tensor([[float("nan")], [float("inf")]])
    examples = load_examples(TensorDataset(inputs, torch.zeros(2)))
    assert torch.equal(examples.inputs.isnan(), inputs.isnan())
    assert examples.inputs[1].item() == float("inf")


def test_plain_numbers_and_arrays_become_tensors():
    items = [(np.full(2, number, dtype=np.float32), number) for number in range(3)]
    examples = load_examples(Items(items))
    assert examples.inputs.tolist() == [[0, 0], [1, 1], [2, 2]]
    assert examples.targets.dtype == torch.int64


def test_a_data_set_that_hands_out_one_buffer_again_and_again_is_read_right():
    class OneBuffer(Items):
        def __init__(self):
            super().__init__(list(range(5)))
            self.buffer = torch.zeros(2)

        def __getitem__(self, index):
            return self.buffer.fill_(index), index

    assert load_examples(OneBuffer()).inputs[:, 0].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([{"img": 1, "label": 2}], r"a pair \(input, target\)\n +got dict of 2\n +where item of Items, number 0"),
        ([(INPUTS[0], 1), (INPUTS[0], 1, 2)], "got tuple of 3\n +where item of Items, number 1"),
        ([5], "got int"),
        ([("text", 1)], r"a tensor, an array or a number as input and as target\n +got str"),
        ([(torch.zeros(2), 0), (torch.zeros(3), 0)], r"inputs of one shape(.|\n)*shapes such as \(2,\), \(3,\)"),
        ([], "at least one example"),
    ],
)
def test_items_that_are_no_pairs_of_one_shape_are_refused(items, message):
    with pytest.raises(InputError, match=message):
        load_examples(Items(items))


def test_a_loader_of_batches_without_targets_is_refused():
    with pytest.raises(InputError, match=r"got list of 1\n +where batch of DataLoader, number 0"):
        load_examples(DataLoader(TensorDataset(INPUTS), batch_size=5))
