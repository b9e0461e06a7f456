"""What a single-layer sweep costs: the loop that a researcher writes, and isthmus's engines, side by side in one run.

    python benchmarks/sweep.py --data-root DIR --images 256 --repetitions 3 --json sweep.json
    python benchmarks/sweep.py --width 8 --images 32 --layers 2 --repetitions 1         (a smoke run: seconds)

Every arm evaluates the same networks (a, b, their full midpoint, and each layer alone at its midpoint, for each host)
on the same images, in the same batches:

    reference      new network and state dict for each point, blended by hand, full forward, DataLoader over the images
    direct         isthmus's direct engine: one full forward pass for each point
    shared         the shared engine in float32: what points have in common is computed once
    bfloat16       the shared engine in bfloat16
    bfloat16+compile   the same with stages compiled
    precision      the shared engine, as many examples as a precision needs (with --precise-on; apart from the others)

Arms are interleaved: a repetition runs each once, at a quarter of the images and at all of them, and the machine's own
float32 matrix product beside each. Figures are medians over repetitions; two image counts part the fixed cost of a
point from the cost of an image (give four batches of images or more, else batches differ in size too). Preparing an arm
(probes; export and comparison; compiling) is timed once and apart; each arm runs one network before the clock starts.

Time: on two cores, ResNet-18 of width 64 and 256 images take about 15 minutes a repetition, 64 images and one host
about 2. Expect `shared` to be faster than `direct` by nearly the naive operations over the planned ones (1.9 for both
hosts),
and at least 2 times faster than the reference; bfloat16 gains most where the machine has matrix units for it.
"""

import argparse
import json
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import torch
from arms import Arm, Losses, engine_arm, normalised, reference_losses
from precise import precise_figures, precise_lines
from sweep_table import figures, table
from torch import nn

from isthmus.models.load import load_model
from isthmus.runs.request.request import request_of
from isthmus.runs.subject.subject import Subject, subject_of
from isthmus.sweeps.group import MovingGroup
from isthmus.weights.checkpoint import load_checkpoint

ENGINES = {  # name -> engine, dtype, compile
    "direct": ("direct", "float32", False),
    "shared": ("shared", "float32", False),
    "bfloat16": ("shared", "bfloat16", False),
    "bfloat16+compile": ("shared", "bfloat16", True),
}


