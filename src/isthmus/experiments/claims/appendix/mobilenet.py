"""Appendix: MobileNet with BatchNorm on CIFAR-100, 55 layers."""

from dataclasses import replace

import xarray as xr

from isthmus.experiments.evidence import barriers
from isthmus.experiments.evidence.evidence import Evidence
from isthmus.experiments.evidence.layerwise import layerwise_evidence
from isthmus.experiments.evidence.located import largest
from isthmus.experiments.reproduction.bench import Bench
from isthmus.experiments.reproduction.scale import Scale

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


def run(bench: Bench) -> Evidence:
    """Two orders from one start, all 55 layers at every step; running statistics move with their layer.

    Args:
        bench: To work on.

    Returns:
        What was seen for each criterion, and the heat maps.
    """
    bench.settings["BatchNorm"] = "running statistics are blended with their layer"
    networks, (measured, statistics) = bench.train_networks(), ANEW[bench.scale]
    evidence = layerwise_evidence(bench, ALONG[bench.scale], END[bench.scale], networks=networks)
    a, b = networks.final_pairs
    options = {"batch_norm": "recalibrate", "recalibration_data": statistics, "allow_shared_examples": True}
    anew = bench.measure("recalibrated", networks.model, {"train": measured}, a=a, b=b, **options)
    return replace(evidence, obtained=[*evidence.obtained, recalibrated_words(anew, bench.threshold("layer"))])


def recalibrated_words(anew: xr.Dataset, small: float) -> str:
    """What is left of the barriers once every network has running statistics of its own.

    Args:
        anew: The measurement of all pairs under `batch_norm="recalibrate"`.
        small: Nats; the layers above it are counted.

    Returns:
        A paragraph.
    """
    full, layers = largest(barriers.full_barriers(anew)), barriers.layer_barriers(anew)
    above = sum(layer.estimate.low > small for layer in layers)
    return (
        "A convolution that is averaged leaves the running statistics of the norm layer behind it the host's. With "
        "running statistics measured anew for every network, on training images and those measured among them, the "
        f"full network has a loss barrier of {full.text('nats')}; the largest single layer has "
        f"{largest(layers).text('nats')}; {above} of {len(layers)} cuts of single layers lie above {small:g} nats, "
        "beyond their intervals."
    )
