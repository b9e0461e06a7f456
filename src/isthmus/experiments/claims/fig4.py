"""Figure 4: vision transformers, layer by layer, against random directions of the same length."""

from typing import TYPE_CHECKING

from isthmus.experiments.reproduction.claim import Claim
from isthmus.experiments.reproduction.criterion import Criterion, Estimate, at_least, at_most, largest, smallest
from isthmus.experiments.reproduction.evidence import Evidence
from isthmus.experiments.reproduction.scale import Scale

if TYPE_CHECKING:
    import xarray as xr

    from isthmus.experiments.reproduction.bench import Bench

PAIRS = (("low", "augmented"), ("low", "high"), ("low", "sam"))
DATA = {
    Scale.SMOKE: {"train": "fashion_mnist_small:train[0:32]"},
    Scale.SMALL: {"train": "cifar10:train[0:256]"},
    Scale.PAPER: {"train": "cifar10:train[0:1024]"},
}
ALPHAS = 11
DIRECTIONS = {Scale.SMOKE: 2, Scale.SMALL: 3, Scale.PAPER: 5}
MOST, FLAT = 0.5, 0.1
"""Share of cuts that makes "rises more" true of single layers in general, and nats below which a cut is flat."""


def run(bench: "Bench") -> Evidence:
    """Every layer along eleven alphas, and along random directions as long as its own, in three pairs.

    Args:
        bench: To work on.

    Returns:
        The criteria with the shares seen, and each pair's rises and curves.
    """
    from isthmus.experiments.reproduction import barriers
    from isthmus.report.curves import curves
    from isthmus.report.picture import Picture
    from isthmus.report.reading import barrier_sentences
    from isthmus.report.robustness_panels import robustness_panels, robustness_sentence
    from isthmus.runs.access import barrier

    networks, num_draws = bench.networks(), DIRECTIONS[bench.scale]
    a, b = ([networks.final(name) for name in names] for names in zip(*PAIRS, strict=True))
    options = {"a": a, "b": b, "alphas": ALPHAS, "directions": num_draws}
    result = bench.measured("directions", networks.model, DATA[bench.scale], **options)
    bench.settings["random directions"] = f"{num_draws} a layer, as long as its step; at half and at the whole of it"
    pairs = {"-".join(pair): result.isel(pair=number, drop=True) for number, pair in enumerate(PAIRS)}
    own_lines = barrier(result, baseline="cut")
    criteria = (
        *direction_criteria(pairs),
        barriers.connectivity_criterion(
            barriers.connectivities(own_lines), "on training images, above the line between a cut's own ends"
        ),
        at_most(
            "largest rise of one layer's cut above the line between its own ends",
            largest(barriers.layer_barriers(own_lines)), FLAT, "nats", essential=False,
        ),
    )  # fmt: skip
    pictures, obtained = [], [midpoint_words(result)]
    for name, part in pairs.items():
        sentence = robustness_sentence(part)
        obtained.append(f"Pair {name}: {sentence}")
        pictures.append(
            Picture(
                f"directions_{name}", f"Averaging and random directions, pair {name}", robustness_panels(part), sentence
            )
        )
        words = " ".join(barrier_sentences(part))
        pictures.append(Picture(f"curves_{name}", f"Loss along alpha, pair {name}", curves(part), words))
    return Evidence(criteria, obtained, pictures, len(PAIRS), barriers.pair_rows(result, {"train": "training images"}))


def direction_criteria(pairs: "dict[str, xr.Dataset]") -> tuple[Criterion, ...]:
    """Whether averaging directions are special: along them single layers rise more than along random ones.

    Args:
        pairs: A measurement with directions for each pair, by its name.

    Returns:
        Of all cuts; of the pair with the fewest; and of the cuts' second differences over the whole step.
    """
    shares = [share_above(part, name) for name, part in pairs.items()]
    counts = [len(single_layers(part)) for part in pairs.values()]
    ends = ([getattr(share, end) for share in shares] for end in ("value", "low", "high"))
    together = Estimate(*(sum(n * e for n, e in zip(counts, of, strict=True)) / sum(counts) for of in ends))
    bent = sum(n * share_bent(part) for n, part in zip(counts, pairs.values(), strict=True)) / sum(counts)
    cuts = "share of the cuts of single layers in which"
    return (
        at_least(f"{cuts} half a step of averaging raises the loss more than random steps as long", together, MOST),
        at_least("the same in the pair with the least", smallest(shares), MOST, essential=False),
        at_least(f"{cuts} the loss bends upwards more along averaging", Estimate.exact(bent), MOST, essential=False),
    )


