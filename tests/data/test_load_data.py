"""Every way to give data ends in examples, and several of them in splits."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from isthmus.data.examples import Examples
from isthmus.data.load import load_examples, load_splits
from isthmus.errors import InputError

CPU = torch.device("cpu")
PAIR = (torch.randn(4, 3, generator=torch.Generator().manual_seed(1)), torch.tensor([0, 1, 2, 0]))

USER_FILE = """
import torch
from torch.utils.data import DataLoader, TensorDataset
from neighbour import NUMBERS

def pair():
    return NUMBERS.view(5, 2), torch.arange(5)

def dataset():
    return TensorDataset(*pair())

def loader():
    return DataLoader(dataset(), batch_size=2)

def shuffled():
    return DataLoader(dataset(), shuffle=True)

def wrong():
    return 5

def failing():
    raise RuntimeError("the disk is full")

def leaving():
    raise SystemExit(0)

def needs(one):
    return pair()

number = 7
"""


@pytest.fixture
def user_file(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "neighbour.py").write_text("import torch\nNUMBERS = torch.arange(10.0)\n")
    (tmp_path / "own" / "mine.py").write_text(USER_FILE)
    return tmp_path / "own" / "mine.py"


def test_digits_are_scikit_learns_in_its_order_divided_by_16():
    train, test = load_examples("digits:train"), load_examples("digits")
    assert (len(train), len(test)) == (1297, 500)
    images, labels = load_digits(return_X_y=True)
    both = torch.cat([train.inputs, test.inputs])
    assert both.dtype == torch.uint8
    assert both.shape == (1797, 1, 8, 8)
    assert np.array_equal(both.flatten(1).numpy(), images)
    assert np.array_equal(torch.cat([train.targets, test.targets]).numpy(), labels)
    assert torch.equal(test.batch(0, 500, CPU, torch.float32)[0], test.inputs / 16)
    assert test.class_names == tuple("0123456789")
    assert (test.split, load_examples("digits:test[0:9]").name) == ("test", "digits:test[0:9]")


@pytest.mark.parametrize(("name", "scale"), [("digits", 16), ("fashion_mnist_small", 255)])
def test_sets_that_ship_along_take_own_constants_on_their_scale(name, scale):
    plain, own = load_examples(f"{name}:test[0:5]"), load_examples(f"{name}:test[0:5]:mean=0.25,std=0.5")
    expected = (plain.inputs.double() / scale - 0.25) / 0.5
    assert torch.equal(own.batch(0, 5, torch.device("cpu"), torch.float64)[0], expected)


def test_the_shipped_slice_has_4000_and_1000_images_of_ten_classes():
    train, test = load_examples("fashion_mnist_small:train"), load_examples("fashion_mnist_small")
    assert (train.inputs.shape, test.inputs.shape) == ((4000, 1, 28, 28), (1000, 1, 28, 28))
    assert train.targets[:5].tolist() == [9, 0, 0, 3, 0]
    assert test.targets[:5].tolist() == [9, 2, 1, 1, 6]
    assert test.class_names[9] == "Ankle boot"
    assert train.targets.unique().tolist() == test.targets.unique().tolist() == list(range(10))
    values = train.batch(0, 4000, CPU, torch.float32)[0]
    assert abs(values.mean().item()) < 0.02
    assert abs(values.std().item() - 1) < 0.02
    assert load_examples("fashion_mnist_small:normalization=none").normalization.name == "scale"


def test_a_pair_of_tensors_is_taken_as_it_is_without_a_copy():
    examples = load_examples(PAIR)
    assert examples.inputs is PAIR[0]
    assert (examples.name, examples.split, examples.normalization) == ("tensors", "data", None)
    assert load_examples(examples) is examples


@pytest.mark.parametrize("function", ["pair", "dataset", "loader"])
def test_a_function_of_the_users_file_gives_examples_and_slices_of_them(user_file, function):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        examples = load_examples(f"{user_file}:{function}")
    assert examples.inputs.flatten().tolist() == list(range(10))
    assert (examples.name, examples.split) == (f"mine.py:{function}", "data")
    part = load_examples(f"{user_file}:{function}[1:3]")
    assert (part.name, part.targets.tolist()) == (f"mine.py:{function}[1:3]", [1, 2])


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("pear", r"a function in mine.py: one of pair(.|\n)*where mine.py(.|\n)*Did you mean 'pair'"),
        ("number", "a function in mine.py: one of"),
        ("wrong", r"a pair of tensors(.|\n)*got int\n +where mine.py:wrong"),
        ("failing", r"RuntimeError: the disk is full \(line 22\)\n +where mine.py:failing"),
        ("leaving", "got SystemExit"),
        ("needs", "got TypeError"),
        ("shuffled", "pass shuffle=False"),
        ("pair[0:6]", r"within the 5 examples\n +got \[0:6\]\n +where mine.py:pair"),
    ],
)
def test_a_function_that_gives_no_examples_is_answered_in_one_message(user_file, function, message):
    with pytest.raises(InputError, match=message):
        load_examples(f"{user_file}:{function}")


def test_running_the_users_file_leaves_the_import_path_and_its_folder_alone(user_file):
    import sys

    before = list(sys.path)
    load_examples(f"{user_file}:pair")
    with pytest.raises(InputError):
        load_examples(f"{user_file}:failing")
    assert sys.path == before


def test_a_file_that_does_not_run_is_answered_in_one_message(tmp_path):
    for text, message in (("1 +", "SyntaxError"), ("import nothing_of_that_name", "ModuleNotFoundError")):
        (tmp_path / "bad.py").write_text(text)
        with pytest.raises(InputError, match=message):
            load_examples(f"{tmp_path}/bad.py:data")


@pytest.mark.parametrize(
    ("data", "got"),
    [
        ((np.zeros((2, 2)), np.zeros(2)), "tuple of ndarray, ndarray"),
        ((torch.zeros(2),), "tuple of Tensor"),
        (torch.zeros(2), "Tensor"),
        (None, "NoneType"),
    ],
)
def test_what_is_no_data_is_refused_with_its_kind(data, got):
    with pytest.raises(InputError, match=rf"a torch Dataset(.|\n)*got {got}(.|\n)*torch.from_numpy"):
        load_examples(data)


def test_one_thing_is_one_split_under_its_own_name():
    assert list(load_splits("digits:train[0:5]")) == ["train"]
    assert list(load_splits(PAIR)) == ["data"]
    assert list(load_splits(list(PAIR))) == ["data"]


def test_a_mapping_names_its_splits():
    splits = load_splits({"seen": PAIR, "test": "digits"})
    assert [(name, part.split) for name, part in splits.items()] == [("seen", "seen"), ("test", "test")]


def test_several_names_are_told_apart_by_split_and_else_by_their_full_name():
    splits = load_splits(["digits:test[0:5]", "digits:train", "digits:test[5:9]"])
    assert {name: len(part) for name, part in splits.items()} == {
        "digits:test[0:5]": 5,
        "train": 1297,
        "digits:test[5:9]": 4,
    }


def test_two_files_of_one_name_are_numbered_and_the_same_data_twice_is_refused(tmp_path):
    for folder in "ab":
        (tmp_path / folder).mkdir()
        np.savez(tmp_path / folder / "own.npz", inputs=np.full((2, 1), ord(folder)), targets=np.zeros(2))
    splits = load_splits([f"{tmp_path}/a/own.npz", f"{tmp_path}/b/own.npz"])
    assert {name: int(part.inputs[0, 0]) for name, part in splits.items()} == {"own.npz": 97, "own.npz#2": 98}
    for same in (["digits", "digits:test"], ["digits:test[0:5]", "digits:test[:5]"]):
        with pytest.raises(InputError, match=r"each data set once\n +got digits:test.* twice"):
            load_splits(same)


def test_no_split_at_all_is_refused():
    for nothing in ([], {}):
        with pytest.raises(InputError, match="at least one split"):
            load_splits(nothing)


def test_no_name_of_examples_holds_a_folder(tmp_path, user_file, write_images, colour_images):
    write_images(tmp_path / "birds" / "test-00000-of-00001.parquet", colour_images, range(7))
    np.savez(tmp_path / "own.npz", inputs=np.zeros(2), targets=np.zeros(2))
    for text in (f"{tmp_path}/birds:test[0:2]", f"{tmp_path}/own.npz[0:1]", f"{user_file}:pair[0:2]"):
        examples: Examples = load_examples(text)
        assert "/" not in examples.name
        assert tmp_path.name not in examples.name
