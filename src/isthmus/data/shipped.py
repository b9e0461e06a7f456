"""The slice of Fashion-MNIST that ships with the package."""

from importlib.resources import files

import numpy as np
import torch

from isthmus.data.examples import Examples, Normalization

CLASS_NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


def load_shipped(source: str, split: str, normalization: Normalization) -> Examples:
    """The first 4,000 train or first 1,000 test images of Fashion-MNIST, in the official order.

    Args:
        source: The name of the slice: "fashion_mnist_small".
        split: "train" or "test".
        normalization: Applied when the examples are used.

    Returns:
        Inputs of shape (n, 1, 28, 28), bytes.

    Source:
        H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST", 2017, arXiv:1708.07747; MIT licence, beside the file.
    """
    file = files("isthmus.data") / "shipped" / f"{source}.npz"
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
        inputs = torch.from_numpy(stored[f"{split}_inputs"])
        targets = torch.from_numpy(stored[f"{split}_targets"].astype(np.int64))
    return Examples(inputs, targets, f"{source}:{split}", split, normalization, CLASS_NAMES)
