"""PyTorch data sets and loaders: every item once, in order, and only if it reads the same twice."""

import numpy as np
import pyarrow as pa
import pytest
import torch
from hugging_face_folders import save_bert_tokenizer
from PIL import Image
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
        (
            [{"img": 1, "class": 2}],
            r"targets by a usual name\n +got no labels .* holds img, class\n +where item of",
        ),
        ([(INPUTS[0], 1), (INPUTS[0], 1, 2)], "got tuple of 3\n +where item of Items, number 1"),
        ([5], "got int"),
        ([("text", 1)], r"a tensor, an array, an image or a number as input and as target\n +got str"),
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


def test_items_by_name_are_inputs_by_name_with_the_target_apart():
    items = [{"x": INPUTS[n], "more": {"y": [1.0, n]}, "name": f"item {n}", "label": n % 3} for n in range(5)]
    for data in (Items(items), DataLoader(Items(items), batch_size=2)):
        examples = load_examples(data)
        assert torch.equal(examples.inputs["x"], INPUTS[:5])
        assert examples.targets.tolist() == [0, 1, 2, 0, 1]
        assert examples.notes == ("texts left out: name",)
    assert load_examples(Items(items)).inputs["more"]["y"].tolist() == [[1.0, n] for n in range(5)]
    alone = load_examples(Items([{"inputs": INPUTS[n], "targets": n} for n in range(5)]))
    assert torch.equal(alone.inputs, INPUTS[:5])


def test_pairs_of_several_inputs_keep_their_form():
    items = [((INPUTS[n], {"mask": INPUTS[n] > 3}), n) for n in range(5)]
    examples = load_examples(Items(items))
    assert torch.equal(examples.inputs[0], INPUTS[:5])
    assert torch.equal(examples.inputs[1]["mask"], INPUTS[:5] > 3)


def test_tokens_of_several_lengths_are_padded_in_items_and_in_batches():
    rows = [[5, 6, 7], [8], [9, 1]]
    items = [{"input_ids": row, "attention_mask": [1] * len(row), "labels": row} for row in rows]

    def collated(batch):
        longest = max(len(item["input_ids"]) for item in batch)
        fill = {"input_ids": 0, "attention_mask": 0, "labels": -100}
        return {
            name: torch.tensor([item[name] + [value] * (longest - len(item[name])) for item in batch])
            for name, value in fill.items()
        }

    for data in (Items(items), DataLoader(Items(items), batch_size=2, collate_fn=collated)):
        examples = load_examples(data)
        assert examples.inputs["input_ids"].tolist() == [[5, 6, 7], [8, 0, 0], [9, 1, 0]]
        assert examples.inputs["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0], [1, 1, 0]]
        assert examples.targets.tolist() == [[5, 6, 7], [8, -100, -100], [9, 1, -100]]
        assert "input_ids padded with 0 to 3" in examples.notes


def test_items_of_other_names_than_the_first_are_refused():
    with pytest.raises(InputError, match="inputs of one shape"):
        load_examples(Items([{"x": 1.0, "label": 0}, {"y": 1.0, "label": 0}]))
    tokens = [{"input_ids": [1, 2], "label": 0}, {"input_ids": [1], "idx": 3, "label": 0}]
    with pytest.raises(InputError, match="the same entries in every item"):
        load_examples(Items(tokens))


def test_images_of_pillow_and_bytes_are_divided_by_255():
    pixels = np.random.default_rng(0).integers(0, 256, size=(4, 5, 6, 3), dtype=np.uint8)
    bytes_ = torch.from_numpy(pixels).movedim(-1, 1)
    expected = bytes_ / 255
    for data in (
        Items([(Image.fromarray(image), n) for n, image in enumerate(pixels)]),
        Items([{"image": Image.fromarray(image), "label": n} for n, image in enumerate(pixels)]),
        TensorDataset(bytes_, torch.arange(4)),
        DataLoader(TensorDataset(bytes_, torch.arange(4)), batch_size=3),
        (bytes_, torch.arange(4)),
    ):
        examples = load_examples(data)
        inputs, targets = examples.batch(0, 4, torch.device("cpu"), torch.float32)
        assert torch.equal(inputs["image"] if isinstance(inputs, dict) else inputs, expected)
        assert targets.tolist() == [0, 1, 2, 3]
        assert "divided by 255" in examples.notes[0]
    grey = load_examples(Items([(Image.fromarray(pixels[0, :, :, 0]), 1)]))
    assert grey.inputs.shape == (1, 1, 5, 6)
    with pytest.raises(InputError, match="an image of mode 'CMYK'"):
        load_examples(Items([(Image.new("CMYK", (2, 2)), 1)]))


class Rows:
    """What isthmus uses of a `datasets.Dataset`, without the library (`test_datasets_library.py` has it)."""

    def __init__(self, table, kind=None, split="test"):
        self.table, self.format, self.split = table, {"type": kind}, split
        self.column_names = table.column_names

    def with_format(self, kind, columns):
        assert kind == "arrow"
        return self.table if columns is None else self.table.select(columns)

    def __len__(self):
        return self.table.num_rows

    def __getitem__(self, index):
        return {"inputs": torch.tensor([float(index)]), "label": index}


def test_a_datasets_dataset_is_its_table_or_what_its_transform_gives(tmp_path):
    table = pa.table({"input_ids": [[1, 2], [3]], "labels": [0, 1]})
    examples = load_examples(Rows(table))
    assert examples.inputs["input_ids"].tolist() == [[1, 2], [3, 0]]
    assert (examples.name, examples.split) == ("Rows", "test")
    assert load_examples(Rows(table, "custom")).inputs.tolist() == [[0.0], [1.0]]
    texts = Rows(pa.table({"text": ["a bird", "two"], "label": [0, 1]}))
    assert load_examples(texts, tokenizer=str(save_bert_tokenizer(tmp_path / "bert"))).inputs["input_ids"].shape == (
        2,
        4,
    )
    several = Rows(table)
    several.column_names = {"train": ["x"], "test": ["x"]}
    with pytest.raises(InputError, match=r"a data set of one split\n +got one of splits: train, test"):
        load_examples(several)
