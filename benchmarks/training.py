"""What the training loop costs beside the bare minimum, interleaved in one run.

    python benchmarks/training.py --width 64 --batch-size 64 --repetitions 3          (about 20 minutes on two cores)
    python benchmarks/training.py --width 8 --batch-size 16 --steps 10 --repetitions 2      (a smoke run: seconds)

Both arms train ResNet-18 without normalisation by SGD with momentum for the same number of steps on random images:

    bare      forward, backward, step, on float images that lie ready on the device; nothing else
    isthmus   `isthmus.training.loop.train` on bytes: order, crop, flip, normalisation, learning rate, gradient
              clipping, the record of losses, and checkpoints with their states at the beginning, half-way and at the
              end, written to a temporary folder on another thread; the time until the last file is whole counts

A repetition runs each arm once, in turn first; figures are medians over repetitions. Expect a ratio of at most 1.15 at
width 64; a small network makes it larger, for what does not grow with the network then counts more.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
from torch import nn
from torch.nn import functional

from isthmus.data.examples import Examples, Normalization
from isthmus.models.load import load_model
from isthmus.training.initial import make_initial_model
from isthmus.training.loop import train
from isthmus.training.networks.folder import NetworkFolder
from isthmus.training.recipe.augmentation_settings import Crop, Flip
from isthmus.training.recipe.optimizer_settings import Sgd
from isthmus.training.recipe.recipe import Recipe
from isthmus.training.recipe.schedule import Cosine
from isthmus.training.seeds import Seeds
from isthmus.training.writer import BackgroundWriter
from isthmus.weights.step import Step

RULE = Sgd(learning_rate=0.05, momentum=0.9, weight_decay=5e-4)


def bare_seconds(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor, batch_size: int, steps: int) -> float:
    """Seconds of the bare loop."""
    optimizer = torch.optim.SGD(model.parameters(), RULE.learning_rate, RULE.momentum, weight_decay=RULE.weight_decay)
    batches = list(zip(inputs.split(batch_size), targets.split(batch_size), strict=True))
    model.train()
    _wait(inputs.device)
    begun = perf_counter()
    for step in range(steps):
        images, labels = batches[step % len(batches)]
        loss = functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    _wait(inputs.device)
    return perf_counter() - begun


def isthmus_seconds(model: nn.Module, examples: Examples, batch_size: int, steps: int) -> float:
    """Seconds of isthmus's loop, with augmentation and checkpoints."""
    recipe = Recipe(
        length=Step(steps, "it"),
        batch_size=batch_size,
        optimizer=RULE,
        schedule=Cosine(warmup=Step(10, "it")),
        clip_norm=1.0,
        augmentations=(Crop(), Flip()),
        checkpoints=(Step(steps // 2, "it"),),
    )
    with tempfile.TemporaryDirectory() as place:
        folder = NetworkFolder(Path(place), batch_size, len(examples))
        _wait(examples.inputs.device)
        begun = perf_counter()
        with BackgroundWriter() as writer:
            train(model, examples, recipe, keep=lambda step, state: writer.submit(partial(folder.save, step, state)))
        _wait(examples.inputs.device)
        return perf_counter() - begun


def main(arguments: Sequence[str] | None = None) -> None:
    """Run both arms and print their times and ratio."""
    options = _options(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    random = torch.Generator().manual_seed(0)
    images = torch.randint(256, (8 * options.batch_size, 3, 32, 32), generator=random, dtype=torch.uint8)
    labels = torch.randint(10, (len(images),), generator=random)
    examples = Examples(images, labels, "random images", "train", Normalization((0.5,), (0.25,))).to(device)
    inputs, targets = examples.batch(0, len(examples), device, torch.float32)

    def model() -> nn.Module:
        return make_initial_model(partial(load_model, f"resnet18_no_norm:width={options.width}"), Seeds()).to(device)

    arms = {
        "bare": lambda steps: bare_seconds(model(), inputs, targets, options.batch_size, steps),
        "isthmus": lambda steps: isthmus_seconds(model(), examples, options.batch_size, steps),
    }
    for arm in arms.values():
        arm(2)  # warm up
    seconds: dict[str, list[float]] = {name: [] for name in arms}
    for repetition in range(options.repetitions):
        for name in list(arms)[:: 1 if repetition % 2 == 0 else -1]:
            seconds[name].append(arms[name](options.steps))
    report = {
        "steps": options.steps,
        "width": options.width,
        "batch_size": options.batch_size,
        "device": str(device),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "seconds": seconds,
        "ratio": median(seconds["isthmus"]) / median(seconds["bare"]),
    }
    for name, times in seconds.items():
        each = ", ".join(f"{time:.2f}" for time in times)
        print(f"{name:8} {median(times):8.2f} s for {options.steps} steps ({each})")
    print(f"ratio    {report['ratio']:8.3f}   (isthmus over bare; at most 1.15 at width 64, batch 64)")
    if options.json:
        Path(options.json).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, help="of torch; else as torch chooses")
    parser.add_argument("--json", metavar="FILE", help="write every figure there")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
