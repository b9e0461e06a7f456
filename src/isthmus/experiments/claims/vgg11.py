"""Appendix: VGG-11 without normalisation on CIFAR-10, 11 layers."""

from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.experiments.reproduction.claim import Claim
from isthmus.experiments.reproduction.scale import Scale

if TYPE_CHECKING:
    from isthmus.experiments.reproduction.bench import Bench
    from isthmus.experiments.reproduction.evidence import Evidence

CLOTHES = "fashion_mnist_small:train[0:64]"
ALONG = {
    Scale.SMALL: {"train": "cifar10:train[0:500]", "test": "cifar10:test[0:500]"},
    Scale.PAPER: {"train": "cifar10:train[0:5000]", "test": "cifar10:test[0:5000]"},
}
END = {
    Scale.SMALL: {"train": "cifar10:train[0:2000]", "test": "cifar10:test[0:1000]"},
    Scale.PAPER: {"train": "cifar10:train[0:20000]", "test": "cifar10:test"},
}


def run(bench: "Bench") -> "Evidence":
    """Two orders from one start, all 11 layers at every step.

    Args:
        bench: To work on.

    Returns:
        The criteria with the figures seen, and the heat maps.
    """
    from isthmus.experiments.reproduction.layerwise import layerwise_evidence
    from isthmus.experiments.reproduction.settings import MEASURED

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
    import numpy as np

    from isthmus.data.load import load_examples

    images = load_examples(spec)
    border = (32 - images.inputs.shape[-1]) // 2
    inputs = np.pad(images.inputs.numpy(), ((0, 0), (0, 0), (border, border), (border, border)))
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez(file, inputs=inputs.astype(np.float32) / 255, targets=images.targets.numpy())


CLAIM = Claim(
    name="vgg11",
    title="no single layer of a VGG-11 has a barrier",
    figure="appendix",
    says=(
        "Also a VGG-11 on CIFAR-10, eight convolutions and three linear layers without normalisation, has a barrier of "
        "the full network and none of a single layer."
    ),
    expected=(
        "At the end a barrier of the full network of some tenths of a nat or more, and no single layer above a tenth "
        "of a nat or a fifth of the full barrier; by the error on training images the networks are layer-wise "
        "connected."
    ),
    paper_settings={
        "network": "VGG-11 in torchvision's layout, 11 layers",
        "trained on": "CIFAR-10, 50,000 images",
        "length": "200 epochs",
        "mini-batch": "64",
        "optimiser": "SGD, momentum 0.9, weight decay 0.0005",
        "learning rate": "halved every 30 epochs; 0.05 for the convolutional networks in general",
        "augmentation": "crop with padding 4, flip",
        "the two networks": "same initialisation, another order",
        "measured on": "train and test images, midpoint, both hosts",
    },
    times={Scale.SMOKE: "15 s", Scale.SMALL: "7 min on two cores", Scale.PAPER: "not run; hours on a GPU"},
    departures={
        Scale.SMOKE: ("Everything: a tiny network on a few clothes, a few steps.",),
        Scale.SMALL: (
            "2,000 images without augmentation, learned by heart, in place of 50,000 augmented ones; width 16 in place "
            "of 64, 40 epochs in place of 200 with the rate halved every 8, warm-up and gradient clipping.",
            "On the test set such networks are confidently wrong: there the error, not the loss, is compared.",
        ),
        Scale.PAPER: (
            "The peak of the learning rate, 0.05, is that of the paper's other convolutional networks, and so is the "
            "warm-up of 100 iterations.",
        ),
    },
    run=run,
)
