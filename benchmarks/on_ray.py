"""What Ray costs and gains on this machine, and what a large study would cost by these parts.

    python benchmarks/on_ray.py --json ray.json             (about 4 minutes on two free cores)
    python benchmarks/on_ray.py --networks 4 --units 20     (a smoke run)

Four parts, each measured: how long a cluster of this machine and its first worker take to begin; what a unit costs that
does nothing; how many bytes a second go into the object store, out of it and home; and a collection of all pairs of
small networks, in this process and on Ray, whose files have to be equal. `docs/scale.md` is made of the numbers.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import isthmus
from isthmus.models.load import load_model
from isthmus.processes import num_cores
from isthmus.weights.checkpoint import save_weights
from isthmus.work.on_ray import LOCAL, connection, on_ray

MODEL = "cnn:width=8,channels=1"
DATA = "digits:test"
MIB = 2**20


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """How long something takes.

    Args:
        work: What to do.

    Returns:
        Seconds, and what it returned.
    """
    begun = time.perf_counter()
    found = work()
    return time.perf_counter() - begun, found


def doing_nothing() -> Callable[[int, Any], int]:
    """A task whose jobs take no time."""
    return lambda job, _tell: job


def reading(shared: Any) -> Callable[[int, Any], int]:
    """A task that looks at every number of a shared value."""
    return lambda _job, _tell: int(shared.value()["numbers"].view(torch.uint8).max())


def sending(size: int) -> Callable[[int, Any], bytes]:
    """A task whose results are so many bytes."""
    return lambda _job, _tell: bytes(size)


class Reading:
    """`reading` of a value that is given later."""

    def __init__(self, shared: Any) -> None:
        self.shared = shared

    def __call__(self) -> Callable[[int, Any], int]:
        """The task."""
        return reading(self.shared)


class Sending:
    """`sending` of a size that is given later."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __call__(self) -> Callable[[int, Any], bytes]:
        """The task."""
        return sending(self.size)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file's bytes by its path."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def collection(folder: Path, num_networks: int) -> dict[str, Any]:
    """All pairs of some networks, here and on Ray.

    Args:
        folder: Where.
        num_networks: How many there are.

    Returns:
        Seconds, their ratio, and whether the files are equal.
    """
    networks = []
    for number in range(num_networks):
        torch.manual_seed(number)
        networks.append(folder / f"n{number:02d}.safetensors")
        save_weights(load_model(MODEL).state_dict(), networks[-1])

    def measured(out: str, **more: Any) -> None:
        isthmus.measure(MODEL, networks, None, DATA, device="cpu", out=folder / out, **more)

    isthmus.measure(MODEL, *networks[:2], DATA, device="cpu")  # what is done once in a process is done
    here, _ = timed(lambda: measured("here"))
    busy = time.process_time()
    there, _ = timed(lambda: measured("there", ray=LOCAL))
    busy = time.process_time() - busy
    files = contents(folder / "here")
    return {
        "networks": num_networks,
        "pairs": num_networks * (num_networks - 1) // 2,
        "seconds_here": round(here, 2),
        "seconds_on_ray": round(there, 2),
        "ratio": round(here / there, 3),
        "milliseconds_of_this_process_a_pair": round(1000 * busy / (num_networks * (num_networks - 1) / 2), 1),
        "files": len(files),
        "bytes": sum(map(len, files.values())),
        "equal_bytes": files == contents(folder / "there"),
    }


def matrix_rate() -> float:
    """Floating-point operations a second of one thread, in float32 products of 1,024 x 1,024."""
    a, repetitions = torch.randn(1024, 1024), 20
    a @ a
    seconds, _ = timed(lambda: [a @ a for _ in range(repetitions)])
    return float(2 * 1024**3 * repetitions / seconds)


def estimates(report: dict[str, Any]) -> list[dict[str, Any]]:
    """What two large studies would cost, by the parts that were measured.

    10,000 pairs are those of 142 ResNet-18 (11.2 million weights, 1.11 Gflop an image) on 10,000 images: 45 points, and
    0.537 of their forward passes are left by sharing (docs/performance.md). The pair of 7 billion weights has 32 blocks
    of 7 layers, in bfloat16 on one window of 2,048 tokens a unit, 1,000 of them: 453 points, 0.54 of their passes left.

    Args:
        report: Of this script.

    Returns:
        Units, bytes and seconds of each.
    """
    rate, store = report["gigaflops_of_a_core"] * 1e9, report["mib_a_second"]
    driver = report["collection"]["milliseconds_of_this_process_a_pair"] / 1000
    overhead = report["milliseconds_a_unit"] / 1000
    studies = [
        ("10,000 pairs", 10_011, 142 * 4 * 11.2e6, 10_000 * 0.537 * 45 * 1.11e9, 45 * 10_000 * 5, driver),
        ("7 billion weights", 1000, 2 * 2 * 7e9, 0.54 * 453 * 2048 * 2 * 7e9, 453 * 5, overhead),
    ]
    found = []
    for name, units, shared, flops, result, serial in studies:
        found.append({
            "study": name,
            "units": units,
            "gib_into_the_store_and_to_every_machine": round(shared / 2**30, 2),
            "gib_home_at_most": round(units * result / 2**30, 3),
            "core_hours": round(units * flops / rate / 3600),
            "hours_of_the_first_process": round((units * serial + shared / MIB / store["into_the_store"]) / 3600, 3),
            "workers_that_it_keeps_busy": round(flops / rate / serial),
        })  # fmt: skip
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=int, default=20)
    parser.add_argument("--units", type=int, default=2000)
    parser.add_argument("--mib", type=int, default=256, help="size of the value that is shared")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    report: dict[str, Any] = {"cores": num_cores(), "torch": torch.__version__}
    report["gigaflops_of_a_core"] = round(matrix_rate() / 1e9, 1)
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as name, connection(LOCAL):
        report["seconds_to_begin"] = round(time.perf_counter() - begun, 2)
        with on_ray(LOCAL, 1) as workers:
            report["seconds_of_first_worker"] = round(timed(lambda: list(workers.done(doing_nothing, [0])))[0], 2)
            list(workers.done(doing_nothing, range(2 * num_cores())))  # all others have begun, too
            seconds, done = timed(lambda: list(workers.done(doing_nothing, range(options.units))))
            assert sorted(one.result for one in done) == list(range(options.units))
            report["milliseconds_a_unit"] = round(1000 * seconds / options.units, 3)
            value = {"numbers": torch.arange(options.mib * MIB // 4, dtype=torch.int32)}
            put, shared = timed(lambda: workers.share(lambda: value))
            read, _ = timed(lambda: list(workers.done(Reading(shared), [0])))
            home, _ = timed(lambda: list(workers.done(Sending(options.mib * MIB // 4), [0])))
            report["mib_a_second"] = {
                "into_the_store": round(options.mib / put),
                "out_of_it": round(options.mib / read),
                "home": round(options.mib / 4 / home),
            }
        report["collection"] = collection(Path(name), options.networks)
    report["estimates"] = estimates(report)
    print(json.dumps(report, indent=1))
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
