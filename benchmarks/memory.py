"""How much memory averaging, merging and measuring two large networks take, in networks.

    python benchmarks/memory.py                                               (124 million parameters, about 10 minutes)
    python benchmarks/memory.py --blocks 28 --width 1024 --parts measure                    (405 million, float32)
    python benchmarks/memory.py --blocks 28 --width 1024 --parts measure --dtype bfloat16
    python benchmarks/memory.py --blocks 2 --width 32 --vocabulary 256 --steps 2 --windows 8             (a smoke run)

The pair is made in a process of its own: a GPT-2 (transformers' `GPT2Config()`) that was trained for a few steps on the
bytes of a text, and the same with noise in every block, ten times as much in every third. Both are folders of Hugging
Face in `--dtype`. Then, each in a fresh process:

    average   `isthmus.average` of every block, into a folder
    merge     `isthmus.merge` by blocks: search, certificate, comparison, and the merged folder
    measure   `isthmus.measure` of every block alone at its midpoint, for both hosts, in `--dtype`
    forward   one forward pass and the losses of one batch, by transformers and PyTorch alone, of a network that is
              there already: values of the batch and what operators take while they run

A process first does the same with a tiny pair, so that packages, exporter and allocator are there before it counts.
From then on its memory is read from outside (`/proc/PID/status`) every two milliseconds:

    anonymous    RssAnon: what the process holds for itself; its peak less what it held before
    mapped       RssFile: clean pages of the checkpoints, which the system takes back when it needs room
    high water   VmHWM, as the kernel keeps it, less what was resident before: both together at most

Expect an anonymous peak of at most two networks and one block for `average` and `merge`, and of at most 1.3 networks
and a forward pass for `measure`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor
from torch.nn import functional

import isthmus

PARTS = ("average", "merge", "measure", "forward")
TINY = {"blocks": 1, "width": 8, "vocabulary": 256, "steps": 1, "windows": 8}
TEXT = Path(__file__).parents[1] / "LICENSE"
INTERVAL = 0.002  # seconds between two readings
GO = "go\n"
WIDTHS = {"F32": 4, "BF16": 2}  # bytes of a number, by the names of safetensors


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Make the pair, run every part and print the table."""
    options = _options(arguments)
    if options.part:
        return _part(options)
    with tempfile.TemporaryDirectory(dir=options.folder) as made:
        folder = Path(made)
        subprocess.run([*_command(options), "--part", "make", "--folder", str(folder)], check=True)
        files = [folder / name / "model.safetensors" for name in "ab"]
        network = files[0].stat().st_size
        report: dict[str, Any] = {"network": network, "parts": {}}
        for part in options.parts:
            report["parts"][part] = _watched([*_command(options), "--part", part, "--folder", str(folder)])
        report["block"] = _largest_block(files[0])
    print(f"one network: {network / 1e6:.1f} MB; the largest block: {report['block'] / 1e6:.1f} MB")
    print(f"{'':8} {'anonymous':>20} {'mapped':>20} {'high water':>20} {'seconds':>8}  done")
    for part, seen in report["parts"].items():
        figures = "".join(
            f"{seen[k] / 1e6:10.1f} MB {seen[k] / network:6.2f} " for k in ("anonymous", "mapped", "high")
        )
        print(f"{part:8} {figures} {seen['seconds']:8.1f}  {seen['done']}")
    if options.json:
        Path(options.json).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return report


def _command(options: argparse.Namespace) -> list[str]:
    given = [f"--{name}={getattr(options, name)}" for name in (*TINY, "length", "batch_size", "dtype")]
    return [
        sys.executable,
        str(Path(__file__).resolve()),
        *(text.replace("batch_size", "batch-size") for text in given),
    ]


