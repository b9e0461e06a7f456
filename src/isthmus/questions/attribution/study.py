"""`attribution()`: which layers make the cost of averaging the whole network?"""

import json
from dataclasses import asdict, dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from isthmus.errors import InputError
from isthmus.evaluation.arithmetic.reduced import float32_products
from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.unit import Engine
from isthmus.measures.estimates import Estimates
from isthmus.measures.intervals.effective_examples import effective_examples
from isthmus.measures.intervals.paired_mean import paired_mean
from isthmus.paths.host import Host
from isthmus.questions.attribution.game import (
    Coalition,
    all_coalitions,
    antithetic_orders,
    coalitions_of,
    drawn_values,
    exact_weights,
    interaction_weights,
    pair_weights,
)
from isthmus.questions.study.making import Part, Parts, make_study
from isthmus.questions.study.settings import ATTRIBUTION, study_request, valid_count
from isthmus.questions.study.subject import only_split, study_attributes
from isthmus.results.studies import ALONE, FULL_RISE, INTERACTION, ORDERS_HIGH, ORDERS_LOW, SHAPLEY
from isthmus.results.studies import ATTRIBUTION as ATTRIBUTION_VARIABLES
from isthmus.results.variables import Values, with_dimensions
from isthmus.runs.request.inputs import Model, Weights
from isthmus.runs.request.request import Request
from isthmus.runs.request.signature import with_settings_shown
from isthmus.runs.subject.subject import Subject, chosen_engine, examples_at_once, subject_of
from isthmus.weights.state import Kind, same_bits

STUDY = "attribution"
MOST_EXACT = 12  # players of whom all 2^n coalitions are evaluated: 8,190 runs of stages, about 683 forward passes
FEWEST_ORDERS = 16  # intervals from fewer than eight pairs hold the exact value less than 95 times of 100


@with_settings_shown(*ATTRIBUTION)
def attribution(
    model: Model,
    a: Weights,
    b: Weights,
    data: object,
    *,
    alpha: float = 0.5,
    num_orders: int = 32,
    out: str | Path | None = None,
    **others: Any,
) -> xr.Dataset:
    """Divide the cost of averaging everything among the layers: their Shapley values.

    v(S) is the rise of the mean loss over the host's own when the layers S are at alpha, and the Shapley value of a
    layer is what it adds on joining the layers before it, on average over all orders. The values of a host add up to
    its full rise, in every order and for every example. Beside them stands what each layer costs alone. Two hosts give
    two divisions.

    Up to 12 layers that differ (take `layers="block"`) all coalitions are evaluated, sharing prefixes: the values are
    exact, and so are the interactions of all pairs (`isthmus.questions.attribution.game.interaction_weights`). Above
    that layers join in random orders and their reverses. Two uncertainties are kept apart: over examples, with the
    orders as they are, and over orders, on these very examples.

    Args:
        model: As `isthmus.measure`.
        a: As `isthmus.measure`.
        b: As `isthmus.measure`.
        data: As `isthmus.measure`, but one split.
        alpha: Where averaged layers are between host (0) and donor (1).
        num_orders: How many orders are drawn where values are not exact; even.
        out: A folder to save the study to.
        others: Settings as of `isthmus.measure`; the seed draws the orders:

    Returns:
        Over (host, layer): `shapley` with its 95 % interval over examples (`_low`, `_high`) and, where orders were
        drawn, over orders (`_orders_low`, `_orders_high`); `alone`, the rise of the layer by itself, with its interval;
        `distance_share`, its share of the squared distance of the networks, and `num_parameters`. Over host `full_rise`
        with its interval. Where exact: `interaction` over (host, layer, other_layer) with its interval over examples.
        Attributes: the manifest, `is_exact`, `num_orders` and `num_coalitions`.

    Example:
        >>> import torch
        >>> a, b = ({"0.weight": s * torch.eye(2), "1.weight": torch.eye(2)} for s in (1.0, 3.0))
        >>> net = torch.nn.Sequential(torch.nn.Linear(2, 2, bias=False), torch.nn.Linear(2, 2, bias=False))
        >>> study = attribution(net, a, b, (torch.eye(2), torch.tensor([0, 1])), hosts=("a",))
        >>> bool(study.shapley.sum() == study.full_rise), study.shapley.values.round(3).tolist()  # log(1 + exp(-2))
        (True, [[-0.186, 0.0]])
    """
    request = study_request(model, a, b, data, ATTRIBUTION, out=out, sweep="single", **others)
    return attribution_study(request, alpha, num_orders)


