"""Appendix: MobileNet with BatchNorm on CIFAR-100, 55 layers."""

from dataclasses import replace
from typing import TYPE_CHECKING

from isthmus.experiments.reproduction.claim import Claim
from isthmus.experiments.reproduction.criterion import SMALL, largest
from isthmus.experiments.reproduction.scale import Scale

if TYPE_CHECKING:
    import xarray as xr

    from isthmus.experiments.reproduction.bench import Bench
    from isthmus.experiments.reproduction.evidence import Evidence

ALONG = {
    Scale.SMOKE: {"train": "fashion_mnist_small:train[0:16]", "test": "fashion_mnist_small:test[0:16]"},
    Scale.SMALL: {"train": "cifar100:train[0:200]", "test": "cifar100:test[0:200]"},
    Scale.PAPER: {"train": "cifar100:train[0:5000]", "test": "cifar100:test[0:5000]"},
}
END = {
    Scale.SMOKE: {"train": "fashion_mnist_small:train[0:32]", "test": "fashion_mnist_small:test[0:32]"},
    Scale.SMALL: {"train": "cifar100:train[0:1000]", "test": "cifar100:test[0:1000]"},
    Scale.PAPER: {"train": "cifar100:train[0:20000]", "test": "cifar100:test"},
}
ANEW = {
    Scale.SMOKE: ("fashion_mnist_small:train[0:8]", "fashion_mnist_small:train[0:32]"),
    Scale.SMALL: ("cifar100:train[0:300]", "cifar100:train[0:1000]"),
    Scale.PAPER: ("cifar100:train[0:2000]", "cifar100:train[0:10000]"),
}
"""What is measured with running statistics of their own for every network, and the images that they are taken from."""


def run(bench: "Bench") -> "Evidence":
    """Two orders from one start, all 55 layers at every step; running statistics move with their layer.

    Args:
        bench: To work on.

    Returns:
        The criteria with the figures seen, and the heat maps.
    """
    from isthmus.experiments.reproduction.layerwise import layerwise_evidence

    bench.settings["BatchNorm"] = "running statistics are blended with their layer"
    networks, (measured, statistics) = bench.networks(), ANEW[bench.scale]
    evidence = layerwise_evidence(bench, ALONG[bench.scale], END[bench.scale], networks=networks)
    a, b = networks.final_pairs
    options = {"batch_norm": "recalibrate", "recalibration_data": statistics, "allow_shared_examples": True}
    anew = bench.measured("recalibrated", networks.model, {"train": measured}, a=a, b=b, **options)
    return replace(evidence, obtained=[*evidence.obtained, recalibrated_words(anew)])


def recalibrated_words(anew: "xr.Dataset") -> str:
    """What is left of the barriers once every network has running statistics of its own.

    Args:
        anew: The measurement of all pairs under `batch_norm="recalibrate"`.

    Returns:
        A paragraph.
    """
    from isthmus.experiments.reproduction import barriers

    full, layers = largest(barriers.full_barriers(anew)), barriers.layer_barriers(anew)
    above = sum(layer.low > SMALL for layer in layers)
    return (
        "A convolution that is averaged leaves the running statistics of the norm layer behind it the host's. With "
        "running statistics measured anew for every network, on training images and those measured among them, the "
        f"full network has a loss barrier of {full.text('nats')}; the largest single layer has "
        f"{largest(layers).text('nats')}; {above} of {len(layers)} cuts of single layers lie above {SMALL:g} nats, "
        "beyond their intervals."
    )


CLAIM = Claim(
    name="mobilenet",
    title="no single layer of a MobileNet with BatchNorm has a barrier",
    figure="appendix",
    says=(
        "Also a MobileNet with BatchNorm on CIFAR-100, whose 55 layers are convolutions, norm layers and the "
        "classifier, has a barrier of the full network and none of a single layer."
    ),
    expected=(
        "At the end a barrier of the full network of some tenths of a nat or more, and no single layer above a tenth "
        "of a nat or a fifth of the full barrier; by the error on training images the networks are layer-wise "
        "connected."
    ),
    paper_settings={
        "network": "MobileNet for images of 32 × 32, 55 layers",
        "trained on": "CIFAR-100, 50,000 images",
        "length": "200 epochs",
        "mini-batch": "64",
        "optimiser": "SGD, momentum 0.9, weight decay 0.0005",
        "learning rate": "times 0.1 at 50 % and 75 %; 0.05 for the convolutional networks in general",
        "augmentation": "crop with padding 4, flip",
        "the two networks": "same initialisation, another order",
        "BatchNorm": "what is done with running statistics is not known",
        "measured on": "train and test images, midpoint, both hosts",
    },
    times={Scale.SMOKE: "25 s", Scale.SMALL: "11 min on two cores", Scale.PAPER: "not run; hours on a GPU"},
    departures={
        Scale.SMOKE: ("Everything: a tiny network on a few clothes, a few steps.",),
        Scale.SMALL: (
            "1,000 images without augmentation, learned by heart, in place of 50,000 augmented ones; width 16 in place "
            "of 32, 60 epochs in place of 200.",
            "On the test set such networks are confidently wrong: there the error, not the loss, is compared.",
        ),
        Scale.PAPER: ("The peak of the learning rate, 0.05, is that of the paper's other convolutional networks.",),
    },
    run=run,
)
