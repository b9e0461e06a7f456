"""What each client trains on and is tested on: the shares agree, and nothing of the one is in the other."""

import numpy as np
import pytest
import torch

from isthmus.data.clients.matched import LEAST, matched_parts
from isthmus.data.clients.parts import client_examples
from isthmus.data.load import load_examples
from isthmus.errors import InputError

TRAIN, TEST = "fashion_mnist_small:train[0:2000]", "fashion_mnist_small:test"
RULES = ["iid", "dirichlet=0.3", "mixture=0.1", "classes=2", "shards=2"]


@pytest.fixture(scope="module", params=RULES)
def clients(request):
    return request.param, client_examples(TRAIN, TEST, request.param, 10, seed=3)


def counts_of(examples):
    return np.bincount(examples.targets.numpy(), minlength=10)


def test_a_clients_training_part_is_that_of_the_specification_and_together_they_are_all(clients):
    text, found = clients
    options = "" if text == "iid" else f"{text},"
    for client in (found[0], found[7]):
        same = load_examples(f"{TRAIN}:client={client.number}/10,{options}seed=3")
        assert client.train.content_hash == same.content_hash
    assert sum(len(client.train) for client in found) == 2000
    assert [client.number for client in found] == list(range(10))
    assert all(text in client.rule for client in found)


def test_a_clients_test_part_has_the_class_shares_of_its_training_part_to_less_than_an_example(clients):
    _, found = clients
    for client in found:
        train, test = counts_of(client.train), counts_of(client.test)
        assert (abs(test - train / train.sum() * test.sum()) < 1).all()
        # A client's share of all examples, unless it is raised to the least, or a class has only 100 test examples.
        fair = max(LEAST, len(client.train) / 2)
        assert abs(len(client.test) - fair) <= 1 or (test.max() == 107 and len(client.test) < fair)


def test_a_clients_test_part_is_official_test_examples_none_twice(clients):
    _, found = clients
    official = load_examples(TEST)
    for client in found:
        assert client.test.split == "test"
        assert (client.test_indices.diff() > 0).all()
        assert client.test.content_hash == official.take(client.test_indices).content_hash


def test_clients_share_test_examples_only_where_a_class_is_used_up():
    labels, test_labels = np.tile(np.arange(10), 60), np.tile(np.arange(10), 40)
    for parts in (np.split(np.arange(600), 6), np.split(np.argsort(labels, kind="stable"), 10)):
        taken = np.concatenate(matched_parts(parts, labels, test_labels, seed=0))
        assert np.bincount(taken, minlength=400).max() == 1
        assert len(taken) == 400
    taken = np.concatenate(matched_parts(np.split(np.arange(600), 60), labels, test_labels, seed=0))
    assert set(np.bincount(taken, minlength=400)) == {4, 5}  # 60 clients at the least of 30, from 400 examples


def test_a_client_of_five_examples_is_tested_on_the_least_number():
    labels, test_labels = np.repeat([0, 1], [995, 5]), np.repeat([0, 1], 100)
    parts = [np.arange(995), np.arange(995, 1000)]
    assert [len(part) for part in matched_parts(parts, labels, test_labels, seed=0)] == [100, LEAST]


def test_the_same_call_gives_the_same_and_another_seed_gives_others():
    first, again, other = (client_examples("digits:train", "digits:test", "iid", 4, seed=s) for s in (0, 0, 1))
    hashes = [[(c.train.content_hash, c.test.content_hash) for c in found] for found in (first, again, other)]
    assert hashes[0] == hashes[1]
    assert not set(sum(hashes[0], ())) & set(sum(hashes[2], ()))


def test_two_slices_of_one_split_may_be_training_and_test_set():
    found = client_examples("digits:train[0:60]", "digits:train[60:180]", "iid", 2, seed=0)
    assert [len(client.train) for client in found] == [30, 30]


def test_the_only_client_has_everything():
    (client,) = client_examples("digits:train", "digits:test", "shards=3", 1, seed=0)
    assert torch.equal(client.train.targets, load_examples("digits:train").targets)


def test_examples_without_classes_are_dealt_out_too(tmp_path):
    for name, size in (("train", 40), ("test", 20)):
        np.savez(tmp_path / f"{name}.npz", inputs=np.arange(size, dtype=float), targets=np.zeros(size))
    found = client_examples(f"{tmp_path}/train.npz", f"{tmp_path}/test.npz", "iid", 2, seed=0)
    assert [(len(client.train), len(client.test)) for client in found] == [(20, 20), (20, 20)]


@pytest.mark.parametrize(
    ("train", "test", "text", "number", "message"),
    [
        ("digits:train", "digits:test", "dirichelt=1", 2, r"one of iid, dirichlet(.|\n)*Did you mean 'dirichlet'"),
        ("digits:train", "digits:test", "dirichlet", 2, "each rule once, as rule=value\n +got 'dirichlet'"),
        ("digits:train", "digits:test", "dirichlet=1,classes=2", 2, "one rule\n +got dirichlet and classes"),
        ("digits:train", "digits:test", "iid,dirichlet=1", 2, "one rule\n +got 'iid,dirichlet=1'"),
        ("digits:train", "digits:test", "iid,iid", 2, "one rule"),
        ("digits:train", "digits:test", "iid,seed=3", 2, "a rule: one of(.|\n)*got 'seed'"),
        ("digits:train", "digits:test", "shards=2,shift=", 2, "each rule once, as rule=value"),
        ("digits:train", "digits:test", "iid", 0, "at least one client\n +got 0"),
        ("digits:train", "digits:test", "iid", 1298, "at least one example for client 1297"),
        ("digits:train", "digits:test", "dirichlet=0.01", 50, "at least one example for client"),
        ("digits:train:client=0/2", "digits:test", "iid", 2, "leave client=K/N out"),
        ("digits:train[0:60]", "digits:train[50:90]", "iid", 2, "test examples that no client trains on"),
        ("digits:train", "digits:test[0:3]", "iid", 2, r"test examples of class .*, which client 0 trains on"),
        ("digits:train:mean=0.5,std=1", "digits:test", "iid", 2, "one normalization"),
        ("digits:train", "fashion_mnist_small:test", "iid", 2, "inputs of one shape"),
    ],
)
def test_what_makes_no_clients_is_answered(train, test, text, number, message):
    with pytest.raises(InputError, match=message):
        client_examples(train, test, text, number, seed=0)