def share_above(part: "xr.Dataset", name: str) -> Estimate:
    """The share of single-layer cuts with a larger rise along the averaging direction, half a step from the host.

    Args:
        part: A measurement of one pair with directions.
        name: Of the pair.

    Returns:
        The share; its interval is what the intervals of the cuts leave open: from those surely above to all but
        those surely below.
    """
    half = part.sel(fraction=0.5, moving=single_layers(part))
    averaging, random = half.averaging_loss_rise, half.random_loss_rise
    above = half.averaging_loss_rise_low > half.random_loss_rise_high
    below = half.averaging_loss_rise_high < half.random_loss_rise_low
    return Estimate(float((averaging > random).mean()), float(above.mean()), 1 - float(below.mean()), f"pair {name}")


def share_bent(part: "xr.Dataset") -> float:
    """The share of single-layer cuts whose second difference L(1) - 2 L(1/2) + L(0) is larger along averaging.

    Args:
        part: A measurement of one pair with directions.

    Returns:
        A fraction of the cuts.
    """
    layers = part.sel(moving=single_layers(part))
    half, whole = layers.sel(fraction=0.5), layers.sel(fraction=1.0)
    averaging, random = (whole[kind] - 2 * half[kind] for kind in ("averaging_loss_rise", "random_loss_rise"))
    return float((averaging > random).mean())


def midpoint_words(result: "xr.Dataset") -> str:
    """What averaging one layer costs, apart from exchanging it.

    Args:
        result: Of several pairs, on alphas that have 0.5 and 1 among them.

    Returns:
        A paragraph.
    """
    layers = result.sel(moving=single_layers(result))
    half = layers.loss_excess.sel(alpha=0.5)
    exchanged = int((layers.alpha_at_loss_barrier == 1).sum())
    return (
        f"Of {half.size} cuts of single layers {exchanged} are highest at alpha = 1, where a layer is exchanged and "
        f"not averaged. Half-way {int((half > FLAT).sum())} lie more than {FLAT:g} nats above the mean of the two "
        f"networks, the highest by {float(half.max()):.2g} nats."
    )


def single_layers(part: "xr.Dataset") -> list[str]:
    """The labels of the single layers.

    Args:
        part: A measurement.

    Returns:
        Labels along `moving`.
    """
    return [
        str(name) for name, sweep in zip(part["moving"].values, part["sweep"].values, strict=True) if sweep == "single"
    ]


CLAIM = Claim(
    name="fig4",
    title="averaging directions are special in vision transformers, and no single layer has a barrier",
    figure="Figure 4",
    says=(
        "Pairs of vision transformers that differ in learning rate, in augmentation or in sharpness-aware training are "
        "connected layer by layer; and the direction from one network's layer to the other's is special: along it the "
        "loss of a single layer is more curved than along random directions of the same length."
    ),
    expected=(
        "In more than half of the cuts of single layers, over pairs and hosts, half a step of averaging raises the "
        "loss more than random steps of the same length; by the error on training images every pair is layer-wise "
        "connected."
    ),
    paper_settings={
        "network": "ViT: patch 4, width 512, depth 6, 16 heads, MLP 1,024",
        "trained on": "CIFAR-10, 50,000 images",
        "length": "200 epochs",
        "mini-batch": "128",
        "optimiser": "not known; SAM with rho 0 and 0.1 in one pair",
        "learning rate": "cyclic; 0.005156 and 0.056401, 0.005156 and 0.155923; of the SAM pair not known",
        "augmentation": "none; crop, flip and RandAugment for the network of 0.056401",
        "measured on": "1,024 images, both hosts",
        "alphas": "0, 0.1, ..., 1",
        "random directions": "5 a layer, as long as its step; at half and at the whole of it",
    },
    times={Scale.SMOKE: "25 s", Scale.SMALL: "8 min on two cores", Scale.PAPER: "not run; hours on a GPU"},
    departures={
        Scale.SMOKE: ("Everything: tiny networks on a few clothes, a few steps.",),
        Scale.SMALL: (
            "Width 96 in place of 512 and patches of 8 in place of 4; 80 epochs of 600 images, which all networks "
            "but the augmented one learn by heart.",
            "Learning rates of 0.1, 0.2 and 0.3 with mini-batches of 16 and gradient clipping: with the paper's own so "
            "few steps do not train.",
            "Three random directions in place of five, and 256 images in place of 1,024.",
            "All networks start from the same weights, and the network of the low rate is the one of rho 0: the paper "
            "does not say to us.",
        ),
        Scale.PAPER: (
            "SGD with momentum 0.9, products in bfloat16.",
            "All networks start from the same weights, and the network of the low rate is the one of rho 0: the paper "
            "does not say to us.",
        ),
    },
    run=run,
)
