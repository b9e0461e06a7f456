"""Try many architectures: `python examples/networks.py --out FOLDER [--docs docs] [--only NAME ...]`.

Each network is built twice with random weights, measured with sweeps of single layers, of growing groups and of pairs,
and compared with a loop of plain forward passes (`load_state_dict`, `eval()`, `forward`) and PyTorch's losses. Rows
that are in the folder are kept, so that it goes on where it stopped. With --docs the page networks.md is written there.
"""

import argparse
import json
import os
import sys
import time
import traceback
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"  # configurations are made here, and nothing is fetched
sys.path.insert(0, str(Path(__file__).parent))

import torch
from torch import Tensor, nn
from tried.case import LOSSES, Case, N, plain_loss, targets_of
from tried.every import CASES

import isthmus
from isthmus.errors import InputError
from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.output import Output
from isthmus.evaluation.shared import SharedEngine
from isthmus.evaluation.stages.cost import plan_cost
from isthmus.evaluation.stages.kept_graphs import kept_graphs
from isthmus.runs.request.request import request_of
from isthmus.runs.subject.subject import Subject, chosen_engine, subject_of
from isthmus.trees import arguments, map_tensors
from isthmus.weights.state import is_blendable

SWEEPS = ("single", "cumulative:shallow_first", "pairs")
PAIRS_OF_LOOP = 40  # of each host; all single layers and growing groups
LARGEST_DIFFERENCE = 2e-6  # of max(1, loss): sums in float32 in another order


@dataclass(frozen=True)
class Row:
    """What was found of one network.

    Attributes:
        name: Of the case.
        kind: Of the case.
        layers: How many layers it has.
        stages: How many stages.
        shares: Planned over naive work of the three sweeps.
        difference: The worst difference from the loop; None where nothing was measured.
        cells: How many losses were compared.
        note: Why it is one stage.
        refused: The message of a refusal.
        crashed: What went wrong otherwise.
    """

    name: str
    kind: str
    layers: int = 0
    stages: int = 0
    shares: tuple[float, ...] = ()
    difference: float | None = None
    cells: int = 0
    note: str = ""
    refused: str = ""
    crashed: str = ""


def row_of(case: Case) -> Row:
    """Measure a network and compare.

    Args:
        case: The network.

    Returns:
        Its row.
    """
    try:
        found = _tried(case)
    except InputError as error:
        found = {"refused": " ".join(str(error).split())}
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        text = " ".join(str(error).split())[:200]
        found = {"crashed": f"{type(error).__name__}: {text} ({Path(frame.filename).name}:{frame.lineno})"}
    return Row(case.name, case.kind, **found)


def _tried(case: Case) -> dict[str, Any]:
    a, b = _weights(case, 1), _weights(case, 2)
    torch.manual_seed(3)
    targets = targets_of(case.task, _plain_outputs(case, case.build(), a))
    given = case.build, a, b, (case.inputs, targets)
    asked = {
        "sweep": SWEEPS, "loss": LOSSES[case.task], "batch_size": N, "device": "cpu", "output": case.output,
    }  # fmt: skip
    with warnings.catch_warnings(), kept_graphs():
        warnings.simplefilter("ignore")
        result = isthmus.measure(*given, **asked)
        request = request_of(*given, **asked)
        subject = subject_of(request)
        engine = chosen_engine(subject, request.settings, BatchSize(N)).engine
    assert isinstance(engine, SharedEngine)
    assert engine.staged.costs is not None
    shares = []
    for sweep in request.sweeps[1:]:
        labels = {group.label for group in sweep.groups(tuple(subject.segment.layers))}
        groups = [m for m, group in enumerate(subject.grid.groups) if group.label in labels]
        numbers = {0, 1} | set(subject.grid.rows[:, groups].ravel().tolist())
        cost = plan_cost(engine.plan([subject.points[n] for n in sorted(numbers)]), engine.staged.costs)
        shares.append(round(cost.forwards / cost.naive_forwards, 2))
    differences = _differences(case, subject, result, (a, b), targets)
    return {
        "layers": len(subject.segment.layers),
        "stages": len(engine.staged.stages),
        "shares": tuple(shares),
        "difference": max(differences),
        "cells": len(differences),
        "note": engine.staged.fallback_reason or "",
    }


def _weights(case: Case, seed: int) -> dict[str, Tensor]:
    """A state dict in which every layer matters."""
    torch.manual_seed(seed)
    network = case.build()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.15)
        for name, buffer in network.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(0.3 * torch.randn_like(buffer))
            elif name.endswith("running_var"):
                buffer.copy_(0.5 + torch.rand_like(buffer))
    return {key: tensor.clone() for key, tensor in network.state_dict().items()}


