"""Data sets of the library `datasets` itself, as objects and as folders, where it is installed."""

import numpy as np
import pytest
import torch
from PIL import Image

from isthmus.data.load import load_examples
from isthmus.errors import InputError

datasets = pytest.importorskip("datasets", reason="datasets is not installed")
ROWS = {"input_ids": [[5, 6, 7], [8, 9], [1]], "labels": [0, 1, 1]}
IDS = [[5, 6, 7], [8, 9, 0], [1, 0, 0]]


@pytest.fixture
def rows():
    return datasets.Dataset.from_dict(ROWS)


def test_a_saved_folder_and_its_object_are_the_same_examples(rows, tmp_path):
    rows.save_to_disk(tmp_path / "one", num_shards=2)
    for given in (rows, str(tmp_path / "one")):
        examples = load_examples(given)
        assert examples.inputs["input_ids"].tolist() == IDS
        assert examples.inputs["attention_mask"].tolist() == [[1, 1, 1], [1, 1, 0], [1, 0, 0]]
        assert examples.targets.tolist() == [0, 1, 1]


def test_chosen_and_shuffled_rows_are_those_that_the_library_has(rows, tmp_path):
    for number, changed in enumerate((
        rows.select([2, 0]),
        rows.shuffle(seed=3),
        rows.filter(lambda row: row["labels"]),
    )):
        changed.save_to_disk(tmp_path / str(number))
        for given in (changed, str(tmp_path / str(number))):
            assert load_examples(given).targets.tolist() == list(changed["labels"])


@pytest.mark.parametrize("kind", ["torch", "numpy", "pandas", "arrow"])
def test_an_output_format_changes_no_example(rows, kind):
    examples = load_examples(rows.with_format(kind))
    assert examples.inputs["input_ids"].tolist() == IDS
    assert examples.targets.tolist() == [0, 1, 1]


def test_columns_left_out_by_the_format_are_left_out(rows):
    extra = rows.add_column("number", [1.0, 2.0, 3.0]).with_format("torch", columns=["input_ids", "labels"])
    assert set(load_examples(extra).inputs) == {"input_ids", "attention_mask"}
    shown = extra.with_format("torch", columns=["labels"], output_all_columns=True)
    assert set(load_examples(shown).inputs) == {"input_ids", "number", "attention_mask"}


def test_a_transform_gives_the_examples(rows):
    changed = rows.with_transform(
        lambda batch: {"inputs": [[float(n)] for n in batch["labels"]], "labels": batch["labels"]}
    )
    assert load_examples(changed).inputs.tolist() == [[0.0], [1.0], [1.0]]


def test_splits_are_chosen_by_name(rows, tmp_path):
    both = datasets.DatasetDict({"train": rows, "validation": rows.select([2])})
    both.save_to_disk(tmp_path / "both")
    examples = load_examples(f"{tmp_path / 'both'}:validation")
    assert (examples.targets.tolist(), examples.split) == ([1], "validation")
    with pytest.raises(InputError, match=r"a data set of one split\n +got one of splits: train, validation"):
        load_examples(both)
    assert load_examples(both["train"]).targets.tolist() == [0, 1, 1]


def test_images_and_names_of_classes_are_read(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 5, 6, 3), dtype=np.uint8)
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"])})
    images = [Image.fromarray(each) for each in pixels]
    made = datasets.Dataset.from_dict({"image": images, "label": [0, 1, 1, 0]}, features=features)
    made.save_to_disk(tmp_path / "images")
    expected = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    for given in (made, str(tmp_path / "images")):
        examples = load_examples(given)
        inputs, targets = examples.batch(0, 4, torch.device("cpu"), torch.float32)
        assert torch.equal(inputs["image"] if isinstance(inputs, dict) else inputs, expected)
        assert targets.tolist() == [0, 1, 1, 0]
        assert examples.class_names == ("cat", "dog")


def test_a_stream_is_read_whole(rows):
    examples = load_examples(rows.to_iterable_dataset())
    assert examples.inputs["input_ids"].tolist() == IDS
    assert examples.targets.tolist() == [0, 1, 1]
