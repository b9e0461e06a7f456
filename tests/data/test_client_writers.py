"""Natural clients: a writer's digits stay together, and the test's writers are other people."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from isthmus.data.clients.matched import matched_parts
from isthmus.data.clients.partition import ClientPartition
from isthmus.data.clients.parts import client_examples
from isthmus.data.clients.writers import load_writers, natural_parts
from isthmus.data.examples import Examples
from isthmus.data.load import load_examples
from isthmus.data.spec import parse_data_spec
from isthmus.errors import InputError

HERE = Path(__file__).resolve().parents[3] / "shared" / "data"
ROOT = Path(os.environ["ISTHMUS_DATA"]) if os.environ.get("ISTHMUS_DATA") else HERE
PAIRS = np.random.default_rng(1).permutation(20).repeat(2)  # two digits after each other are by one writer
WRITERS = np.random.default_rng(0).integers(100, 140, size=500)


@pytest.fixture
def small_mnist(tmp_path, write_images) -> Path:
    """Forty training digits of eight writers, forty test digits of two others; odd writers are of another series."""
    for split, first, num_writers in (("train", 10, 8), ("test", 50, 2)):
        images = [np.full((2, 2), value, dtype=np.uint8) for value in range(40)]
        labels = np.arange(40) % 2
        write_images(tmp_path / "mnist" / f"{split}-00000-of-00001.parquet", images, labels, image="image")
        writer = first + PAIRS % num_writers
        table = {"writer": writer, "hsf": writer % 2 * 4, "label": labels}
        pq.write_table(pa.table(table), tmp_path / "mnist" / f"{split}-writers.parquet")
    return tmp_path


@pytest.mark.parametrize("num_clients", [1, 3, 39, 40])
def test_every_writer_is_at_exactly_one_client_and_sizes_differ_by_a_writer_at_most(num_clients):
    parts = natural_parts(ClientPartition(num_clients, "natural"), WRITERS, "here")
    assert sorted(np.concatenate(parts).tolist()) == list(range(500))
    people = [set(WRITERS[part].tolist()) for part in parts]
    assert sum(map(len, people)) == 40
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= np.unique(WRITERS, return_counts=True)[1].max()


def test_writers_are_dealt_out_the_same_way_each_time_and_another_way_under_another_seed():
    first, again, other = (
        [p.tolist() for p in natural_parts(ClientPartition(3, "natural", seed=seed), WRITERS, "here")]
        for seed in (0, 0, 1)
    )
    assert first == again != other


def test_a_writer_is_a_client_of_a_specification(small_mnist):
    parts = [load_examples(f"mnist:train:client={k}/8,natural=writers", data_root=small_mnist) for k in range(8)]
    people = [{PAIRS[value] % 8 for value in part.inputs[:, 0, 0, 0].tolist()} for part in parts]
    assert sorted(map(list, people)) == [[writer] for writer in range(8)]
    assert sum(map(len, parts)) == 40
    slices = [load_examples(f"mnist:train[21:27]:client={k}/2,natural=writers", data_root=small_mnist) for k in (0, 1)]
    people = [{PAIRS[value] % 8 for value in part.inputs[:, 0, 0, 0].tolist()} for part in slices]
    assert not people[0] & people[1]


def test_a_natural_client_is_tested_on_other_peoples_digits_in_its_shares(small_mnist):
    found = client_examples("mnist:train", "mnist:test", "natural=writers", 8, seed=0, data_root=small_mnist)
    for client in found:
        series = [
            {PAIRS[value] % 2 for value in part.inputs[:, 0, 0, 0].tolist()} for part in (client.train, client.test)
        ]
        assert series[0] == series[1]
        assert client.test.targets.bincount().tolist() == [10, 10]
        assert "other people's digits" in client.rule
    with pytest.raises(InputError, match=r"test examples of kind \(10 \* series \+ digit\) 0, 1, which client"):
        client_examples("mnist:train", "mnist:test[0:2]", "natural=writers", 8, seed=0, data_root=small_mnist)


def test_writers_that_are_not_there_or_are_others_are_answered(small_mnist):
    def load(text):
        return load_examples(f"{text},natural=writers", data_root=small_mnist)

    with pytest.raises(InputError, match=r"a writer for each of 9 clients\n +got 8 writers"):
        load("mnist:train:client=0/9")
    with pytest.raises(InputError, match=r"mnist, whose writers are known(.|\n)*got digits"):
        load("digits:train:client=0/2")
    file = small_mnist / "mnist" / "train-writers.parquet"
    table = pq.read_table(file)
    pq.write_table(table.slice(1), file)
    with pytest.raises(InputError, match=r"the labels of mnist:train\n +got others"):
        load("mnist:train:client=0/2")
    file.unlink()
    with pytest.raises(InputError, match=r"train-writers.parquet beside the images.*\n +got no such file"):
        load("mnist:train:client=0/2")


def test_no_official_test_digit_is_by_a_writer_of_the_training_digits():
    if not (ROOT / "mnist" / "train-writers.parquet").exists():
        pytest.skip("no writers of mnist under ISTHMUS_DATA or ../shared/data")

    def writers(split):
        labels = pq.read_table(ROOT / "mnist" / f"{split}-writers.parquet")["label"].to_numpy().astype(np.int64)
        digits = Examples(torch.zeros(len(labels)), torch.from_numpy(labels), f"mnist:{split}", split)
        return load_writers(digits, parse_data_spec(f"mnist:{split}"), ROOT)

    train, test = writers("train"), writers("test")
    assert (len(set(train.numbers)), len(set(test.numbers))) == (539, 297)
    assert not set(train.numbers) & set(test.numbers)
    parts = natural_parts(ClientPartition(20, "natural"), train.numbers, "here")
    assert {len(part) // 100 for part in parts} <= {29, 30}
    for part, test_part in zip(parts, matched_parts(parts, train.kinds, test.kinds, seed=0), strict=True):
        shares = np.bincount(train.kinds[part], minlength=50) / len(part)
        counts = np.bincount(test.kinds[test_part], minlength=50)
        assert (abs(counts - shares * len(test_part)) < 1).all()
        assert 480 < len(test_part) < 520