def _plain_outputs(case: Case, network: nn.Module, state: dict[str, Tensor]) -> Tensor:
    """What a network gives with some weights, run in the ordinary way."""
    network.load_state_dict(state)
    args, kwargs = arguments(map_tensors(Tensor.clone, case.inputs))
    with torch.no_grad():
        return Output(case.output)(network.eval()(*args, **kwargs))


def _differences(
    case: Case, subject: Subject, result: Any, both: tuple[dict[str, Tensor], dict[str, Tensor]], targets: Tensor
) -> list[float]:
    """How far measured losses are from those of the loop, relative above 1."""
    network, layers = case.build(), subject.segment.layers
    step = max(1, len(layers) * (len(layers) - 1) // 2 // PAIRS_OF_LOOP)
    groups = [group for group in subject.grid.groups if group.sweep != "pairs"]
    groups += [group for group in subject.grid.groups if group.sweep == "pairs"][::step]
    found = []
    for host, own, other in (("a", *both), ("b", *both[::-1])):
        for group in groups:
            moving = {key for label in group.layers for key in layers[label]}
            mixed = {
                key: (tensor + other[key]) / 2 if key in moving and is_blendable(tensor) else tensor
                for key, tensor in own.items()
            }
            expected = plain_loss(case.task, _plain_outputs(case, network, mixed), targets)
            measured = float(result.loss.sel(host=host, moving=group.label).squeeze())
            found.append(abs(measured - expected) / max(1.0, abs(expected)))
    return found


def page(rows: list[Row]) -> str:
    """The page of the table.

    Args:
        rows: All of them.

    Returns:
        Markdown.
    """
    measured = [row for row in rows if row.difference is not None]
    refused = [row for row in rows if row.refused]
    num_own, num_staged = sum(row.kind == "own" for row in rows), sum(row.stages > 1 for row in measured)
    num_cells, largest = sum(row.cells for row in rows), max(row.difference or 0.0 for row in measured)
    parts = [
        "# Networks\n",
        f"{len(rows)} small networks with random weights: {num_own} modules as people write them, and "
        f"{len(rows) - num_own} architectures of transformers at tiny sizes. "
        "[`examples/networks.py`](../examples/networks.py) measures each with the sweeps single, "
        f"cumulative:shallow_first and pairs, and compares {num_cells:,} losses with those of a loop of plain forward "
        f"passes. The largest difference is {largest:.1g} (relative where the loss is above 1). {len(measured)} are "
        f"measured, {num_staged} of these in several stages; {len(refused)} are refused.\n",
        "Work is what the plan runs, over one forward pass for each network of the sweep, in floating-point "
        "operations. Small networks have little to share.\n",
        "Left out, and so neither measured nor refused: MobileNetV1, MobileNetV2, MobileViT, SwiftFormer, LeViT and "
        "RecurrentGemma, whose many layers make minutes of all pairs, or were expected to; ProphetNet and CvT, for "
        "which no tiny configuration was found that runs.\n",
    ]
    for kind, title in (("own", "Own modules"), ("transformers", "Architectures of transformers")):
        parts += [
            f"\n## {title}\n",
            "| network | layers | stages | work: single | cumulative | pairs | largest difference |",
            "|---|---:|---:|---:|---:|---:|---:|",
        ]
        for row in rows:
            if row.kind == kind and row.difference is not None:
                shares = " | ".join(f"{share:.2f}" for share in row.shares)
                parts.append(f"| {row.name} | {row.layers} | {row.stages} | {shares} | {row.difference:.0e} |")
    for title, values in (
        ("Why one stage", {row.name: row.note for row in rows if row.note}),
        ("Refused", {row.name: row.refused for row in refused}),
        ("Crashed", {row.name: row.crashed for row in rows if row.crashed}),
    ):
        if values:
            parts += [
                f"\n## {title}\n",
                *(f"- {name}: {' '.join(text.split())[:300]}" for name, text in values.items()),
            ]
    return "\n".join(parts) + "\n"


def main() -> None:
    """Try, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--docs", type=Path, help="write networks.md there")
    parser.add_argument("--only", nargs="*", help="names of networks")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / "rows.json"
    stored = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
    rows = {row["name"]: Row(**row) for row in stored}
    for case in CASES:
        if case.name not in rows and (options.only is None or case.name in options.only):
            begun = time.perf_counter()
            row = rows[case.name] = row_of(case)
            file.write_text(json.dumps([asdict(each) for each in rows.values()], indent=1), encoding="utf-8")
            said = row.refused or row.crashed or row.note or f"{row.stages} stages"
            print(f"{row.name}: {row.difference} ({time.perf_counter() - begun:.1f} s) {said[:200]}", flush=True)
    if options.docs is not None:
        order = [case.name for case in CASES]
        text = page(sorted(rows.values(), key=lambda row: order.index(row.name)))
        (options.docs / "networks.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
