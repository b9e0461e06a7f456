"""Data over clients: every example has one client, and the classes go where the rule says."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from isthmus.data.clients.dealing import client_parts
from isthmus.data.clients.draws import dirichlet_shares, rounded_shares
from isthmus.data.clients.partition import Client, ClientPartition, client_of, partition_of
from isthmus.data.load import load_examples
from isthmus.data.spec import parse_data_spec
from isthmus.errors import InputError
from isthmus.training.recipe.file import recipe_of

LABELS = np.random.default_rng(3).integers(10, size=500)
BALANCED = np.tile(np.arange(10), 60)
PARTITIONS = [
    ClientPartition(num_clients, rule, amount, seed)
    for num_clients in (1, 2, 20)
    for rule, amount in (
        ("iid", 0), ("dirichlet", 0.01), ("dirichlet", 5), ("mixture", 0.01), ("mixture", 5), ("classes", 10),
        ("shards", 3),
    )
    for seed in (0, 7)
] + [ClientPartition(20, "classes", 2), ClientPartition(2, "classes", 5), ClientPartition(7, "classes", 3)]  # fmt: skip
named = pytest.mark.parametrize(
    "partition", PARTITIONS, ids=lambda p: f"{p.num_clients} clients, {p.text}, seed {p.seed}"
)


def classes_of(part, labels=LABELS):
    return set(labels[part].tolist())


@named
def test_every_example_has_exactly_one_client(partition):
    parts = client_parts(partition, LABELS)
    assert len(parts) == partition.num_clients
    assert sorted(np.concatenate(parts).tolist()) == list(range(500))
    assert all((np.diff(part) > 0).all() for part in parts)


@named
def test_a_partition_is_the_same_every_time_and_another_seed_makes_another(partition):
    first, again = (client_parts(partition, LABELS) for _ in range(2))
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))
    if partition.num_clients > 1:
        others = [replace(partition, seed=partition.seed + k) for k in (1, 2, 3)]
        assert {tuple(map(tuple, client_parts(other, LABELS))) for other in others} != {tuple(map(tuple, first))}


def test_a_partition_is_pinned_for_every_machine():
    labels = np.array([0, 1, 2] * 4)
    pinned = {
        "iid": [[2, 3, 5, 6, 7, 9], [0, 1, 4, 8, 10, 11]],
        "dirichlet": [[2, 3, 7, 10], [0, 1, 4, 5, 6, 8, 9, 11]],
        "mixture": [[1, 2, 3, 4, 7, 10], [0, 5, 6, 8, 9, 11]],
        "classes": [[1, 2, 4, 5, 7, 10], [0, 3, 6, 8, 9, 11]],
        "shards": [[0, 1, 2, 4, 7, 10], [3, 5, 6, 8, 9, 11]],
    }
    for rule, expected in pinned.items():
        parts = client_parts(ClientPartition(2, rule, 2), labels)
        assert [part.tolist() for part in parts] == expected, rule


@pytest.mark.parametrize("rule", ["iid", "mixture", "shards"])
@pytest.mark.parametrize("num_clients", [3, 7, 20])
def test_iid_and_mixture_clients_have_equally_many_examples_and_shards_nearly_so(rule, num_clients):
    sizes = [len(part) for part in client_parts(ClientPartition(num_clients, rule, 2), LABELS)]
    assert max(sizes) - min(sizes) <= (2 if rule == "shards" else 1)


def test_iid_clients_are_drawn_without_regard_to_the_class():
    labels = np.repeat(np.arange(2), 2000)
    parts = client_parts(ClientPartition(2), labels)
    ones = labels[parts[0]].sum()
    assert abs(ones - 1000) < 5 * np.sqrt(4000 / 16)  # hypergeometric: sd sqrt(n/16) for halves of halves


@pytest.mark.parametrize("amount", [0.01, 0.5, 10])
def test_dirichlet_clients_have_the_rounded_shares_of_every_class(amount):
    partition = ClientPartition(5, "dirichlet", amount)
    parts = client_parts(partition, LABELS)
    for label in range(10):
        shares = dirichlet_shares(partition, [(label, client) for client in range(5)])
        counts = np.array([(LABELS[part] == label).sum() for part in parts])
        assert shares.sum() == pytest.approx(1)
        assert (abs(counts - shares * np.count_nonzero(label == LABELS)) <= 1).all()


@pytest.mark.parametrize("amount", [0.02, 0.5, 3])
def test_dirichlet_shares_have_the_mean_and_the_variance_of_their_distribution(amount):
    places = [(0, client) for client in range(4)]
    shares = np.array([dirichlet_shares(ClientPartition(4, "dirichlet", amount, s), places) for s in range(3000)])
    assert shares.mean(axis=0) == pytest.approx(np.full(4, 0.25), abs=0.03)
    assert shares.var(axis=0).mean() == pytest.approx(0.25 * 0.75 / (4 * amount + 1), rel=0.06)


def test_small_concentrations_give_a_class_to_one_client_and_large_ones_share_it_out():
    few, many = (client_parts(ClientPartition(2, "dirichlet", amount), BALANCED) for amount in (0.001, 1000))
    assert all(len({label} & classes_of(few[0], BALANCED) & classes_of(few[1], BALANCED)) == 0 for label in range(10))
    counts = np.array([np.bincount(BALANCED[part], minlength=10) for part in many])
    assert abs(counts - 30).max() <= 3


def test_mixtures_of_small_concentration_are_one_class_and_none_of_twenty_clients_is_empty():
    labels = np.tile(np.arange(10), 200)
    parts = client_parts(ClientPartition(20, "mixture", 0.01), labels)
    assert [len(part) for part in parts] == [100] * 20
    main = [Counter(labels[part].tolist()).most_common(1)[0][1] for part in parts]
    assert np.median(main) >= 90
    even = client_parts(ClientPartition(20, "mixture", 1e4), labels)
    assert max(Counter(labels[even[0]].tolist()).values()) <= 12


@pytest.mark.parametrize(("num_clients", "count"), [(20, 2), (2, 5), (7, 3), (3, 10)])
def test_pathological_clients_have_so_many_classes_and_classes_equally_many_clients(num_clients, count):
    parts = client_parts(ClientPartition(num_clients, "classes", count), LABELS)
    assert [len(classes_of(part)) for part in parts] == [count] * num_clients
    holders = Counter(label for part in parts for label in classes_of(part))
    assert len(holders) == 10
    assert max(holders.values()) - min(holders.values()) <= 1
    for label, number in holders.items():
        counts = [n for part in parts if (n := int((LABELS[part] == label).sum()))]
        assert len(counts) == number
        assert max(counts) - min(counts) <= 1


def test_a_shard_is_a_run_of_the_examples_sorted_by_class():
    parts = client_parts(ClientPartition(10, "shards", 2), BALANCED)  # 20 shards of 30 examples, 60 a class
    assert all(set(Counter(BALANCED[part].tolist()).values()) <= {30, 60} for part in parts)
    assert all(len(classes_of(part, BALANCED)) <= 2 for part in parts)


@pytest.mark.parametrize(("rule", "amount"), [("dirichlet", 0.3), ("mixture", 0.3), ("classes", 2), ("shards", 2)])
def test_a_client_has_the_same_classes_in_train_and_test(rule, amount):
    train, test = (client_parts(ClientPartition(10, rule, amount), np.tile(np.arange(10), n)) for n in (300, 100))
    for one, other in zip(train, test, strict=True):
        counts = [np.bincount(part % 10, minlength=10) for part in (one, other)]
        assert abs(counts[0] / 3 - counts[1]).max() <= 4


def test_shares_are_rounded_without_loss():
    shares = np.array([0.25, 0.25, 0.3, 0.2])
    assert rounded_shares(shares, 6).tolist() == [2, 1, 2, 1]
    assert all(rounded_shares(shares, total).sum() == total for total in range(30))


def test_the_parts_of_a_slice_are_together_the_slice_and_say_whose_they_are():
    whole = load_examples("digits:train[0:100]")
    parts = [load_examples(f"digits:train[0:100]:client={k}/3,dirichlet=1,seed=4") for k in range(3)]
    assert sum(map(len, parts)) == 100
    both = torch.cat([part.inputs.flatten(1) for part in parts])
    assert sorted(both.tolist()) == sorted(whole.inputs.flatten(1).tolist())
    assert parts[1].name == "digits:train[0:100]:client=1/3,dirichlet=1,seed=4"
    assert (parts[1].split, parts[1].normalization) == ("train", whole.normalization)
    indices = client_parts(ClientPartition(3, "dirichlet", 1, 4), whole.targets.numpy())[1]
    assert torch.equal(parts[1].targets, whole.targets[indices])


def test_stored_arrays_and_text_have_clients_too(tmp_path):
    np.savez(tmp_path / "own.npz", inputs=np.arange(8.0), targets=np.zeros(8))
    (tmp_path / "own.txt").write_text("abcdefgh" * 20)
    halves = [load_examples(f"{tmp_path}/own.npz:client={k}/2").inputs.tolist() for k in range(2)]
    assert sorted(halves[0] + halves[1]) == list(range(8))
    assert len(halves[0]) == 4
    windows = [load_examples(f"{tmp_path}/own.txt:length=5,client={k}/2") for k in range(2)]
    assert [len(part) for part in windows] == [16, 15]
    assert windows[0].name == "own.txt:client=0/2,length=5,tokenizer=characters"
    for file in ("own.npz", "own.txt:length=5"):
        option = ",classes=1" if ":" in file else ":classes=1"
        with pytest.raises(InputError, match=r"a class number as the target(.|\n)*leave the rule out"):
            load_examples(f"{tmp_path}/{file}{option},client=0/2")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("client=2/40,dirichlet=0.01", r"at least one example for client 2 of 40\n +got none of 30.*mixture=A"),
        ("client=0/2,classes=3", r"5 to 10 classes a client, so that 2 clients.*got classes=3.*write classes=5"),
        ("client=0/2,classes=11", r"5 to 10 classes a client(.|\n)*write classes=10"),
        ("client=0/4,shards=8", r"an example for each of 32 shards\n +got 30 examples"),
    ],
)
def test_a_rule_that_does_not_fit_the_examples_is_answered(options, message):
    with pytest.raises(InputError, match=f"(?s){message}"):
        load_examples(f"digits:train[0:30]:{options}")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("client=2/2", r"the number K of one of N clients, from 0\n +got client=2/2"),
        ("client=1", "got client=1"),
        ("client=-1/2", "got client=-1/2"),
        ("client=0/0", "got client=0/0"),
        ("dirichlet=1", r"client=K/N with it\n +got dirichlet alone"),
        ("seed=1", r"client=K/N with it\n +got seed alone"),
        ("client=0/2,dirichlet=1,classes=2", r"one rule\n +got dirichlet and classes"),
        ("client=0/2,dirichlet=0", r"a finite concentration above 0\n +got dirichlet=0"),
        ("client=0/2,dirichlet=inf", "a finite concentration above 0"),
        ("client=0/2,mixture=x", "a finite concentration above 0"),
        ("client=0/2,classes=0", r"a number of classes, at least 1\n +got classes=0"),
        ("client=0/2,shards=1.5", "a number of shards, at least 1"),
        ("client=0/2,seed=a", r"a whole number from 0\n +got seed=a"),
        ("client=0/2,dirichelt=1", "Did you mean 'dirichlet'"),
        ("client=0/2,shift=rotate", "Did you mean 'rotation'"),
        ("client=0/2,shift=rotation,seed=1.0", "a whole number from 0"),
        ("shift=blur", r"client=K/N with it\n +got shift alone"),
        ("client=0/2,natural=writer", "Did you mean 'writers'"),
        ("client=0/2,natural=writers,classes=2", r"one rule\n +got classes and natural"),
    ],
)
def test_a_client_that_makes_no_sense_is_answered_before_anything_is_loaded(options, message):
    with pytest.raises(InputError, match=message):
        parse_data_spec(f"digits:train:{options}")


def test_options_say_which_client_is_meant():
    expected = Client(3, ClientPartition(20, "mixture", 0.01, 5))
    assert parse_data_spec("cifar10:train:client=3/20,mixture=0.01,seed=5,normalization=true").client == expected
    assert client_of({"normalization": "true"}, "here") is None
    shifted = ClientPartition(2, "natural", seed=1, shift="blur")
    assert parse_data_spec("mnist:client=1/2,natural=writers,shift=blur,seed=1").client == Client(1, shifted)
    for partition in (expected.partition, shifted, ClientPartition(3), ClientPartition(3, shift="mixed")):
        assert partition_of(partition.text, partition.num_clients, partition.seed, "here") == partition
    assert parse_data_spec("digits:client=0/2").client == Client(0, ClientPartition(2))


def test_a_recipe_may_name_a_client_and_a_wrong_one_is_refused_with_its_field():
    table = {
        "model": "mlp:inputs=64",
        "length": "1ep",
        "batch_size": 8,
        "optimizer": {"name": "sgd", "learning_rate": 1},
    }
    assert recipe_of(table | {"data": "digits:train:client=1/2,classes=5"}, " in r.toml")
    with pytest.raises(InputError, match=r"got client=2/2\n +where data in r.toml"):
        recipe_of(table | {"data": "digits:train:client=2/2"}, " in r.toml")
