"""Repeated measuring in one process: do memory, descriptors and threads stay where they are?

    nice -n 5 python benchmarks/soak.py --minutes 30 --json soak.json
    python benchmarks/soak.py --minutes 0.1                                (a smoke run)

Rounds follow one another: two networks are measured into a new folder, which is then resumed and read; two are
measured in memory; a network is trained for two epochs into a folder. Every other object is another one: new weights
each round, the same architecture. A cache of a fixed number of entries does not count as growth: the one that would
take some hundred rounds to fill is filled before. After each round the resident memory (`/proc/self/statm`), open
descriptors and threads are counted. The first fifth of the time is warm-up. The rest is cut into twenty pieces; the
slope of their means over time comes with a 95 % interval of Student's t, so that rounds that resemble their neighbours
do not make it narrower. Expect an interval that holds 0, or a slope of less than 1 MiB a thousand rounds.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from scipy.stats import linregress, t

import isthmus
from isthmus.measures.intervals.weighted_mean import weighted_mean_quantile
from isthmus.models.load import load_model
from isthmus.training.networks.networks import train_networks
from isthmus.training.recipe.recipe import NetworkRecipe

MODEL = "cnn:width=4,channels=1,classes=4"
PIECES, WARM_UP = 20, 0.2
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
    """Fill the cache of quantiles: 4,096 entries, some 2 MiB, of which a round adds about 20."""
    for count in range(weighted_mean_quantile.cache_info().maxsize or 0):
        weighted_mean_quantile((0.0, 1.0), (1, 1 + count), 0.975)


def seen() -> tuple[float, int, int]:
    """What this process takes now.

    Returns:
        Resident MiB, descriptors, threads.
    """
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    descriptors, tasks = (sum(1 for _ in Path(f"/proc/self/{kind}").iterdir()) for kind in ("fd", "task"))
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20, descriptors, tasks


def slope(rounds: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """How values grow, from the means of pieces.

    Args:
        rounds: Their numbers.
        values: One a round.

    Returns:
        A thousand rounds' growth, and the half-width of its 95 % interval.
    """
    pieces = np.array_split(np.arange(len(rounds)), min(PIECES, len(rounds)))
    found = linregress([rounds[piece].mean() for piece in pieces], [values[piece].mean() for piece in pieces])
    return 1000 * found.slope, 1000 * found.stderr * t.ppf(0.975, max(len(pieces) - 2, 1))


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
    rows, begun = [], time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        np.savez(Path(temporary) / "data.npz", inputs=data[0].numpy(), targets=targets.numpy())
        while time.monotonic() - begun < 60 * minutes or len(rows) < 5:
            with tempfile.TemporaryDirectory(dir=temporary) as home:
                round_of_work(len(rows), Path(home), data)
            rows.append((time.monotonic() - begun, *seen()))
    seconds, resident, descriptors, threads = np.array(rows).T
    kept = seconds > WARM_UP * seconds[-1]
    numbers = np.arange(len(rows))[kept]
    growth, half = slope(numbers, resident[kept])
    return {
        "minutes": round(seconds[-1] / 60, 2),
        "rounds": len(rows),
        "resident_MiB": {"after warm-up": round(resident[kept][0], 1), "end": round(resident[-1], 1)},
        "growth_MiB_a_thousand_rounds": [round(growth, 2), round(half, 2)],
        "descriptors": [int(descriptors[kept].min()), int(descriptors[kept].max())],
        "threads": [int(threads[kept].min()), int(threads[kept].max())],
        "is_flat": bool(growth - half <= 0 or growth < 1),
    }


def main() -> None:
    """Print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    text = json.dumps(soak(asked.minutes), indent=1)
    print(text)
    if asked.json:
        asked.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
