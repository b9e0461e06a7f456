"""What most claims come down to: pairs are trained, every layer is measured at every step, the last step is judged."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import xarray as xr

from isthmus.experiments.reproduction import barriers
from isthmus.experiments.reproduction.along_steps import never_criterion, rows_by_epochs
from isthmus.experiments.reproduction.criterion import (
    LARGE,
    SHARE,
    SMALL,
    Criterion,
    at_least,
    at_most,
    largest,
    smallest,
)
from isthmus.experiments.reproduction.evidence import Evidence
from isthmus.experiments.reproduction.panels import pair_panels, step_panels
from isthmus.experiments.reproduction.recipes import TrainedNetworks
from isthmus.experiments.reproduction.shares import layer_shares

if TYPE_CHECKING:
    from isthmus.experiments.reproduction.bench import Bench

SPLITS = {"train": "training images", "test": "test images"}
LARGE_ERROR, SMALL_ERROR = 2, 2


def layerwise_evidence(
    bench: "Bench",
    along: Mapping[str, str],
    end: Mapping[str, str],
    splits: Mapping[str, str] = SPLITS,
    *,
    networks: TrainedNetworks | None = None,
    pairs: Sequence[tuple[str, str]] = (),
    others: TrainedNetworks | None = None,
    at_any_step: bool = False,
    by_epochs: bool = False,
    **options: Any,
) -> Evidence:
    """Train this claim's pairs, measure the first at every step, and compare all of them at the last one.

    Args:
        bench: To work on.
        along: What to measure the first pair on at every step, by the names of `splits`; training data first.
        end: The same for all pairs at the last step, which the criteria speak of: more examples.
        splits: Words for each split, such as "training images".
        networks: Trained already; None trains this claim's own.
        pairs: Names of networks; none for (a1, b1), (a2, b2), ...
        others: Where the second network of each pair is; None for among the same.
        at_any_step: Whether the claim speaks of every step of the training, not of its end alone.
        by_epochs: Whether to write out the rows of the first pair over the epochs, and how good its networks are.
        options: For `isthmus.measure`.

    Returns:
        The criteria of Figure 1 with the figures seen, heat maps along training, and a table of the pairs.
    """
    networks = networks or bench.networks()
    chosen, donors = pairs or networks.pairs, others or networks
    (first, second), *_ = chosen
    a, b = [networks.trajectory(first)], [donors.trajectory(second)]
    steps = bench.measured("steps", networks.model, along, a=a, b=b, **options)
    a, b = [networks.final(name) for name, _ in chosen], [donors.final(name) for _, name in chosen]
    last = bench.measured("end", networks.model, end, a=a, b=b, **options)
    first_split, *other_splits = splits
    criteria = [*loss_criteria(last, first_split, splits[first_split])]
    criteria.append(never_criterion(steps, first_split, splits[first_split], essential=at_any_step))
    for split in other_splits:
        criteria += error_criteria(last, split, splits[split])
    pictures = [*step_panels(steps, splits), *(pair_panels(last, splits) if len(chosen) > 1 else ())]
    sentences = [f"On {words}: {picture.sentence}" for words, picture in zip(splits.values(), pictures, strict=False)]
    if by_epochs:
        sentences += [f"On {words}: {rows_by_epochs(steps, split)}" for split, words in splits.items()]
    return Evidence(criteria, sentences, pictures, len(chosen), barriers.pair_rows(last, splits))


def loss_criteria(end: xr.Dataset, split: str, words: str, *, of_full: bool = True) -> Sequence[Criterion]:
    """A large barrier of the full network and none of a single layer, by the loss; connected by Definition 3.

    Args:
        end: Of one step, over pair.
        split: Which split.
        words: What it is, such as "training images".
        of_full: Whether the claim speaks of the full network too, and so falls without a barrier of it.

    Returns:
        Four criteria: of the full network, of single layers, of their share of it, and of Definition 3.
    """
    full, layer = smallest(barriers.full_barriers(end, split)), largest(barriers.layer_barriers(end, split))
    share = largest(layer_shares(end, split))
    statement = f"full network, loss barrier on {words}, the least of all pairs"
    return (
        at_least(statement, full, LARGE, "nats", essential=of_full),
        at_most(f"largest loss barrier of a single layer on {words}", layer, SMALL, "nats"),
        at_most("largest share of the full barrier that a single layer makes", share, SHARE, essential=of_full),
        barriers.connectivity_criterion(barriers.connectivities(end, split), f"on {words}"),
    )  # fmt: skip


def error_criteria(end: xr.Dataset, split: str, words: str) -> Sequence[Criterion]:
    """The same by the error, which a claim does not fall with.

    Args:
        end: Of one step, over pair.
        split: Which split.
        words: What it is, such as "test images".

    Returns:
        Two criteria.
    """
    full = smallest(barriers.full_barriers(end, split, "error_barrier"))
    layer = largest(barriers.layer_barriers(end, split, "error_barrier"))
    full, layer = barriers.percentage_points(full), barriers.percentage_points(layer)
    return (
        at_least(f"full network, error barrier on {words}, the least", full, LARGE_ERROR, "points", essential=False),
        at_most(f"largest error barrier of a single layer on {words}", layer, SMALL_ERROR, "points", essential=False),
    )
