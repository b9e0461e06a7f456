"""Shapley values: the cost of averaging everything, divided among the layers."""

from collections.abc import Sequence
from itertools import combinations
from math import comb

import numpy as np
from jaxtyping import Float, Int

from isthmus.measures.estimates import Estimates
from isthmus.measures.intervals.interval import critical_value, mean_band

Orders = Int[np.ndarray, "orders players"]
Coalition = frozenset[int]


def all_coalitions(num_players: int) -> list[Coalition]:
    """Every set of players, the empty one first, the smaller before the larger.

    Args:
        num_players: n.

    Returns:
        2^n sets.
    """
    players = range(num_players)
    return [frozenset(chosen) for size in range(num_players + 1) for chosen in combinations(players, size)]


def exact_weights(coalitions: Sequence[Coalition], num_players: int) -> Float[np.ndarray, "players coalitions"]:
    """The weights that turn the worth of all coalitions into Shapley values.

    phi_i = sum over S without i of |S|! (n - |S| - 1)! / n! (v(S with i) - v(S)): a coalition counts positively for its
    members and negatively for all others.

    Args:
        coalitions: All of them.
        num_players: n.

    Returns:
        One row a player; its products with v, added up.

    Example:
        >>> exact_weights(all_coalitions(2), 2).tolist()  # of {}, {0}, {1}, {0, 1}
        [[-0.5, 0.5, -0.5, 0.5], [-0.5, -0.5, 0.5, 0.5]]
    """
    weights = np.zeros((num_players, len(coalitions)))
    for number, members in enumerate(coalitions):
        for player in range(num_players):
            others = len(members - {player})
            share = 1 / (num_players * comb(num_players - 1, others))
            weights[player, number] = share if player in members else -share
    return weights


def interaction_weights(coalitions: Sequence[Coalition], num_players: int) -> Float[np.ndarray, "pairs coalitions"]:
    """The weights that turn the worth of all coalitions into Shapley interactions of pairs.

    I_ij = sum over S without i and j of |S|! (n - |S| - 2)! / (n - 1)! (v(S, i, j) - v(S, i) - v(S, j) + v(S)). It is
    zero where the two never change what the other costs. (Grabisch and Roubens 1999.)

    Args:
        coalitions: All of them.
        num_players: n.

    Returns:
        One row a pair, in the order of `itertools.combinations`.
    """
    pairs = list(combinations(range(num_players), 2))
    weights = np.zeros((len(pairs), len(coalitions)))
    for number, members in enumerate(coalitions):
        for row, pair in enumerate(pairs):
            others = len(members.difference(pair))
            share = 1 / ((num_players - 1) * comb(num_players - 2, others))
            weights[row, number] = share if len(members.intersection(pair)) != 1 else -share
    return weights


def antithetic_orders(num_players: int, num_orders: int, seed: int) -> Orders:
    """Random orders of the players, each followed by its reverse.

    A player that comes late in an order comes early in the reverse, so that the two errors cancel in part. Pairs of an
    order and its reverse are independent and equally distributed.

    Args:
        num_players: n.
        num_orders: An even number.
        seed: Of the orders.

    Returns:
        One row an order.
    """
    random = np.random.default_rng(seed)
    drawn = [random.permutation(num_players) for _ in range(num_orders // 2)]
    return np.array([order for one in drawn for order in (one, one[::-1])], dtype=np.int64).reshape(-1, num_players)


def coalitions_of(orders: Orders) -> list[Coalition]:
    """The growing groups of some orders.

    Args:
        orders: One row each.

    Returns:
        Every group once, the empty one first.
    """
    groups = (frozenset(order[:size].tolist()) for order in orders for size in range(len(order) + 1))
    return list(dict.fromkeys([frozenset[int](), *groups]))


def order_weights(orders: Orders, coalitions: Sequence[Coalition]) -> Float[np.ndarray, "orders players coalitions"]:
    """The weights that turn the worth of growing groups into what each player adds on joining.

    Args:
        orders: One row each.
        coalitions: At least their growing groups.

    Returns:
        For every order one row a player; the rows of an order add up to v(all) - v(none).

    Example:
        >>> order_weights(np.array([[1, 0]]), [frozenset(), frozenset([1]), frozenset([0, 1])]).tolist()
        [[[0.0, -1.0, 1.0], [-1.0, 1.0, 0.0]]]
    """
    place = {members: number for number, members in enumerate(coalitions)}
    weights = np.zeros((*orders.shape, len(coalitions)))
    for row, order in zip(weights, orders, strict=True):
        members: Coalition = frozenset()
        for player in order.tolist():
            row[player, place[members]] -= 1
            members = members | {player}
            row[player, place[members]] += 1
    return weights


def pair_weights(orders: Orders, coalitions: Sequence[Coalition]) -> Float[np.ndarray, "pairs players coalitions"]:
    """The weights of every order and its reverse together, which are one draw: only pairs are independent.

    Args:
        orders: From `antithetic_orders`.
        coalitions: At least their growing groups.

    Returns:
        For every pair one row a player: the mean of `order_weights` over both.
    """
    of_orders = order_weights(orders, coalitions)
    return np.asarray((of_orders[0::2] + of_orders[1::2]) / 2)


def drawn_values(by_pair: Float[np.ndarray, "pairs players"]) -> Estimates:
    """Shapley values from drawn orders.

    The interval of a player is for it alone, at 95 % over further draws of as many orders; not for all players at once.

    Args:
        by_pair: What each player adds on joining, in the mean of an order and its reverse.

    Returns:
        One value a player.
    """
    rows = by_pair.T
    return Estimates(rows.mean(axis=1), *mean_band(rows, critical_value(rows[:1])))