@dataclass(frozen=True)
class FirstLayers:
    """The first layers alone, so that a smoke run is short."""

    count: int | None
    name: str = "single"

    def groups(self, layers: Sequence[str]) -> list[MovingGroup]:
        """One group a layer."""
        return [MovingGroup(layer, (layer,), self.name) for layer in layers[: self.count]]


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Run the benchmark and print its table."""
    options = _options(arguments)
    torch.set_num_threads(options.threads or torch.get_num_threads())
    build, data = partial(load_model, f"{options.model}:width={options.width}"), _data(options)
    if options.weights:
        a, b = (load_checkpoint(file).weights for file in options.weights)
    else:
        a, b = (_initial(build, seed).state_dict() for seed in (0, 1))
    arms: dict[str, Arm] = {}
    skipped: dict[str, str] = {}
    subjects: dict[str, tuple[Subject, float]] = {}
    for name, (engine, dtype, compiled) in ENGINES.items():
        if name in options.skip:
            skipped[name] = "as asked"
            continue
        _note(f"preparing {name}")
        if dtype not in subjects:
            begun = perf_counter()
            subjects[dtype] = _subject(build, a, b, data, options, dtype), perf_counter() - begun
        try:
            arms[name] = engine_arm(*subjects[dtype], options.batch_size, engine, compiled=compiled)
        except RuntimeError as error:
            skipped[name] = str(error).splitlines()[0]
    subject = subjects["float32"][0]
    naive_flops = arms["direct"].planned_flops
    examples = next(iter(subject.splits.values()))
    loop = partial(reference_losses, build, a, b, normalised(examples), options.batch_size, options.hosts, subject)
    arms = {"reference": Arm(loop, arms["direct"].warm_up, naive_flops, {})} | arms
    counts = (max(1, options.images // 4), options.images)
    seconds, losses, rates = _timed(arms, counts, options.repetitions, options.matrix_side)
    report: dict[str, Any] = {
        "torch": torch.__version__,
        "machine": f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}, {torch.get_num_threads()} threads",
        "model": f"{options.model}:width={options.width}",
        "data": examples.name,
        "images": counts,
        "points": len(subject.points),
        "repetitions": options.repetitions,
        "naive_gflop": naive_flops * options.images / 1e9,
        "float32_matrix_gflops": {"best": max(rates), "median": median(rates)},
        "skipped": skipped,
        "arms": {name: figures(name, arms, seconds, losses, rates, counts, subject) for name in arms},
    }

    def reference_seconds(num_points: int, num_images: int) -> float:
        row = report["arms"]["reference"]
        per_point = row["fixed_ms_per_point"] + num_images * row["ms_per_point_and_image"]
        return num_points * per_point / 1e3

    report["precise"] = [
        precise_figures(
            build,
            a,
            b,
            name,
            data_root=options.data_root,
            hosts=options.hosts,
            dtype=dtype,
            precision=options.precision,
            reference_seconds=reference_seconds,
        )
        for name, dtype in product(options.precise_on, ("float32", "bfloat16"))
    ]
    print(table(report))
    print("\n".join(precise_lines(report["precise"], options.precision) if report["precise"] else []))
    if options.json:
        Path(options.json).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return report


def _subject(
    build: Callable[[], nn.Module], a: object, b: object, data: object, options: argparse.Namespace, dtype: str
) -> Subject:
    return subject_of(
        request_of(
            build,
            a,
            b,
            data,
            sweep=[FirstLayers(options.layers)],
            hosts=tuple(options.hosts),
            data_root=options.data_root,
            alphas=0.5,
            dtype=dtype,
            device="cpu",
        )
    )


def _timed(
    arms: dict[str, Arm], counts: tuple[int, int], repetitions: int, matrix_side: int
) -> tuple[dict[tuple[str, int], list[float]], dict[str, Losses], list[float]]:
    """Seconds by (arm, images), the losses of every arm, and the machine's rates in Gflop/s."""
    seconds: dict[tuple[str, int], list[float]] = {(name, count): [] for name in arms for count in counts}
    losses: dict[str, Losses] = {}
    rates = []
    for arm, count in product(arms.values(), counts):
        arm.warm_up(count)
    for repetition, (name, arm), count in product(range(repetitions), arms.items(), counts):
        rates.append(matrix_gflops(matrix_side))
        begun = perf_counter()
        losses[name] = arm.losses(count)
        seconds[name, count].append(perf_counter() - begun)
        _note(f"repetition {repetition + 1}: {name}, {count} images: {seconds[name, count][-1]:.2f} s")
    return seconds, losses, rates


def matrix_gflops(side: int) -> float:
    """The rate of a float32 matrix product, the best of three, in Gflop/s."""
    x, y = torch.randn(2, side, side)
    best = float("inf")
    for _ in range(3):
        begun = perf_counter()
        torch.mm(x, y)
        best = min(best, perf_counter() - begun)
    return 2 * side**3 / best / 1e9


def _data(options: argparse.Namespace) -> object:
    if options.data_root:
        return f"cifar10:test[0:{options.images}]"
    made = torch.Generator().manual_seed(0)
    return torch.randn(options.images, 3, 32, 32, generator=made), torch.randint(10, (options.images,), generator=made)


def _initial(build: Callable[[], nn.Module], seed: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="resnet18_no_norm")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--weights", nargs=2, metavar=("A", "B"), help="checkpoints; else two random initialisations")
    parser.add_argument("--data-root", help="where CIFAR-10 lies; else random images")
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--hosts", default="ab", help="ab, a or b")
    parser.add_argument("--layers", type=int, help="only so many layers, the first ones")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--matrix-side", type=int, default=2048, help="of the float32 matrices whose product is timed")
    parser.add_argument("--threads", type=int, help="of torch; else as torch chooses")
    parser.add_argument("--skip", nargs="*", default=[], choices=sorted(ENGINES.keys() - {"direct"}), help="arms")
    parser.add_argument("--precise-on", nargs="*", default=[], metavar="DATA", help="cifar10:test cifar10:train")
    parser.add_argument(
        "--precision", type=float, default=0.05, help="half-width of the loss barriers' intervals, nats"
    )
    parser.add_argument("--json", metavar="FILE", help="write every figure there")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
