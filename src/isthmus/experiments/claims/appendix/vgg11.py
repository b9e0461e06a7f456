"""Appendix: VGG-11 without normalisation on CIFAR-10, 11 layers."""

from pathlib import Path

import numpy as np

from isthmus.data.load import load_examples
from isthmus.experiments.evidence.evidence import Evidence
from isthmus.experiments.evidence.layerwise import layerwise_evidence
from isthmus.experiments.reproduction.bench import Bench
from isthmus.experiments.reproduction.pages.settings import MEASURED
from isthmus.experiments.reproduction.scale import Scale

CLOTHES = "fashion_mnist_small:train[0:64]"
ALONG = {
    Scale.SMALL: {"train": "cifar10:train[0:500]", "test": "cifar10:test[0:500]"},
    Scale.PAPER: {"train": "cifar10:train[0:5000]", "test": "cifar10:test[0:5000]"},
}
END = {
    Scale.SMALL: {"train": "cifar10:train[0:2000]", "test": "cifar10:test[0:1000]"},
    Scale.PAPER: {"train": "cifar10:train[0:20000]", "test": "cifar10:test"},
}


def run(bench: Bench) -> Evidence:
    """Two orders from one start, all 11 layers at every step.

    Args:
        bench: To work on.

    Returns:
        What was seen for each criterion, and the heat maps.
    """
    if bench.scale != Scale.SMOKE:
        return layerwise_evidence(bench, ALONG[bench.scale], END[bench.scale])
    file = bench.folder / "clothes.npz"
    save_bordered_images(CLOTHES, file)
    bench.made_data[CLOTHES] = str(file)
    data = {"train": f"{file}[0:32]", "test": f"{file}[32:64]"}
    evidence = layerwise_evidence(bench, data, data)
    bench.settings[MEASURED] = "the same images with a border"
    return evidence


def save_bordered_images(spec: str, file: Path) -> None:
    """Images with a border that makes them 32 x 32, the smallest that five poolings leave a pixel of.

    Args:
        spec: Of square images that are smaller.
        file: The `.npz` file to make.
    """
    images = load_examples(spec)
    border = (32 - images.inputs.shape[-1]) // 2
    inputs = np.pad(images.inputs.numpy(), ((0, 0), (0, 0), (border, border), (border, border)))
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez(file, inputs=inputs.astype(np.float32) / 255, targets=images.targets.numpy())
