"""Figure 4: vision transformers, layer by layer, against random directions of the same length."""

from functools import partial

import xarray as xr

from isthmus.experiments.evidence import barriers
from isthmus.experiments.evidence.criterion import Found
from isthmus.experiments.evidence.evidence import Evidence
from isthmus.experiments.evidence.located import Located, largest, smallest
from isthmus.experiments.reproduction.bench import Bench
from isthmus.experiments.reproduction.scale import Scale
from isthmus.measures.estimate import Estimate
from isthmus.report.barriers.curves import curves
from isthmus.report.barriers.reading import barrier_sentences
from isthmus.report.picture import Picture
from isthmus.report.rows.robustness import robustness_panels, robustness_sentence
from isthmus.results.rows import single_layers
from isthmus.runs.folder.loading import barrier

PAIRS = (("low", "augmented"), ("low", "high"), ("low", "sam"))
DATA = {
    Scale.SMOKE: {"train": "fashion_mnist_small:train[0:32]"},
    Scale.SMALL: {"train": "cifar10:train[0:256]"},
    Scale.PAPER: {"train": "cifar10:train[0:1024]"},
}
ALPHAS = 11  # odd, so that half-way is one of them
DIRECTIONS = {Scale.SMOKE: 2, Scale.SMALL: 3, Scale.PAPER: 5}


def run(bench: Bench) -> Evidence:
    """Every layer along eleven alphas, and along random directions as long as its own, in three pairs.

    Args:
        bench: To work on.

    Returns:
        What was seen for each criterion, and each pair's rises and curves.
    """
    networks, num_draws = bench.train_networks(), DIRECTIONS[bench.scale]
    a, b = ([networks.final(name) for name in names] for names in zip(*PAIRS, strict=True))
    options = {"a": a, "b": b, "alphas": ALPHAS, "directions": num_draws}
    result = bench.measure("directions", networks.model, DATA[bench.scale], **options)
    bench.settings["random directions"] = f"{num_draws} a layer, as long as its step; at half and at the whole of it"
    pairs = {"-".join(pair): result.isel(pair=number, drop=True) for number, pair in enumerate(PAIRS)}
    # These networks are not equally good: the mean of both would charge half their difference to every layer.
    own_lines = barrier(result, baseline="cut")
    found = {
        **directions_found(pairs),
        "connected": barriers.connectivity_answer(barriers.connectivities(own_lines)),
        "own_line": largest(barriers.layer_barriers(own_lines)),
    }
    pictures, obtained = [], [midpoint_words(result, bench.threshold("own_line"))]
    for name, part in pairs.items():
        sentence = robustness_sentence(part)
        obtained.append(f"Pair {name}: {sentence}")
        pictures.append(
            Picture(
                f"directions_{name}",
                f"Averaging and random directions, pair {name}",
                partial(robustness_panels, part),
                sentence,
            )
        )
        words = " ".join(barrier_sentences(part))
        pictures.append(Picture(f"curves_{name}", f"Loss along alpha, pair {name}", partial(curves, part), words))
    rows = barriers.pair_rows(result, {"train": "training images"})
    return Evidence({"": found}, obtained, pictures, len(PAIRS), rows)


def directions_found(pairs: dict[str, xr.Dataset]) -> Found:
    """Whether averaging directions are special: along them single layers rise more than along random ones.

    Args:
        pairs: A measurement with directions for each pair, by its name.

    Returns:
        "above": of all cuts; "above_least": of the pair with the fewest; "bent": by the second differences of the
        cuts over the whole step.
    """
    shares = [share_above(part, name) for name, part in pairs.items()]
    counts = [len(single_layers(part)) for part in pairs.values()]
    ends = ([getattr(share.estimate, end) for share in shares] for end in ("value", "low", "high"))
    together = Estimate(*(sum(n * e for n, e in zip(counts, of, strict=True)) / sum(counts) for of in ends))
    bent = sum(n * share_bent(part) for n, part in zip(counts, pairs.values(), strict=True)) / sum(counts)
    return {"above": Located(together), "above_least": smallest(shares), "bent": Located(Estimate.exact(bent))}


def share_above(part: xr.Dataset, name: str) -> Located:
    """The share of single-layer cuts with a larger rise along the averaging direction, half a step from the host.

    Args:
        part: A measurement of one pair with directions.
        name: Of the pair.

    Returns:
        The share; its interval is what the intervals of the cuts leave open: from those surely above to all but
        those surely below.
    """
    half = part.sel(fraction=0.5, moving=list(single_layers(part)))
    averaging, random = half.averaging_loss_rise, half.random_loss_rise
    above = half.averaging_loss_rise_low > half.random_loss_rise_high
    below = half.averaging_loss_rise_high < half.random_loss_rise_low
    share = Estimate(float((averaging > random).mean()), float(above.mean()), 1 - float(below.mean()))
    return Located(share, f"pair {name}")


def share_bent(part: xr.Dataset) -> float:
    """The share of single-layer cuts whose second difference L(1) - 2 L(1/2) + L(0) is larger along averaging.

    Args:
        part: A measurement of one pair with directions.

    Returns:
        A fraction of the cuts.
    """
    layers = part.sel(moving=list(single_layers(part)))
    half, whole = layers.sel(fraction=0.5), layers.sel(fraction=1.0)
    averaging, random = (whole[kind] - 2 * half[kind] for kind in ("averaging_loss_rise", "random_loss_rise"))
    return float((averaging > random).mean())


def midpoint_words(result: xr.Dataset, flat: float) -> str:
    """What averaging one layer costs, apart from exchanging it.

    Args:
        result: Of several pairs, on alphas that have 0.5 and 1 among them.
        flat: Nats; the cuts above it are counted.

    Returns:
        A paragraph.
    """
    layers = result.sel(moving=list(single_layers(result)))
    half = layers.loss_excess.sel(alpha=0.5)
    exchanged = int((layers.alpha_at_loss_barrier == 1).sum())
    return (
        f"Of {half.size} cuts of single layers {exchanged} are highest at alpha = 1, where a layer is exchanged and "
        f"not averaged. Half-way {int((half > flat).sum())} lie more than {flat:g} nats above the mean of the two "
        f"networks, the highest by {float(half.max()):.2g} nats."
    )
