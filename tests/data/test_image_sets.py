"""Parquet images: decoded to the bytes they were, in the order of the rows, once."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from isthmus.data import decoded
from isthmus.data.load import load_examples
from isthmus.data.places import data_root_folder
from isthmus.errors import InputError, IsthmusWarning

CPU = torch.device("cpu")


def channels_first(images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.moveaxis(images, -1, 1).copy())


@pytest.fixture
def root(tmp_path, write_images, colour_images):
    """A data root with a tiny set in the place of CIFAR-10."""
    names = [f"class {number}" for number in range(7)]
    for split, form in (("test", "PNG"), ("train", "WEBP")):
        path = tmp_path / "root" / "cifar10" / f"{split}-00000-of-00001.parquet"
        write_images(path, colour_images, range(7), names=names, form=form)
    return tmp_path / "root"


@pytest.mark.parametrize("split", ["test", "train"])
def test_images_come_back_as_the_bytes_they_were_in_the_order_of_the_rows(root, colour_images, split):
    examples = load_examples(f"cifar10:{split}", data_root=root)
    assert examples.inputs.dtype == torch.uint8
    assert torch.equal(examples.inputs, channels_first(colour_images))
    assert examples.targets.tolist() == list(range(7))
    assert examples.targets.dtype == torch.int64
    assert (examples.name, examples.split) == (f"cifar10:{split}", split)
    assert examples.class_names == tuple(f"class {number}" for number in range(7))


def test_the_batch_is_the_stored_image_normalised_and_never_cropped_or_flipped(root, colour_images):
    examples = load_examples("cifar10", data_root=root)
    expected = (colour_images / 255 - (0.4914, 0.4822, 0.4465)) / (0.2023, 0.1994, 0.2010)
    for _ in range(3):
        inputs, _ = examples.batch(0, 7, CPU, torch.float64)
        torch.testing.assert_close(inputs, channels_first(expected), rtol=0, atol=1e-14)


def test_the_normalisation_is_the_papers_unless_another_is_named(root):
    named = {option: load_examples(f"cifar10{option}", data_root=root) for option in ("", ":normalization=true")}
    assert named[""].normalization.name == "paper"
    assert named[":normalization=true"].normalization.std == (0.2470, 0.2435, 0.2616)
    assert named[":normalization=true"].name == "cifar10:test:normalization=true"
    scaled = load_examples("cifar10:test[1:3]:normalization=none", data_root=root)
    assert scaled.normalization.name == "scale"
    assert scaled.name == "cifar10:test[1:3]:normalization=none"
    assert torch.equal(scaled.batch(0, 2, CPU, torch.float32)[0], scaled.inputs / 255)


def test_a_known_set_takes_the_users_own_mean_and_std_and_its_record_names_them(root, colour_images):
    own = "mean=0.485/0.456/0.406,std=0.229/0.224/0.225"
    examples = load_examples(f"cifar10:test[0:3]:{own}", data_root=root)
    expected = (colour_images[:3] / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    torch.testing.assert_close(
        examples.batch(0, 3, CPU, torch.float64)[0], channels_first(expected), rtol=0, atol=1e-14
    )
    assert examples.name == f"cifar10:test[0:3]:{own}"
    assert examples.normalization.shown == "own: (x / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)"
    plain = load_examples("cifar10:test[0:3]", data_root=root)
    assert plain.normalization.shown == "paper"
    assert plain.content_hash != examples.content_hash


def test_own_constants_must_fit_the_channels_and_a_mean_of_bytes_is_warned_of(root):
    with pytest.raises(InputError, match=r"each of 3 channels\n +got 2 means and 1 stds\n +where .*cifar10:test"):
        load_examples("cifar10:test:mean=0.5/0.4,std=0.2", data_root=root)
    with pytest.warns(IsthmusWarning, match=r"mean=123.7/116.3/103.5 of cifar10: .* divided by 255 first"):
        load_examples("cifar10:test:mean=123.7/116.3/103.5,std=58/57/57", data_root=root)


def test_a_slice_is_the_rows_it_names_and_writing_into_it_reaches_nobody(root, colour_images):
    whole = channels_first(colour_images)
    for _ in range(2):
        part = load_examples("cifar10:test[2:5]", data_root=root)
        assert torch.equal(part.inputs, whole[2:5])
        assert part.targets.tolist() == [2, 3, 4]
        assert part.name == "cifar10:test[2:5]"
        part.inputs.zero_()
    assert torch.equal(load_examples("cifar10:test[2:]", data_root=root).inputs, whole[2:])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cifar10:test[0:8]", r"within the 7 examples\n +got \[0:8\]\n +where cifar10:test\n +do stay within \[0:7\]"),
        ("cifar10:test[3:3]", r"at least one of the 7 examples\n +got \[3:3\], which is empty"),
        ("cifar10:test[9:]", r"at least one of the 7 examples\n +got \[9:\]"),
    ],
)
def test_a_slice_outside_the_split_or_empty_is_refused_with_its_size(root, text, message):
    with pytest.raises(InputError, match=message):
        load_examples(text, data_root=root)


def test_the_second_load_decodes_nothing_and_gives_the_same(root, monkeypatch):
    first = load_examples("cifar10:test", data_root=root)
    monkeypatch.setattr(decoded, "decoded_images", None)
    assert load_examples("cifar10:test", data_root=root).content_hash == first.content_hash


def test_the_cache_is_found_by_content_whatever_the_files_name_and_time(root, cache, write_images, colour_images):
    load_examples("cifar10:test", data_root=root)
    path = root / "cifar10" / "test-00000-of-00001.parquet"
    path.rename(root / "moved.parquet")
    load_examples(str(root / "moved.parquet"))
    assert len(list(cache.iterdir())) == 1
    write_images(path, colour_images[::-1], range(7))
    assert torch.equal(load_examples("cifar10", data_root=root).inputs, channels_first(colour_images[::-1]))
    assert sorted(file.suffix for file in cache.iterdir()) == [".npy", ".npy"]


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "rows", "type", "folder"])
def test_a_damaged_cache_is_made_again(root, cache, colour_images, damage):
    load_examples("cifar10", data_root=root)
    (file,) = cache.iterdir()
    content, images = file.read_bytes(), np.load(file)
    if damage in {"rows", "type"}:
        np.save(file, images[:-1] if damage == "rows" else images.astype(np.int16))
    elif damage == "folder":
        file.unlink()
        file.mkdir()
    else:
        file.write_bytes({"cut": content[:-1], "empty": b"", "text": b"no array at all" * 50}[damage])
    assert torch.equal(load_examples("cifar10", data_root=root).inputs, channels_first(colour_images))
    if damage != "folder":
        assert file.read_bytes() == content


def test_a_cache_that_cannot_be_written_only_means_no_cache(root, tmp_path, monkeypatch, colour_images):
    (tmp_path / "file").touch()
    monkeypatch.setenv("ISTHMUS_CACHE", str(tmp_path / "file" / "below"))
    for _ in range(2):
        assert torch.equal(load_examples("cifar10", data_root=root).inputs, channels_first(colour_images))


def test_the_data_root_is_the_argument_then_the_environment_then_the_users_cache(root, monkeypatch):
    monkeypatch.setenv("ISTHMUS_DATA", str(root))
    assert len(load_examples("cifar10")) == 7
    assert data_root_folder(root / "other") == root / "other"
    monkeypatch.delenv("ISTHMUS_DATA")
    assert data_root_folder().parts[-2:] == ("isthmus", "data")


def test_an_absent_known_set_is_answered_with_the_place_looked_at_and_how_to_set_it(root):
    with pytest.raises(InputError) as caught:
        load_examples("mnist:train", data_root=root)
    message = str(caught.value)
    assert f"{root}/mnist" in message
    assert "train-*.parquet" in message
    assert "no such folder" in message
    assert "--data-root or the environment variable ISTHMUS_DATA" in message
    (root / "mnist").mkdir()
    with pytest.raises(InputError, match="no such file"):
        load_examples("mnist:train", data_root=root)


def test_cifar100_takes_its_fine_labels(tmp_path, write_images, colour_images):
    path = write_images(
        tmp_path / "cifar100" / "test-00000-of-00001.parquet", colour_images, range(7), label="fine_label"
    )
    table = pq.read_table(path)
    pq.write_table(table.add_column(0, "coarse_label", pa.array([0] * 7)), path)
    assert load_examples("cifar100", data_root=tmp_path).targets.tolist() == list(range(7))


def test_grey_images_have_one_channel_and_a_table_beside_the_shards_is_left_alone(tmp_path, write_images):
    grey = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    write_images(tmp_path / "mnist" / "train-00000-of-00001.parquet", list(grey), [5, 6], image="image")
    pq.write_table(pa.table({"writer": [1, 2]}), tmp_path / "mnist" / "train-writers.parquet")
    examples = load_examples("mnist:train", data_root=tmp_path)
    assert torch.equal(examples.inputs, torch.from_numpy(grey).unsqueeze(1))
    assert examples.normalization.mean == (0.1307,)


def test_one_bit_images_become_black_and_white_bytes(tmp_path, write_images):
    write_images(tmp_path / "ink.parquet", [np.array([[True, False], [False, True]])], [0])
    assert load_examples(str(tmp_path / "ink.parquet")).inputs.flatten().tolist() == [255, 0, 0, 255]


def test_shards_follow_their_numbers_and_only_those_of_the_slice_are_decoded(
    tmp_path, cache, write_images, colour_images
):
    for number in range(3):
        rows = slice(2 * number, 2 * number + 2)
        write_images(tmp_path / "own" / f"test-0000{number}-of-00003.parquet", colour_images[rows], range(7)[rows])
    part = load_examples(f"{tmp_path}/own:test[3:5]")
    assert torch.equal(part.inputs, channels_first(colour_images[3:5]))
    assert part.targets.tolist() == [3, 4]
    assert len(list(cache.iterdir())) == 2
    assert load_examples(f"{tmp_path}/own").targets.tolist() == list(range(6))


def test_an_absent_last_shard_is_told_and_one_absent_between_is_refused(tmp_path, write_images, colour_images):
    for number in (0, 1):
        write_images(tmp_path / "own" / f"test-0000{number}-of-00003.parquet", colour_images, range(7))
    with pytest.warns(IsthmusWarning, match="own:test has 2 of 3 files"):
        assert len(load_examples(f"{tmp_path}/own:test")) == 14
    assert len(load_examples(f"{tmp_path}/own:test[0:10]")) == 10
    (tmp_path / "own" / "test-00000-of-00003.parquet").unlink()
    with pytest.raises(InputError, match=r"numbered from 0, none missing between\n +got test-00001-of-00003.parquet"):
        load_examples(f"{tmp_path}/own:test")


def test_own_images_have_any_columns_and_are_only_scaled_unless_told_otherwise(tmp_path, write_images, colour_images):
    path = write_images(tmp_path / "birds.parquet", colour_images, range(7), image="photo", label="species")
    with pytest.raises(InputError, match=r"one label column.*\n.*could be it: species\n.*\n.*option label=NAME"):
        load_examples(str(path))
    with pytest.raises(InputError, match=r"Did you mean 'species'"):
        load_examples(f"{path}:label=specie")
    examples = load_examples(f"{path}:label=species")
    assert (examples.split, examples.name) == ("data", "birds.parquet:label=species")
    assert examples.normalization.name == "scale"
    own = load_examples(f"{path}:label=species,mean=0.5/0.25/0,std=1/1/2")
    expected = (colour_images[0, 0, 0] / 255 - (0.5, 0.25, 0)) / (1, 1, 2)
    assert own.batch(0, 1, CPU, torch.float64)[0][0, :, 0, 0].tolist() == pytest.approx(expected, abs=1e-15)


def test_one_of_two_image_columns_has_to_be_chosen(tmp_path, write_images, colour_images):
    path = write_images(tmp_path / "pairs.parquet", colour_images, range(7), image="left")
    other = write_images(tmp_path / "other.parquet", colour_images[::-1], range(7), image="right")
    pq.write_table(pq.read_table(path).append_column("right", pq.read_table(other)["right"]), path)
    with pytest.raises(InputError, match=r"got 2 columns that could be it: left, right\n.*\n.*image=NAME"):
        load_examples(str(path))
    for _ in range(2):
        assert torch.equal(load_examples(f"{path}:image=right").inputs, channels_first(colour_images[::-1]))
        assert torch.equal(load_examples(f"{path}:image=left").inputs, channels_first(colour_images))


def test_a_file_named_after_its_split_is_of_that_split(tmp_path, write_images, colour_images):
    path = write_images(tmp_path / "train-00000-of-00001.parquet", colour_images, range(7))
    assert load_examples(str(path)).split == "train"


def test_an_unknown_split_of_a_folder_is_answered_with_those_it_has(tmp_path, write_images, colour_images):
    write_images(tmp_path / "own" / "validation-00000-of-00001.parquet", colour_images, range(7))
    with pytest.raises(
        InputError, match=r"a split: one of validation\n +got 'valdation'(.|\n)*Did you mean 'validation'"
    ):
        load_examples(f"{tmp_path}/own:valdation")
    (tmp_path / "bare").mkdir()
    with pytest.raises(InputError, match=r"files test-\*.parquet\n +got no Parquet file"):
        load_examples(f"{tmp_path}/bare")


def test_what_is_no_whole_parquet_file_is_refused(tmp_path, write_images, colour_images):
    path = tmp_path / "own.parquet"
    path.write_bytes(b"PAR1 and then nothing of the kind")
    with pytest.raises(InputError, match=r"a whole Parquet file(.|\n)*where own.parquet"):
        load_examples(str(path))
    write_images(path, colour_images, range(7))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="a whole Parquet file"):
        load_examples(str(path))


def test_a_table_without_images_is_refused(tmp_path):
    pq.write_table(pa.table({"name": ["a"], "label": [1]}), tmp_path / "text.parquet")
    with pytest.raises(InputError, match=r"a column of texts, images or numbers\n +got columns name, label"):
        load_examples(str(tmp_path / "text.parquet"))


def test_images_that_are_not_alike_or_cannot_be_read_are_refused_by_their_row(tmp_path, cache, write_images):
    small, large = np.zeros((4, 4), np.uint8), np.zeros((5, 4), np.uint8)
    cases = [
        ([small, large], r"images of one size, \(1, 4, 4\).*\n +got \(1, 5, 4\)\n +where row 1 of own.parquet"),
        ([small, np.zeros((4, 4, 3), np.uint8)], r"got \(3, 4, 4\)\n +where row 1"),
        ([small, b"no image"], r"bytes that Pillow cannot decode(.|\n)*where row 1"),
        ([None, small], r"a row without bytes\n +where row 0"),
        ([np.zeros((4, 4, 4), np.uint8)], "an image of mode 'RGBA'"),
        ([], "at least one"),
    ]
    for images, message in cases:
        write_images(tmp_path / "own.parquet", images, range(len(images)))
        with pytest.raises(InputError, match=message):
            load_examples(str(tmp_path / "own.parquet"))
    assert not cache.exists()


def test_a_row_without_a_label_is_refused(tmp_path, write_images, colour_images):
    write_images(tmp_path / "own.parquet", colour_images, [0, 1, 2, None, 4, 5, 6])
    with pytest.raises(InputError, match=r"a label in every row\n +got 1 rows without one"):
        load_examples(str(tmp_path / "own.parquet"))


@pytest.mark.parametrize(("mean", "std"), [("a", "1"), ("0.5", "0"), ("0.5", "nan"), ("0.5/0.5", "1/1")])
def test_a_normalisation_that_is_no_normalisation_is_refused(tmp_path, write_images, colour_images, mean, std):
    path = write_images(tmp_path / "own.parquet", colour_images, range(7))
    with pytest.raises(InputError, match=r"own.parquet"):
        load_examples(f"{path}:mean={mean},std={std}")
