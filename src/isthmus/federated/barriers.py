"""Layer-wise barriers between clients' networks, with isthmus's own engine: exported once, not once a pair."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from typing import Literal

from torch import nn

from isthmus.data.examples import Examples
from isthmus.errors import IsthmusWarning
from isthmus.evaluation.arithmetic.layout import lay_out
from isthmus.evaluation.arithmetic.reduced import float32_products
from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.losses.loss import Loss
from isthmus.evaluation.shared import SharedEngine
from isthmus.federated.rules.rule import Barriers
from isthmus.layers.partition import LayerPartition
from isthmus.measures.barrier import barrier_of
from isthmus.measures.estimate import Estimate, largest
from isthmus.measures.examples import cut_differences
from isthmus.paths.linear import Segment
from isthmus.runs.folder.store import MemoryStore
from isthmus.runs.request.inputs import NamedWeights, fitted_weights
from isthmus.runs.request.request import request_of
from isthmus.runs.subject.subject import Subject, chosen_engine, examples_at_once, subject_of
from isthmus.sweeps.grid import grid_of
from isthmus.sweeps.single import Single
from isthmus.weights.casting import cast_weights
from isthmus.weights.parametrisation import spectral_norms
from isthmus.weights.state import StateDict, same_bits, tied_keys

Pairs = Literal["ring", "all"]
HALF = 0.5


@dataclass(frozen=True)
class ClientBarrier:
    """What averaging one layer with another client alone does to a client's network.

    Attributes:
        host: The client whose other layers stay.
        donor: The client that lends the layer.
        layer: Its label.
        barrier: The excess half-way over the baseline, in nats, with its 95 % interval.
    """

    host: int
    donor: int
    layer: str
    barrier: Estimate


def client_barriers(
    model: nn.Module,
    networks: Mapping[int, StateDict],
    examples: Examples,
    *,
    layers: LayerPartition | str = "module",
    pairs: Pairs = "ring",
    loss: str | Loss = "cross_entropy",
    baseline: Literal["models", "host"] = "models",
    batch_size: int | None = None,
    device: str = "auto",
) -> list[ClientBarrier]:
    """The barriers of single layers at alpha 0.5 between clients, each in turn as host.

    They equal those of `isthmus.measure(model, a, b, examples)` to the bit, pair by pair. What that function checks of
    model and data is checked on the first pair alone. Within
    `isthmus.evaluation.stages.kept_graphs.kept_graphs` several calls share one export.

    Args:
        model: The network; it stays as it is.
        networks: Client -> its network.
        examples: What losses are measured on.
        layers: The rule that groups weights into layers, or a partition.
        pairs: "ring": each client with the next one, so n pairs of n clients, and one of two; "all": each with each.
        loss: Name or function.
        baseline: "models": the mean loss of both clients' networks, the paper's; "host": that of the host's.
        batch_size: Examples at once; None for `isthmus.measure`'s own rule.
        device: "auto", "cpu", "cuda", ...

    Returns:
        One a pair, host and layer, in this order; none of a single client. Networks that hold NaN have barriers of NaN.
    """
    chosen = client_pairs(sorted(networks), pairs)
    if not chosen:
        return []
    first, second = (networks[client] for client in chosen[0])
    request = request_of(model, first, second, examples, layers=layers, loss=loss, batch_size=batch_size, device=device)
    with warnings.catch_warnings():  # that networks are equal or diverged is no news in every round
        warnings.simplefilter("ignore", IsthmusWarning)
        subject = subject_of(request)
    settings, size = request.settings, BatchSize(examples_at_once(subject, request.settings))
    named = {client: fitted_weights(network, f"client {client}", (), model) for client, network in networks.items()}
    found: list[ClientBarrier] = []
    with float32_products(settings.dtype, subject.network.device):
        engine = chosen_engine(subject, settings, size).engine
        assert isinstance(engine, SharedEngine)
        for a, b in chosen:
            segment = _segment(subject, named[a], named[b])
            found += _pair_barriers((a, b), replace(engine, segment=segment), subject, baseline)
    return found


def client_pairs(clients: Sequence[int], pairs: Pairs) -> list[tuple[int, int]]:
    """Which clients are compared.

    Args:
        clients: Their numbers.
        pairs: "ring": each with the next one; "all": each with each.

    Returns:
        Every pair once.

    Example:
        >>> client_pairs([0, 1, 2, 3], "ring"), client_pairs([0, 1], "ring")
        ([(0, 1), (1, 2), (2, 3), (3, 0)], [(0, 1)])
    """
    if pairs == "all" or len(clients) < 3:
        return list(combinations(clients, 2))
    return [*pairwise(clients), (clients[-1], clients[0])]


def measured_of(barriers: Iterable[ClientBarrier]) -> dict[int, Barriers]:
    """What a rule is told: of each client and layer the largest barrier over all pairs that it is in, as either one.

    Averaging changes both networks of a pair, so the other's barrier counts as one's own. NaN where one of them is, and
    trusted only if all are.

    Args:
        barriers: Of one round.

    Returns:
        Client -> layer -> the largest, with an interval as of `isthmus.measures.estimate.largest`.
    """
    grouped: dict[int, dict[str, list[Estimate]]] = {}
    for found in barriers:
        for client in (found.host, found.donor):
            grouped.setdefault(client, {}).setdefault(found.layer, []).append(found.barrier)
    return {
        client: {
            layer: replace(largest(several), trusted=all(one.trusted for one in several))
            for layer, several in of_client.items()
        }
        for client, of_client in sorted(grouped.items())
    }


def _segment(subject: Subject, a: NamedWeights, b: NamedWeights) -> Segment:
    network = subject.network
    a_weights, b_weights = (
        {key: tensor.to(network.device) for key, tensor in cast_weights(named.weights, network.dtype).items()}
        for named in (a, b)
    )
    laid_a, laid_b, _ = lay_out(network, a_weights, b_weights, next(iter(subject.splits.values())))
    return Segment.between(
        laid_a,
        laid_b,
        subject.segment.layers,
        subject.segment.kinds,
        hashes=(a.hash, b.hash),
        ties=tied_keys(subject.model.module),
        spectral=spectral_norms(network.module),
    )


def _pair_barriers(
    pair: tuple[int, int], engine: SharedEngine, subject: Subject, baseline: Literal["models", "host"]
) -> list[ClientBarrier]:
    examples, store = next(iter(subject.splits.values())), MemoryStore(None)
    grid, points = grid_of(engine.segment, [Single()], ("a", "b"), (HALF,), far_ends=False)
    for block in engine.blocks(points, examples, set()):
        store.add(block)
    table = store.table(len(points), len(examples))
    found = []
    for h, m, differences in cut_differences(grid, table, "loss", baseline):
        label, barrier = grid.groups[m].label, barrier_of(differences, grid.alphas)
        # No spread shows nothing, unless nothing moves; as `isthmus.results.dataset.unmark_where_nothing_moves`.
        is_known = barrier.effective_examples == 0 and _is_equal(engine.segment, label)
        estimate = replace(barrier.estimate, trusted=True) if is_known else barrier.estimate
        host, donor = pair if grid.hosts[h] == "a" else pair[::-1]
        found.append(ClientBarrier(host, donor, label, estimate))
    return found


def _is_equal(segment: Segment, label: str) -> bool:
    return all(same_bits(segment.first[key], segment.second[key]) for key in segment.parameters([label]))