def attribution_study(request: Request, alpha: float, num_orders: int) -> xr.Dataset:
    """The study of a request.

    Args:
        request: What is asked, of two networks, with the sweep `single`.
        alpha: As `attribution`.
        num_orders: As `attribution`.

    Returns:
        As `attribution`.

    Raises:
        InputError: The number of orders is odd or too small.
    """
    valid_count("num_orders", num_orders, least=FEWEST_ORDERS)
    if num_orders % 2:
        raise InputError("an even number of orders", f"{num_orders}", "--num-orders", "each order has its reverse")
    subject, settings = subject_of(request), request.settings
    game = _Game.of(subject, alpha, num_orders, settings.seed)
    attributes = study_attributes(STUDY, request, subject, alpha=alpha, num_orders=num_orders)

    def make(parts: Parts) -> xr.Dataset:
        size = BatchSize(parts.batch_size)
        with float32_products(settings.dtype, subject.network.device):
            chosen = chosen_engine(subject, settings, size)
            found = [
                _of_host(
                    subject, game, parts.part(f"values-{host}", partial(game.values, chosen.engine, subject, host))
                )
                for host in settings.hosts
            ]
        study = xr.concat(found, dim="host").assign_coords(host=list(settings.hosts))
        own = {
            "engine_note": chosen.note,
            "batch_size": size.size,
            "alpha": alpha,
            "is_exact": game.is_exact,
            "num_orders": 0 if game.is_exact else num_orders,
            "num_coalitions": len(game.coalitions),
            "warnings": json.dumps(subject.warnings),
            "self_checks": json.dumps([asdict(check) for check in subject.checks]),
        }
        return study.assign_attrs({**attributes, **own})

    return make_study(request, attributes, examples_at_once(subject, settings), make)


@dataclass(frozen=True)
class _Game:
    """Which sets of layers are evaluated, and how values come of them.

    Attributes:
        layers: All of them.
        players: The numbers of those that differ between the networks.
        alpha: Where they are averaged.
        coalitions: Sets of players by their places among the players.
        shapley: What turns the worth of the coalitions into values.
        pairs: What turns it into interactions; no rows where orders were drawn.
        by_pair: The same for each pair of an order and its reverse; none where exact.
    """

    layers: tuple[str, ...]
    players: tuple[int, ...]
    alpha: float
    coalitions: list[Coalition]
    shapley: Float[np.ndarray, "players coalitions"]
    pairs: Float[np.ndarray, "pairs coalitions"]
    by_pair: Float[np.ndarray, "orders players coalitions"]

    @property
    def is_exact(self) -> bool:
        """Whether all coalitions are evaluated."""
        return not len(self.by_pair)

    @classmethod
    def of(cls, subject: Subject, alpha: float, num_orders: int, seed: int) -> "_Game":
        """The game of two networks."""
        segment = subject.segment
        layers = tuple(segment.layers)
        differing = {
            label
            for label in layers
            for key in segment.layers[label]
            # A counter changes no output.
            if segment.kinds[key] is not Kind.COUNTER and not same_bits(segment.first[key], segment.second[key])
        }
        players = tuple(number for number, label in enumerate(layers) if label in differing)
        n = len(players)
        if n <= MOST_EXACT:
            found = all_coalitions(n)
            pairs = interaction_weights(found, n) if n > 1 else np.zeros((0, len(found)))
            return cls(layers, players, alpha, found, exact_weights(found, n), pairs, np.zeros((0, n, len(found))))
        orders = antithetic_orders(n, num_orders, seed)
        # Costs alone are shown too, and orders hold but some of them.
        alone = [frozenset([player]) for player in range(n)]
        found = list(dict.fromkeys([*coalitions_of(orders), *alone]))
        by_pair = pair_weights(orders, found)
        return cls(layers, players, alpha, found, by_pair.mean(axis=0), np.zeros((0, len(found))), by_pair)

    def values(self, engine: Engine, subject: Subject, host: Host) -> Part:
        """Every linear function of the coalitions' losses that the study needs, example by example."""
        segment, examples = subject.segment, only_split(subject)
        names = [self.layers[player] for player in self.players]
        points = [segment.point(host, [names[place] for place in members], self.alpha) for members in self.coalitions]
        place = {members: number for number, members in enumerate(self.coalitions)}
        n, empty = len(names), place[frozenset()]
        alone = np.zeros((n, len(points)))
        for player in range(n):
            alone[player, place[frozenset([player])]] += 1
            alone[player, empty] -= 1
        full = np.zeros((1, len(points)))
        full[0, place[frozenset(range(n))]] += 1
        full[0, empty] -= 1
        functions = {"shapley": self.shapley, "alone": alone, "full_rise": full, "interaction": self.pairs}
        found = {name: np.zeros((len(weights), len(examples))) for name, weights in functions.items()}
        sums = np.zeros(len(points))
        # Batch by batch, since the losses of 4,096 coalitions on all examples would be too many to keep.
        for block in engine.blocks(points, examples, set()):
            numbers, losses = list(block.points), block.loss.astype(np.float64)
            columns = slice(block.start, block.start + losses.shape[1])
            with np.errstate(invalid="ignore"):
                for name, weights in functions.items():
                    found[name][:, columns] += weights[:, numbers] @ losses
                sums[numbers] += losses.sum(axis=1)
        with np.errstate(invalid="ignore"):
            return {**found, "by_pair": self.by_pair @ (sums / len(examples))}


