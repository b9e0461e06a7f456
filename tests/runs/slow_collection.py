"""A collection that takes long enough to be killed in the middle."""

from cases import CASES

import isthmus

MLP = CASES[0]


def measured_slowly(out):
    seeds = {str(seed): MLP.weights(seed) for seed in range(3)}
    return isthmus.measure(MLP.build, seeds, None, MLP.data(80), sweep="full", batch_size=4, out=out, resume=True)
