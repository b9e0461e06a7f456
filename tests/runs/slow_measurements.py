"""Measurements that take long enough to be killed in the middle."""

import time
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch
from cases import CASES

import isthmus

MLP, CNN = CASES[:2]


def measured_slowly(out, *, resume=True):
    """Two networks in batches of 8, so that a unit is on disk long before the last."""
    torch.set_num_threads(1)
    pair = CNN.weights(0), CNN.weights(1)
    return isthmus.measure(CNN.build, *pair, CNN.data(400), alphas=5, batch_size=8, out=out, resume=resume)


def collected_slowly(out):
    """Three pairs of networks."""
    torch.set_num_threads(1)
    seeds = {str(seed): MLP.weights(seed) for seed in range(3)}
    return isthmus.measure(MLP.build, seeds, None, MLP.data(80), sweep="full", batch_size=4, out=out, resume=True)


def begun(processes: BaseContext, measured, out: Path, units: int, member: str = ".") -> BaseProcess:
    """A process that measures, with so many units on disk."""
    process = processes.Process(target=measured, args=(out,))
    process.start()
    examples = out / member / "examples" / "data"
    while process.is_alive() and not (examples.is_dir() and len(list(examples.iterdir())) >= units):
        time.sleep(0.005)
    return process
