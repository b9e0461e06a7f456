"""The official sets, where this machine has them: the very bytes of the official releases."""

import hashlib
import io
import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from isthmus.data.load import load_examples
from isthmus.data.spec import TEXT_SPLITS

HERE = Path(__file__).resolve().parents[3] / "shared" / "data"
ROOT = Path(os.environ["ISTHMUS_DATA"]) if os.environ.get("ISTHMUS_DATA") else HERE
GIT_BLOB_OF_IMAGES = {
    "mnist": "1170b2cae98de7a524b163fcc379ac8f00925b12",
    "fashion_mnist": "37bac79bc6f002d965f363e0b20514904504a4d9",
}


def root_with(source: str) -> Path:
    if not (ROOT / source / "test-00000-of-00001.parquet").exists():
        pytest.skip(f"no {source} under ISTHMUS_DATA or ../shared/data")
    return ROOT


def decoded(column) -> np.ndarray:
    return np.stack([np.asarray(Image.open(io.BytesIO(row["bytes"]))) for row in column.to_pylist()])


@pytest.mark.parametrize("source", sorted(GIT_BLOB_OF_IMAGES))
def test_grey_test_images_are_the_official_file_to_the_byte(source):
    examples = load_examples(f"{source}:test", data_root=root_with(source))
    header = np.array([2051, 10000, 28, 28], dtype=">i4").tobytes()
    official = header + examples.inputs.numpy().tobytes()
    assert hashlib.sha1(b"blob %d\0" % len(official) + official).hexdigest() == GIT_BLOB_OF_IMAGES[source]
    assert examples.normalization.name == "true"


def test_cifar10_test_images_have_the_official_classes_and_the_constants_are_theirs():
    examples = load_examples("cifar10:test", data_root=root_with("cifar10"))
    assert examples.inputs.shape == (10000, 3, 32, 32)
    assert examples.targets.bincount().tolist() == [1000] * 10
    assert examples.targets[:8].tolist() == [3, 8, 8, 0, 6, 6, 1, 6]
    assert examples.class_names[3] == "cat"
    last = decoded(pq.read_table(ROOT / "cifar10" / "test-00000-of-00001.parquet")["img"][-100:])
    assert np.array_equal(examples.inputs[-100:].permute(0, 2, 3, 1).numpy(), last)
    pixels = examples.inputs.float() / 255
    own_std = pixels.std(dim=(2, 3), correction=0).mean(0)
    assert own_std.tolist() == pytest.approx(examples.normalization.std, abs=0.003)
    true = load_examples("cifar10:test[0:1]:normalization=true", data_root=ROOT).normalization
    assert pixels.std(dim=(0, 2, 3), correction=0).tolist() == pytest.approx(true.std, abs=0.003)


def test_cifar100_has_its_fine_classes():
    examples = load_examples("cifar100:test", data_root=root_with("cifar100"))
    assert examples.targets.bincount().tolist() == [100] * 100
    assert examples.class_names[0] == "apple"


@pytest.mark.parametrize(("split", "size"), [("train", 4000), ("test", 1000)])
def test_the_shipped_slice_is_the_beginning_of_the_official_set(split, size):
    file = root_with("fashion_mnist") / "fashion_mnist" / f"{split}-00000-of-00001.parquet"
    official = pq.read_table(file)[:size]
    shipped = load_examples(f"fashion_mnist_small:{split}")
    assert np.array_equal(shipped.inputs[:, 0].numpy(), decoded(official["image"]))
    assert shipped.targets.tolist() == official["label"].to_pylist()


def test_the_texts_are_the_official_ones_to_the_character():
    if not (ROOT / "tiny_shakespeare").is_dir() or not (ROOT / "wikitext2").is_dir():
        pytest.skip("no tiny_shakespeare or no wikitext2 under ISTHMUS_DATA or ../shared/data")
    train, validation = (
        load_examples(f"tiny_shakespeare:{s}:length=1", data_root=ROOT) for s in TEXT_SPLITS["tiny_shakespeare"]
    )
    assert (len(train) + 1, len(validation) + 1, len(train.class_names)) == (1_003_854, 111_540, 65)
    articles = load_examples("wikitext2:test:length=1", data_root=ROOT)
    points = np.array([ord(character) for character in articles.class_names])[articles.inputs[:, 0].numpy()]
    text = points.astype("<u4").tobytes().decode("utf-32-le").encode() + b"\n"
    blob = hashlib.sha1(b"blob %d\0" % len(text) + text).hexdigest()
    assert blob == "6f3fc88e4cd88456ea892971f9f12243e8428624"


def test_the_shipped_page_is_the_beginning_of_the_official_plays():
    if not (ROOT / "tiny_shakespeare").is_dir():
        pytest.skip("no tiny_shakespeare under ISTHMUS_DATA or ../shared/data")
    official = (ROOT / "tiny_shakespeare" / "input.txt").read_text(encoding="utf-8")[:20_000]
    for split, part in (("train", official[:18_000]), ("validation", official[18_000:])):
        shipped = load_examples(f"shakespeare_small:{split}:length=1")
        assert "".join(shipped.class_names[token] for token in shipped.inputs.flatten()) == part[:-1]
