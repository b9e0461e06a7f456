"""Which examples each client has.

Every draw is a SHA-256 of the seed and of what is drawn for (a class, a client, an example), so that a partition is the
same on every machine, and what a client likes is the same on the train and the test split: clients of one name in both
have classes in the same shares wherever the two splits do.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Int

from isthmus.data.clients.draws import (
    Indices,
    dirichlet_shares,
    hashed_number,
    log_gammas,
    normalised,
    rounded_shares,
    shuffled,
)
from isthmus.data.clients.partition import Client, ClientPartition, DealingRule
from isthmus.data.clients.writers import natural_parts
from isthmus.errors import InputError

Labels = Int[np.ndarray, " n"]


def client_indices(client: Client, labels: Labels | None, num_examples: int, where: str) -> Indices:
    """The numbers of one client's examples.

    Args:
        client: Which.
        labels: Class number of each example, or its writer's for "natural"; None where examples have none, which only
            "iid" can deal with.
        num_examples: How many there are.
        where: What to call the examples in a message.

    Returns:
        Numbers in ascending order, at least one.

    Raises:
        InputError: The rule does not fit the classes, or leaves this client without an example.
    """
    known = known_labels(client.partition, labels, num_examples, where)
    indices = client_parts(client.partition, known, where)[client.number]
    refuse_empty(client, indices, num_examples, where)
    return indices


def known_labels(partition: ClientPartition, labels: Labels | None, num_examples: int, where: str) -> Labels:
    """The class numbers that a rule deals by.

    Args:
        partition: The rule.
        labels: Class number of each example; None where examples have none.
        num_examples: How many there are.
        where: What to call the examples in a message.

    Returns:
        The same; where examples have none all 0, for "iid", which does not look at them.

    Raises:
        InputError: The rule needs classes.
    """
    if labels is not None:
        return labels
    if partition.rule != "iid":
        expected = f"a class number as the target of each example, for {partition.text}"
        raise InputError(expected, "other targets", where, "leave the rule out")
    return np.zeros(num_examples, dtype=np.int64)


def refuse_empty(client: Client, indices: Indices, num_examples: int, where: str) -> None:
    """Refuse a client without an example.

    Args:
        client: Which.
        indices: The numbers of its examples.
        num_examples: How many were dealt out.
        where: What to call the examples in a message.

    Raises:
        InputError: There are no numbers.
    """
    if not len(indices):
        raise InputError(
            f"at least one example for client {client.number} of {client.partition.num_clients}",
            f"none of {num_examples}, dealt out by {client.partition.text}",
            where,
            "take more examples, fewer clients or another seed; mixture=A gives every client equally many",
        )


def client_parts(partition: ClientPartition, labels: Labels, where: str = "the examples") -> list[Indices]:
    """The examples of every client: disjoint, and together all of them.

    Args:
        partition: The rule.
        labels: Class number of each example; its writer's for "natural".
        where: What to call the examples in a message.

    Returns:
        For each client the numbers of its examples in ascending order; it may have none.

    Raises:
        InputError: The rule does not fit the classes.

    Example:
        >>> labels = np.array([0, 0, 1, 1, 0, 1])
        >>> sorted(labels[part].tolist() for part in client_parts(ClientPartition(2, "classes", 1), labels))
        [[0, 0, 0], [1, 1, 1]]
    """
    return [np.sort(part) for part in RULES[partition.rule](partition, labels, where)]


def iid_parts(partition: ClientPartition, labels: Labels, where: str) -> list[Indices]:
    """At random, whatever the class; sizes differ by at most one.

    Args:
        partition: The number of clients.
        labels: Only their number counts.
        where: Not used.

    Returns:
        One part a client.
    """
    del where
    return np.array_split(shuffled(np.arange(len(labels)), partition.seed), partition.num_clients)


def dirichlet_parts(partition: ClientPartition, labels: Labels, where: str) -> list[Indices]:
    """Class by class: the shares p of the N clients are drawn from Dir(A, ..., A); sizes differ, some may be 0.

    The last example of client k is number round(n_c (p_1 + ... + p_k)) of the n_c of class c, in random order.

    Args:
        partition: `amount` is A: small ones give a class to one client, large ones the same share to all.
        labels: Class number of each example.
        where: Not used.

    Returns:
        One part a client.

    Source:
        Yurochkin et al., "Bayesian Nonparametric Federated Learning of Neural Networks", ICML 2019.
    """
    del where
    clients: list[list[Indices]] = [[] for _ in range(partition.num_clients)]
    for label, indices in _by_class(partition, labels).items():
        shares = dirichlet_shares(partition, [(label, k) for k in range(partition.num_clients)])
        ends = np.rint(np.cumsum(shares)[:-1] * len(indices)).astype(np.int64)
        for part, chosen in zip(clients, np.split(indices, ends), strict=True):
            part.append(chosen)
    return [np.concatenate(parts) for parts in clients]


def mixture_parts(partition: ClientPartition, labels: Labels, where: str) -> list[Indices]:
    """Client by client: its mixture q of the classes is drawn from Dir(A, ..., A); sizes differ by at most one.

    A client takes of every class its share of q as long as there is some left, and what is missing in proportion to q
    from the classes that are left; so the last clients get what the others leave.

    Args:
        partition: `amount` is A: small ones give a client one class, large ones all classes alike.
        labels: Class number of each example.
        where: Not used.

    Returns:
        One part a client, none empty where there are examples enough.

    Source:
        Hsu, Qi, Brown, "Measuring the Effects of Non-Identical Data Distribution for Federated Visual Classification",
        2019, arXiv:1909.06335. Departure: shares are rounded, not drawn, and every class counts alike in the prior.
    """
    del where
    by_class = _by_class(partition, labels)
    stock = np.array([len(indices) for indices in by_class.values()])
    taken = np.zeros_like(stock)
    parts = []
    for client in range(partition.num_clients):
        missing = len(labels) // partition.num_clients + (client < len(labels) % partition.num_clients)
        liking = log_gammas(partition, [(label, client) for label in by_class])
        before = taken.copy()
        # A class that runs out is shared out again among those that are left, until the client is full.
        while missing:
            wanted = rounded_shares(normalised(np.where(stock > taken, liking, -math.inf)), missing)
            chosen = np.minimum(wanted, stock - taken)
            taken += chosen
            missing -= int(chosen.sum())
        ranges = zip(by_class.values(), before, taken, strict=True)
        parts.append(np.concatenate([indices[first:last] for indices, first, last in ranges]))
    return parts


def classes_parts(partition: ClientPartition, labels: Labels, where: str) -> list[Indices]:
    """A few classes a client ("pathological"): C for every client, and classes have equally many clients, or one more.

    Client by client takes the C classes that fewest clients have so far, at random among equals; the clients of a class
    share its examples evenly.

    Args:
        partition: `amount` is C.
        labels: Class number of each example.
        where: For the message.

    Returns:
        One part a client.

    Raises:
        InputError: There are fewer than C classes, or more than N C.
    """
    by_class, count = _by_class(partition, labels), int(partition.amount)
    if not count <= len(by_class) <= count * partition.num_clients:
        least = math.ceil(len(by_class) / partition.num_clients)
        raise InputError(
            f"{least} to {len(by_class)} classes a client, so that {partition.num_clients} clients have all "
            f"{len(by_class)} classes",
            partition.text,
            where,
            f"write classes={min(max(count, least), len(by_class))}",
        )
    holders: dict[int, list[int]] = {label: [] for label in by_class}
    for client in range(partition.num_clients):
        rank = {
            label: (len(holders[label]), hashed_number(partition.seed, "held", label, client)) for label in by_class
        }
        for label in sorted(by_class, key=rank.__getitem__)[:count]:
            holders[label].append(client)
    clients: list[list[Indices]] = [[] for _ in range(partition.num_clients)]
    for label, indices in by_class.items():
        for client, chosen in zip(holders[label], np.array_split(indices, len(holders[label])), strict=True):
            clients[client].append(chosen)
    return [np.concatenate(parts) for parts in clients]


def shards_parts(partition: ClientPartition, labels: Labels, where: str) -> list[Indices]:
    """A few shards a client: the examples sorted by class are cut into N S runs, S of them a client, at random.

    Args:
        partition: `amount` is S.
        labels: Class number of each example.
        where: For the message.

    Returns:
        One part a client; shards differ by at most one example.

    Raises:
        InputError: There are fewer examples than shards.

    Source:
        McMahan et al., "Communication-Efficient Learning of Deep Networks from Decentralized Data", AISTATS 2017.
    """
    count = int(partition.amount)
    num_shards = count * partition.num_clients
    if len(labels) < num_shards:
        got = f"{len(labels)} examples"
        raise InputError(f"an example for each of {num_shards} shards", got, where, "write fewer shards or clients")
    shards = np.array_split(np.concatenate(list(_by_class(partition, labels).values())), num_shards)
    order = sorted(range(num_shards), key=lambda shard: hashed_number(partition.seed, "shard", shard))
    return [
        np.concatenate([shards[shard] for shard in order[k * count : (k + 1) * count]])
        for k in range(partition.num_clients)
    ]


RULES: Mapping[DealingRule, Callable[[ClientPartition, Labels, str], list[Indices]]] = {
    "iid": iid_parts,
    "dirichlet": dirichlet_parts,
    "mixture": mixture_parts,
    "classes": classes_parts,
    "shards": shards_parts,
    "natural": natural_parts,
}


def _by_class(partition: ClientPartition, labels: Labels) -> dict[int, Indices]:
    """The examples of every class that occurs, in random order; classes ascend."""
    return {
        int(label): shuffled(np.flatnonzero(labels == label), partition.seed) for label in np.unique(labels).tolist()
    }
