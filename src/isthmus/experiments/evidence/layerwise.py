"""The evidence of most claims: train pairs, measure every layer at every step, judge the last step."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import xarray as xr

from isthmus.experiments.evidence import barriers
from isthmus.experiments.evidence.along_steps import largest_at_any_step, rows_along_training
from isthmus.experiments.evidence.criterion import Found
from isthmus.experiments.evidence.evidence import Evidence
from isthmus.experiments.evidence.located import Located, largest, smallest
from isthmus.experiments.evidence.panels import pair_panels, step_panels
from isthmus.experiments.evidence.shares import layer_shares
from isthmus.experiments.reproduction.cifar10 import PRECISION_ALONG, PRECISION_AT_END
from isthmus.experiments.reproduction.recipes import TrainedNetworks
from isthmus.measures.estimate import percentage_points

if TYPE_CHECKING:
    from isthmus.experiments.reproduction.bench import Bench

SPLITS = {"train": "training images", "test": "test images"}


def layerwise_evidence(
    bench: "Bench",
    along: Mapping[str, str],
    end: Mapping[str, str],
    *,
    networks: TrainedNetworks | None = None,
    pairs: Sequence[tuple[str, str]] = (),
    others: TrainedNetworks | None = None,
    by_epochs: bool = False,
    **options: Any,
) -> Evidence:
    """Train this claim's pairs, measure the first at every step, and compare all of them at the last one.

    Args:
        bench: To work on.
        along: What to measure the first pair on at every step, by the names "train" and "test".
        end: The same for all pairs at the last step, which the criteria speak of: more examples.
        networks: Trained already; None trains this claim's own.
        pairs: Names of networks; none for (a1, b1), (a2, b2), ...
        others: Where the second network of each pair is; None for among the same.
        by_epochs: Whether to write out the rows of the first pair over the epochs, and how good its networks are.
        options: For `isthmus.measure`.

    Returns:
        What was seen for the criteria of Figure 1, heat maps along training, and a table of the pairs.
    """
    networks = networks or bench.train_networks()
    chosen, donors = pairs or networks.pairs, others or networks
    (first, second), *_ = chosen
    a, b = [networks.trajectory(first)], [donors.trajectory(second)]
    precision = PRECISION_ALONG.get(bench.scale)
    steps = bench.measure("steps", networks.model, along, a=a, b=b, precision=precision, **options)
    a, b = [networks.final(name) for name, _ in chosen], [donors.final(name) for _, name in chosen]
    precision = PRECISION_AT_END.get(bench.scale)
    last = bench.measure("end", networks.model, end, a=a, b=b, precision=precision, **options)
    of_end, any_step = loss_found(last, "train"), largest_at_any_step(steps, "train")
    found = {**of_end, "any_step": any_step, **error_found(last, "test")}
    pictures = [*step_panels(steps, SPLITS), *(pair_panels(last, SPLITS) if len(chosen) > 1 else ())]
    sentences = [f"On {words}: {picture.sentence}" for words, picture in zip(SPLITS.values(), pictures, strict=False)]
    if by_epochs:
        small = bench.threshold("layer")
        sentences += [f"On {words}: {rows_along_training(steps, split, small)}" for split, words in SPLITS.items()]
    return Evidence({"": found}, sentences, pictures, len(chosen), barriers.pair_rows(last, SPLITS))


def loss_found(end: xr.Dataset, split: str) -> Found:
    """The barrier of the full network and of single layers by the loss, and whether they are connected by Definition 3.

    Args:
        end: Of one step, over pair.
        split: Which split.

    Returns:
        "full": of the pair with the least; "layer": of the worst; "share": the largest that a layer makes of the full
        barrier; "connected".
    """
    return {
        "full": smallest(barriers.full_barriers(end, split)),
        "layer": largest(barriers.layer_barriers(end, split)),
        "share": largest(layer_shares(end, split)),
        "connected": barriers.connectivity_answer(barriers.connectivities(end, split)),
    }


def error_found(end: xr.Dataset, split: str) -> Found:
    """The same by the error, in percentage points.

    Args:
        end: Of one step, over pair.
        split: Which split.

    Returns:
        "full_error" and "layer_error".
    """
    full = smallest(barriers.full_barriers(end, split, "error_barrier"))
    layer = largest(barriers.layer_barriers(end, split, "error_barrier"))
    named = {"full_error": full, "layer_error": layer}
    return {name: Located(percentage_points(one.estimate), one.where) for name, one in named.items()}