def _of_host(subject: Subject, game: _Game, part: Part) -> xr.Dataset:
    num_layers, players = len(game.layers), list(game.players)
    of_layers = {name: _spread(Estimates.of(map(paired_mean, part[name]), (len(players),)), players, num_layers)
                 for name in (SHAPLEY.name, ALONE.name)}  # fmt: skip
    values: Values = {}
    for number in (SHAPLEY, ALONE):
        values |= number.values_of(of_layers[number.name])
    for number in (SHAPLEY, ALONE):
        carriers = np.full(num_layers, np.nan)
        carriers[players] = [effective_examples(row) for row in part[number.name]]
        values[number.effective_examples] = carriers
    values |= FULL_RISE.values_of(Estimates.of(map(paired_mean, part["full_rise"]), ()))
    if not game.is_exact:
        ends = _spread(drawn_values(part["by_pair"]), players, num_layers)
        values |= {ORDERS_LOW.name: ends.low, ORDERS_HIGH.name: ends.high}
    elif len(players) > 1:
        pairs = Estimates.of(map(paired_mean, part["interaction"]), (len(part["interaction"]),))
        values |= INTERACTION.values_of(_matrices(pairs, players, num_layers))
    lengths = {group.layers: found for group, found in zip(subject.grid.groups, subject.distances, strict=True)}
    squares = np.array([lengths[label,].distance ** 2 for label in game.layers])
    values["distance_share"] = squares / squares.sum() if squares.sum() else squares
    values["num_parameters"] = np.array([lengths[label,].num_parameters for label in game.layers])
    names = ("layer", "other_layer") if INTERACTION.name in values else ("layer",)
    found = with_dimensions(values, ATTRIBUTION_VARIABLES, apart=("host",))
    return xr.Dataset(found, {name: list(game.layers) for name in names})


def _spread(found: Estimates, players: list[int], num_layers: int) -> Estimates:
    """Numbers of the players as numbers of all layers: one that is the same in both networks costs nothing."""
    ends = np.zeros((3, num_layers))
    ends[:, players] = found.value, found.low, found.high
    return Estimates(*ends)


def _matrices(found: Estimates, players: list[int], num_layers: int) -> Estimates:
    """Numbers of pairs of players as symmetric matrices over all layers, with a diagonal of NaN."""
    ends = np.zeros((3, num_layers, num_layers))
    ends[:, range(num_layers), range(num_layers)] = np.nan
    for number, (i, j) in enumerate(combinations(players, 2)):
        ends[:, i, j] = ends[:, j, i] = found.value[number], found.low[number], found.high[number]
    return Estimates(*ends)
