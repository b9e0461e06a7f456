"""What tests of run folders share: a small measurement, and the bytes of a folder."""

from cases import CASES

import isthmus

CNN = CASES[1]


def measured(out, **options):
    """A measurement of a tiny convolutional network into a folder."""
    pair = CNN.weights(0), CNN.weights(1)
    return isthmus.measure(CNN.build, *pair, CNN.data(), batch_size=4, out=out, **options)


def contents(folder):
    """Every file's bytes by its path."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
