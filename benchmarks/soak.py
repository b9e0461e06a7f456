"""Repeated measuring in one process: do memory, descriptors and threads stay where they are?

    nice -n 5 python benchmarks/soak.py --minutes 30 --json soak.json
    python benchmarks/soak.py --minutes 0.1                                (a smoke run)

Rounds follow one another: two networks are measured into a new folder, which is then resumed and read; two are
measured in memory; a network is trained for two epochs into a folder. Every other object is another one: new weights
each round, the same architecture. A cache of a fixed number of entries does not count as growth: the one that would
take some hundred rounds to fill is filled before. After each round the memory is read, the resident one
(`/proc/self/statm`) and what is allocated (`mallinfo2` of the C library, with Python's own objects: the process starts
itself anew under `PYTHONMALLOC=malloc`), and open descriptors and threads are counted. Resident memory also moves with
what the allocator keeps for later; a leak shows in both. The first fifth of the time is warm-up. The rest is cut into
twenty pieces. What grows between a piece's mean and the next one's, as a median, comes with its 95 % interval from
order statistics: a leak grows in every piece, a table that doubles once in one. The least-squares slope and the largest
step stand beside it.
Expect an interval that holds 0, or a median of less than 1 MiB a thousand rounds, for what is allocated.
"""

import argparse
import ctypes
import gc
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from scipy.stats import binom, linregress

import isthmus
from isthmus.measures.intervals.weighted_mean import NUM_KEPT, weighted_mean_quantile
from isthmus.models.load import load_model
from isthmus.training.networks.networks import train_networks
from isthmus.training.recipe.recipe import NetworkRecipe

MODEL = "cnn:width=4,channels=1,classes=4"
PIECES, WARM_UP = 20, 0.2
MOST_ROUNDS = 100_000  # more than a day of them
RECIPE = {"name": "x", "model": MODEL, "length": "2ep", "batch_size": 16, "device": "cpu"}
OPTIMIZER = {"name": "sgd", "learning_rate": 0.05}


def weights(seed: int) -> dict[str, torch.Tensor]:
    """A network of its own.

    Args:
        seed: Of its initialisation.

    Returns:
        Its state dict.
    """
    torch.manual_seed(seed)
    return {key: tensor.clone() for key, tensor in load_model(MODEL).state_dict().items()}


def round_of_work(number: int, home: Path, data: tuple[torch.Tensor, torch.Tensor]) -> None:
    """Measure with and without a folder, resume, read, train.

    Args:
        number: Of the round.
        home: Where folders are made, and removed with it.
        data: What is measured on.
    """
    a, b = weights(2 * number), weights(2 * number + 1)
    for resume in (False, True):
        isthmus.measure(MODEL, a, b, data, batch_size=16, out=home / "run", resume=resume)
    isthmus.examples(isthmus.load_run(home / "run"))
    isthmus.measure(MODEL, a, b, data, sweep="full")
    recipe = NetworkRecipe.model_validate(RECIPE | {"data": str(home.parent / "data.npz"), "optimizer": OPTIMIZER})
    train_networks([recipe], home / "trained")


def fill_quantiles() -> None:
    """Fill the cache of quantiles with entries of the size that errors have: a round adds about 20 of 4,096."""
    for count in range(NUM_KEPT):
        weighted_mean_quantile((-1.0, 0.0, 1.0), (1, 1, 1 + count), 0.975)


class MallocInfo(ctypes.Structure):
    """`struct mallinfo2` of glibc 2.33 and later."""

    NAMES = ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")
    _fields_ = tuple((name, ctypes.c_size_t) for name in NAMES)


def allocated() -> float:
    """What is in use of all that was allocated.

    Returns:
        MiB, of the arenas and of blocks with a mapping of their own.
    """
    read = ctypes.CDLL(None).mallinfo2
    read.restype = MallocInfo
    info = read()
    return float((info.uordblks + info.hblkhd) / 2**20)


def seen() -> tuple[float, float, int, int]:
    """What this process takes now; cycles that wait for the collector are no leak.

    Returns:
        Allocated and resident MiB, descriptors, threads.
    """
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    descriptors, tasks = (sum(1 for _ in Path(f"/proc/self/{kind}").iterdir()) for kind in ("fd", "task"))
    return allocated(), pages * os.sysconf("SC_PAGE_SIZE") / 2**20, descriptors, tasks


def growth(rounds: np.ndarray, values: np.ndarray) -> dict[str, object]:
    """How values grow, from the means of pieces, for a thousand rounds.

    Args:
        rounds: Their numbers.
        values: One a round, in MiB.

    Returns:
        The median growth from piece to piece and its interval, the least-squares slope, the largest step in MiB, and
        whether the median is none.
    """
    pieces = np.array_split(np.arange(len(rounds)), min(PIECES, len(rounds)))
    means, middles = (np.array([of[piece].mean() for piece in pieces]) for of in (values, rounds))
    grown = np.sort(1000 * np.diff(means) / np.diff(middles))
    # The k-th smallest and largest of n hold the median unless fewer than k lie on one side of it.
    k = max(int(binom.ppf(0.025, len(grown), 0.5)), 1)
    median, low, high = float(np.median(grown)), float(grown[k - 1]), float(grown[-k])
    return {
        "median_MiB_a_thousand_rounds": [round(x, 2) for x in (median, low, high)],
        "slope_MiB_a_thousand_rounds": round(1000 * float(linregress(middles, means).slope), 2),
        "largest_step_MiB": round(float(np.diff(means).max()), 2),
        "MiB": {"after warm-up": round(float(values[0]), 1), "end": round(float(values[-1]), 1)},
        "is_flat": low <= 0 or median < 1,
    }


def soak(minutes: float) -> dict[str, object]:
    """Work for some time.

    Args:
        minutes: How long.

    Returns:
        What was seen.
    """
    torch.set_num_threads(1)
    fill_quantiles()
    generator = torch.Generator().manual_seed(0)
    targets = torch.randint(0, 4, (64,), generator=generator)
    data = torch.randn(64, 1, 8, 8, generator=generator), targets
    # Touched at once: a list of what was seen would grow itself, by 200 bytes a round.
    rows, count, begun = np.full((MOST_ROUNDS, 5), np.nan), 0, time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        np.savez(Path(temporary) / "data.npz", inputs=data[0].numpy(), targets=targets.numpy())
        while (time.monotonic() - begun < 60 * minutes or count < 5) and count < MOST_ROUNDS:
            with tempfile.TemporaryDirectory(dir=temporary) as home:
                round_of_work(count, Path(home), data)
            rows[count] = time.monotonic() - begun, *seen()
            count += 1
    seconds, taken, resident, descriptors, threads = rows[:count].T
    kept = seconds > WARM_UP * seconds[-1]
    numbers = np.arange(count)[kept]
    return {
        "minutes": round(seconds[-1] / 60, 2),
        "rounds": count,
        "allocated": growth(numbers, taken[kept]),
        "resident": growth(numbers, resident[kept]),
        "descriptors": [int(descriptors[kept].min()), int(descriptors[kept].max())],
        "threads": [int(threads[kept].min()), int(threads[kept].max())],
    }


def main() -> None:
    """Print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    if os.environ.get("PYTHONMALLOC") != "malloc":
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | {"PYTHONMALLOC": "malloc"})
    text = json.dumps(soak(asked.minutes), indent=1)
    print(text)
    if asked.json:
        asked.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