def _watched(command: list[str]) -> dict[str, Any]:
    """Run a part and read its memory from outside."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        before = json.loads(process.stdout.readline())
        status = Path(f"/proc/{process.pid}/status")
        most = dict.fromkeys(("RssAnon", "RssFile"), 0)
        process.stdin.write(GO)
        process.stdin.flush()
        while process.poll() is None:
            seen = _memory(status)
            most = {name: max(most[name], seen.get(name, 0)) for name in most}
            time.sleep(INTERVAL)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        found: dict[str, Any] = json.loads(process.stdout.read())
    found |= {"anonymous": most["RssAnon"] - before["RssAnon"], "mapped": most["RssFile"] - before["RssFile"]}
    return found | {"high": found["VmHWM"] - before["VmRSS"]}


def _memory(status: Path) -> dict[str, int]:
    """The figures of a process in bytes; none once it has ended."""
    try:
        lines = [line.split() for line in status.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return {}
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines if words[-1] == "kB"}


def _part(options: argparse.Namespace) -> dict[str, Any]:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    folder = Path(options.folder)
    if options.part == "make":
        _make_pair(folder, options)
        return {}
    with tempfile.TemporaryDirectory() as made:
        tiny = argparse.Namespace(**{**vars(options), **TINY})
        _make_pair(Path(made), tiny)
        _work(options.part, Path(made), tiny)()
    work = _work(options.part, folder, options)
    own = Path("/proc/self/status")
    print(json.dumps(_memory(own)), flush=True)
    assert sys.stdin.readline() == GO
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # the high water is counted from here
    begun = time.perf_counter()
    found = work()
    print(json.dumps({**found, "seconds": time.perf_counter() - begun, "VmHWM": _memory(own)["VmHWM"]}))
    return found


def _work(part: str, folder: Path, options: argparse.Namespace) -> Callable[[], dict[str, Any]]:
    """What a part does; what it needs to be there is there."""
    if part != "forward":
        return partial(_done, part, folder, options)
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(folder / "a", dtype=getattr(torch, options.dtype)).eval()

    def forward() -> dict[str, Any]:
        windows = _windows(options, torch.Generator().manual_seed(1))[: options.batch_size]
        with torch.no_grad():
            logits = model(windows[:, :-1], use_cache=False).logits.float()
            losses = functional.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten(), reduction="none")
        return {"done": f"{len(windows)} windows, mean loss {losses.mean():.3f}"}

    return forward


def _done(part: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    a, b, model = folder / "a", folder / "b", f"hf:{folder / 'a'}"
    if part == "average":
        made = isthmus.average(a, b, model=model, rule="block", out=folder / "averaged")
        return {"done": f"{len(made.alphas)} of {len(made.layers)} layers averaged"}
    windows = _windows(options, torch.Generator().manual_seed(1))
    half = len(windows) // 2
    if part == "measure":
        result = isthmus.measure(
            model, a, b, (windows[:half, :-1], windows[:half, 1:]), layers="block", batch_size=options.batch_size,
            dtype=options.dtype, device="cpu", alphas=(0.5,),
        )  # fmt: skip
        return {"done": f"{result.sizes['moving'] - 1} layers measured, engine {result.attrs['engine']}"}
    found = isthmus.merge(
        model, a, b, (windows[:half, :-1], windows[:half, 1:]), (windows[half:, :-1], windows[half:, 1:]),
        tolerance=0.02, layers="block", batch_size=options.batch_size, num_random=1, out=folder / "merged",
    )  # fmt: skip
    return {"done": f"{len(found.layers)} of {len(found.worth)} layers averaged"}


def _largest_block(file: Path) -> int:
    """The bytes of the largest layer of the rule `block`: a block of the network or the table of tokens."""
    sizes: dict[str, int] = {}
    with safe_open(file, framework="pt") as weights:
        for key in weights.keys():  # noqa: SIM118 (no mapping)
            layer = ".".join(key.split(".")[:3]) if ".h." in key else key
            values = weights.get_slice(key)
            sizes[layer] = sizes.get(layer, 0) + prod(values.get_shape()) * WIDTHS[values.get_dtype()]
    return max(sizes.values())


def _make_pair(folder: Path, options: argparse.Namespace) -> None:
    """Two folders: a network after a few steps of training, and the same with noise in its blocks."""
    import transformers

    transformers.utils.logging.disable_progress_bar()
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        n_layer=options.blocks, n_embd=options.width, n_head=max(1, options.width // 64),
        vocab_size=options.vocabulary, bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    network = transformers.GPT2LMHeadModel(config)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
    for step in range(options.steps):
        windows = _windows(options, torch.Generator().manual_seed(100 + step))[:8]
        logits, targets = network(windows[:, :-1]).logits.flatten(0, 1), windows[:, 1:].flatten()
        functional.cross_entropy(logits, targets).backward()
        optimizer.step()
        optimizer.zero_grad()
    # Values that the file's type can hold, so that b differs from a by the noise and not by rounding.
    network.to(getattr(torch, options.dtype)).save_pretrained(folder / "a")
    with torch.no_grad():
        for number, block in enumerate(network.transformer.h):
            for parameter in block.parameters():
                spread = parameter.std() * (1.0 if number % 3 == 1 else 0.1)
                parameter.add_(torch.randn(parameter.shape) * spread)
    network.save_pretrained(folder / "b")


def _windows(options: argparse.Namespace, random: torch.Generator) -> Tensor:
    """Different windows of a text, its bytes as tokens, in a random order."""
    text = torch.frombuffer(bytearray(TEXT.read_bytes()), dtype=torch.uint8).long()
    windows = text.unfold(0, options.length + 1, options.length)
    _, firsts = np.unique(windows[:, :-1].numpy(), axis=0, return_index=True)
    windows = windows[firsts]
    return windows[torch.randperm(len(windows), generator=random)][: 2 * options.windows].contiguous()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=12)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--vocabulary", type=int, default=50257)
    parser.add_argument("--steps", type=int, default=10, help="of training before the two part")
    parser.add_argument("--windows", type=int, default=32, help="to choose the blocks on, and as many to certify on")
    parser.add_argument("--length", type=int, default=16, help="tokens of a window")
    parser.add_argument("--batch-size", type=int, default=4, help="windows at once")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32", help="of files and of measuring")
    parser.add_argument("--parts", choices=PARTS, nargs="+", default=list(PARTS))
    parser.add_argument("--folder", help="where to put the files for the time being; 2 GB")
    parser.add_argument("--part", choices=("make", *PARTS), help=argparse.SUPPRESS)
    parser.add_argument("--json", metavar="FILE", help="write every figure there")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
