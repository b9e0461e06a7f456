"""The handwritten digits that ship with scikit-learn: the embedded default."""

import numpy as np
import torch

from isthmus.data.examples import Examples, Normalization

NUM_TRAIN = 1297  # of 1,797


def load_digits_split(split: str, normalization: Normalization) -> Examples:
    """1,797 digits of 8x8 with grey values 0 to 16, in scikit-learn's order.

    Args:
        split: "train", the first 1,297, or "test", the last 500.
        normalization: Applied when the examples are used.

    Returns:
        Inputs of shape (n, 1, 8, 8), bytes from 0 to 16.

    Source:
        The test part of E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    chosen = slice(0, NUM_TRAIN) if split == "train" else slice(NUM_TRAIN, None)
    return Examples(
        inputs=torch.from_numpy(digits.images[chosen].astype(np.uint8)).unsqueeze(1),
        targets=torch.from_numpy(digits.target[chosen].astype(np.int64)),
        name=f"digits:{split}",
        split=split,
        normalization=normalization,
        class_names=tuple(str(name) for name in digits.target_names),
    )
