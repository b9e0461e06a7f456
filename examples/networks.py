"""Try many architectures: `python examples/networks.py --out FOLDER [--docs docs] [--only NAME ...]`.

Each network is built twice with random weights, measured with sweeps of single layers, of growing groups and of pairs,
and compared with a loop of plain forward passes: a fresh copy, `load_state_dict`, `eval`, `forward`. The page
docs/networks.md holds the table.
"""

import argparse
import copy
import json
import sys
import time
import traceback
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parent))

from tried.case import LOSSES, Case, N, plain_loss, targets_of
from tried.every import CASES

import isthmus
from isthmus.errors import InputError
from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.output import USUAL_OUTPUT
from isthmus.evaluation.shared import SharedEngine
from isthmus.evaluation.stages.cost import plan_cost
from isthmus.evaluation.stages.kept_graphs import kept_graphs
from isthmus.runs.request.request import request_of
from isthmus.runs.subject import Subject, chosen_engine, subject_of
from isthmus.trees import arguments, map_tensors

SWEEPS = ("single", "cumulative:shallow_first", "pairs")
PAIRS_OF_LOOP = 40  # of each host; single layers and growing groups all are


@dataclass(frozen=True)
class Row:
    """What was found of one network.

    Attributes:
        name: Of the case.
        kind: Of the case.
        layers: How many layers it has.
        stages: How many stages.
        shares: Planned over naive work of the three sweeps.
        difference: The worst from the loop; None where it was refused.
        refused: The message, or nothing.
        crashed: What went wrong otherwise.
        note: Why there is one stage.
        seconds: How long it took.
    """

    name: str
    kind: str
    layers: int = 0
    stages: int = 0
    shares: tuple[float, ...] = ()
    difference: float | None = None
    cells: int = 0
    refused: str = ""
    crashed: str = ""
    note: str = ""
    seconds: float = 0.0


def weights(case: Case, seed: int) -> dict[str, Tensor]:
    """A state dict in which every layer matters."""
    torch.manual_seed(seed)
    network = case.build()
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.is_floating_point() or parameter.is_complex():
                parameter.add_(torch.randn_like(parameter), alpha=0.15)
        for name, buffer in network.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(0.3 * torch.randn_like(buffer))
            elif name.endswith("running_var"):
                buffer.copy_(0.5 + torch.rand_like(buffer))
    return {key: tensor.clone() for key, tensor in network.state_dict().items()}


def plain_outputs(network: nn.Module, state: dict[str, Tensor], inputs: Any) -> Tensor:
    """What a network gives with some weights, run in the ordinary way."""
    network.load_state_dict(state)
    args, kwargs = arguments(map_tensors(Tensor.clone, inputs))
    with torch.no_grad():
        return USUAL_OUTPUT(network.eval()(*args, **kwargs))


def row_of(case: Case) -> Row:
    """Measure a network and compare.

    Args:
        case: The network.

    Returns:
        Its row.
    """
    begun = time.perf_counter()
    try:
        found = _tried(case)
    except InputError as error:
        found = {"refused": str(error)}
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        place = next(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames))
        found = {"crashed": f"{type(error).__name__}: {str(error)[:300]} ({place})"}
    return Row(case.name, case.kind, seconds=round(time.perf_counter() - begun, 2), **found)


def _tried(case: Case) -> dict[str, Any]:
    torch.manual_seed(3)
    pristine = case.build()
    a, b = weights(case, 1), weights(case, 2)
    targets = targets_of(case.task, plain_outputs(copy.deepcopy(pristine), a, case.inputs))
    asked = {"loss": LOSSES[case.task], "batch_size": N, "device": "cpu"}
    with warnings.catch_warnings(), kept_graphs():
        warnings.simplefilter("ignore")
        given = pristine, a, b, (case.inputs, targets)
        result = isthmus.measure(*given, sweep=SWEEPS, **asked)
        request = request_of(*given, sweep=SWEEPS, **asked)
        subject = subject_of(request)
        engine = chosen_engine(subject, request.settings, BatchSize(N)).engine
    assert isinstance(engine, SharedEngine)
    shares = []
    for sweep in request.sweeps[1:]:
        labels = {group.label for group in sweep.groups(tuple(subject.segment.layers))}
        numbers = {0, 1} | {
            int(n)
            for m, group in enumerate(subject.grid.groups)
            if group.label in labels
            for n in subject.grid.rows[:, m].flat
        }
        cost = plan_cost(engine.plan([subject.points[n] for n in sorted(numbers)]), engine.staged.costs)
        shares.append(round(cost.forwards / cost.naive_forwards, 3))
    differences = _differences(case, pristine, subject, result, a, b, targets)
    return {
        "layers": len(subject.segment.layers),
        "stages": len(engine.staged.stages),
        "shares": tuple(shares),
        "difference": max(differences),
        "cells": len(differences),
        "note": engine.staged.fallback_reason or "",
    }


def _differences(
    case: Case, pristine: nn.Module, subject: Subject, result: Any, a: dict, b: dict, targets: Tensor
) -> list[float]:
    network, layers = copy.deepcopy(pristine), subject.segment.layers
    found = []
    for host, own, other in (("a", a, b), ("b", b, a)):
        pairs = 0
        for group in subject.grid.groups:
            if str(group.label).count("+"):
                pairs += 1
                if pairs % max(1, len(layers) * (len(layers) - 1) // 2 // PAIRS_OF_LOOP):
                    continue
            moving = {key for label in group.layers for key in layers[label]}
            mixed = {
                key: (tensor + other[key]) / 2
                if key in moving and (tensor.is_floating_point() or tensor.is_complex())
                else tensor
                for key, tensor in own.items()
            }
            expected = plain_loss(case.task, plain_outputs(network, mixed, case.inputs), targets)
            measured = float(result.loss.sel(host=host, moving=group.label).squeeze())
            found.append(abs(measured - expected) / max(1.0, abs(expected)))
    return found


def main() -> None:
    """Try, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--kind")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for case in CASES:
        if (options.only and case.name not in options.only) or (options.kind and case.kind != options.kind):
            continue
        row = row_of(case)
        rows.append(asdict(row))
        print(
            f"{row.name:45s} {row.layers:3d} {row.stages:3d} {row.shares} {row.difference} {row.cells} {row.seconds}s "
            f"{row.refused[:400]} {row.crashed} {row.note[:200]}",
            flush=True,
        )
    if options.out:
        options.out.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
