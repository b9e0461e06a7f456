"""The data of the claims about CIFAR-10, at each scale."""

from collections.abc import Mapping

from isthmus.experiments.reproduction.scale import Scale

ALONG = {
    Scale.SMOKE: {"train": "digits:train[0:40]", "test": "digits:test[0:40]"},
    Scale.SMALL: {"train": "cifar10:train[0:500]", "test": "cifar10:test[0:500]"},
    Scale.EVENING: {"train": "cifar10:train", "test": "cifar10:test"},
    Scale.PAPER: {"train": "cifar10:train[0:5000]", "test": "cifar10:test[0:5000]"},
}
"""At every step of the training."""

END = {
    Scale.SMOKE: {"train": "digits:train[0:60]", "test": "digits:test[0:60]"},
    Scale.SMALL: {"train": "cifar10:train[0:3000]", "test": "cifar10:test[0:1000]"},
    Scale.EVENING: {"train": "cifar10:train", "test": "cifar10:test"},
    Scale.PAPER: {"train": "cifar10:train[0:20000]", "test": "cifar10:test"},
}
"""At the last step, which the criteria speak of."""

PRECISION_ALONG: Mapping[Scale, float] = {Scale.EVENING: 0.05}
PRECISION_AT_END: Mapping[Scale, float] = {Scale.EVENING: 0.03}
"""Half-widths of intervals, in nats, that choose how many of the images are measured on; all of them elsewhere."""
