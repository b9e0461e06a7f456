"""Network b with its units in the order of network a's: the same function, nearer in weight space."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from isthmus.data.examples import Examples
from isthmus.data.load import load_examples
from isthmus.errors import InputError, short_list
from isthmus.evaluation.arithmetic.device import device_named
from isthmus.evaluation.failures import failure_text
from isthmus.evaluation.losses.loss import Loss
from isthmus.evaluation.network import Network
from isthmus.evaluation.output import Output
from isthmus.evaluation.stages.export import OperatorGraph
from isthmus.evaluation.stages.kept_graphs import graph_of
from isthmus.evaluation.stages.staging import relative_difference
from isthmus.merging.files import refuse_existing, save_merged
from isthmus.merging.permutation.architecture import Architecture
from isthmus.merging.permutation.axes import graph_axes
from isthmus.merging.permutation.groups import FixedAxis, Group, symmetry_of
from isthmus.merging.permutation.permuted import Permutation
from isthmus.merging.permutation.running import moved
from isthmus.merging.permutation.sample import sample_inputs
from isthmus.merging.permutation.search import LOSS, WEIGHTS, Search
from isthmus.merging.permuted_trajectory import save_permuted_trajectory
from isthmus.runs.request.inputs import (
    Model,
    NamedWeights,
    Weights,
    fitted_weights,
    named_loss,
    named_model,
    own_tokenizer,
    read_pair,
    read_weights,
)
from isthmus.runs.subject.fitted_examples import fitted_examples
from isthmus.trees import Tree, take_rows
from isthmus.weights.checkpoint import Checkpoint
from isthmus.weights.state import Kind, StateDict, content_hash, entry_kinds, tied_keys
from isthmus.weights.trajectory import Trajectory, load_trajectory

TOLERANCE = 1e-4  # of the outputs' scale; sums in another order make about 1e-6
NUM_CHECKED = 32


@dataclass(frozen=True)
class Aligned:
    """A network with its units permuted.

    Attributes:
        weights: Under network b's keys, in its types.
        permutation: What was done to it.
        groups: What could be permuted.
        fixed: What could not, and why.
        objectives: How alike the networks were at the start and after every step; by loss minus the midpoint's loss.
        difference: The largest difference of outputs, of the largest output.
        facts: From what it was made: names, hashes, method, version.
        notes: What was done on reading the two.
    """

    weights: dict[str, Tensor]
    permutation: Permutation
    groups: tuple[Group, ...]
    fixed: tuple[FixedAxis, ...]
    objectives: tuple[float, ...]
    difference: float
    facts: dict[str, Any]
    notes: tuple[str, ...]

    @property
    def reasons(self) -> dict[str, list[str]]:
        """Why axes stay as they are -> these axes."""
        found: dict[str, list[str]] = {}
        for one in self.fixed:
            found.setdefault(one.reason, []).append(one.axis)
        return found


def align(
    a: Weights,
    b: Weights,
    *,
    model: Model,
    data: object = None,
    by: str = WEIGHTS,
    seed: int = 0,
    starts: int = 1,
    steps: int = 200,
    loss: str | Loss = "cross_entropy",
    out: str | Path | None = None,
    trajectory: str | Path | None = None,
    data_root: Path | None = None,
    device: str = "auto",
    output: str | None = None,
) -> Aligned:
    """Network b with its units permuted so that its weights lie near network a's.

    Which units may be permuted is read from the exported graph; an operator that isn't known fixes the axes of its
    tensors. The outputs of b before and after are compared at the end, and nothing is returned where they differ.

    Args:
        a: Weights of the network to come near to, or the path of a checkpoint.
        b: Weights of the network to permute.
        model: The model of both.
        data: Examples to correlate units, to descend and to check on; None for random inputs, to check on alone.
        by: "weights": the sum of products of weights is made as large as it gets. "activations": the sum of
            correlations of units over the examples is. "loss": from there on the loss at the midpoint is descended.
        seed: Of the order in which groups are taken, and by loss of the examples of each step.
        starts: How often the search by weights or activations begins; the best end counts.
        steps: By loss: how many steps; each is a forward and a backward pass of 200 examples.
        loss: By loss: a name, or a function (outputs, targets) -> per-example losses.
        out: A `.safetensors` file to make; of a Hugging Face folder b also a folder.
        trajectory: A folder of b's checkpoints by step, which are all permuted alike, into a folder beside `out` named
            as it is without its ending.
        data_root: The folder that holds known data sets.
        device: Where the network runs.
        output: Which of the model's outputs is compared.

    Returns:
        The network and what was done.

    Raises:
        InputError: The networks don't fit the model, the model can't be exported, or the function would change.
        UnknownNameError: There is no such way to match.
    """
    search = Search(by, seed=seed, starts=starts, steps=steps)
    checkpoints = None if trajectory is None else load_trajectory(trajectory)
    for made in _made(out, checkpoints):
        refuse_existing(made)
    read = read_pair(a, b)
    built = named_model(model, read[0][0])
    first, second = (fitted_weights(*one, built.module) for one in read)
    kinds = entry_kinds(built.module)
    for one in (first, second):
        _refuse_non_finite(one, kinds)
    place = device_named(device)
    network = Network.from_model(built.module, named_loss(loss).function, place, torch.float32, Output(output))
    examples = _examples(network, data, data_root, own_tokenizer(model), search)
    inputs, _ = examples.batch(0, min(NUM_CHECKED, len(examples)), place, network.dtype)
    graph = _graph(network, inputs, frozenset(first.weights))
    ties = tied_keys(built.module)
    axes = graph_axes(graph, second.weights, ties)
    architecture = Architecture(network, graph, axes, symmetry_of(axes), kinds, ties)
    found = search(architecture, first.weights, second.weights, examples)
    weights = found.permutation(second.weights)
    difference = _checked_difference(network, second.weights, weights, inputs)
    facts = {
        "isthmus_version": version("isthmus"),
        "a": first.name,
        "b": second.name,
        "hash_a": first.hash,
        "hash_b": second.hash,
        "hash": content_hash(weights),
        "aligned_by": by,
        "groups": {group.name: group.size for group in architecture.symmetry.groups},
        "units_moved": found.permutation.num_moved,
        "largest_difference": difference,
    }
    if checkpoints is not None:

        def permuted(checkpoint: Checkpoint) -> StateDict:
            step = fitted_weights(*read_weights(checkpoint, "b"), built.module).weights
            made = found.permutation(step)
            _checked_difference(network, step, made, inputs)
            return made

        save_permuted_trajectory(checkpoints, permuted, facts, _made(out, checkpoints)[1])
    notes = tuple(f"{one.name}: {note}" for one in (first, second) for note in one.notes)
    if out is not None:
        save_merged(weights, facts, Path(out), b, second.filled)
    groups, fixed = architecture.symmetry.groups, architecture.symmetry.fixed
    return Aligned(weights, found.permutation, groups, fixed, found.objectives, difference, facts, notes)


def _made(out: str | Path | None, checkpoints: Trajectory | None) -> list[Path]:
    """The files and folders to make."""
    if out is None and checkpoints is not None:
        raise InputError("a file to make", "none", "--trajectory", "name it: --out b_aligned.safetensors (out=)")
    if out is not None and checkpoints is not None and Path(out).suffix != ".safetensors":
        raise InputError(
            "a file ending in .safetensors", str(out), "--out", "its name without the ending is the folder's"
        )
    return [] if out is None else [Path(out), Path(out).with_suffix("")][: 1 + (checkpoints is not None)]


def _refuse_non_finite(network: NamedWeights, kinds: Mapping[str, Kind]) -> None:
    wrong = [key for key, t in network.weights.items() if kinds[key] is Kind.PARAMETER and not t.isfinite().all()]
    if wrong:
        raise InputError(
            "parameters that are finite numbers",
            f"NaN or infinities in {short_list(wrong)}",
            network.name,
            "align a checkpoint from before that",
        )


def _examples(
    network: Network, data: object, data_root: Path | None, tokenizer: str | None, search: Search
) -> Examples:
    if data is not None:
        loaded = load_examples(data, data_root=data_root, tokenizer=tokenizer)
        return fitted_examples(loaded, network.module).to(network.device)
    if search.needs_examples:
        raise InputError("examples that both networks answer to", "none", "--data", "name data of the kind they know")
    inputs = sample_inputs(network.module, NUM_CHECKED)
    return Examples(inputs, torch.zeros(len(inputs), dtype=torch.long), "random inputs", "random").to(network.device)


def _graph(network: Network, inputs: Tree, keys: frozenset[str]) -> OperatorGraph:
    try:
        return graph_of(network.module, take_rows(inputs, slice(2)), keys, network.output)
    except Exception as error:  # the exporter fails in as many ways as there are models
        raise InputError(
            "a model that torch.export can export",
            failure_text(error),
            type(network.module).__name__,
            "the units are read from the exported graph; take out of forward what depends on values",
        ) from error


def _checked_difference(network: Network, before: StateDict, after: StateDict, inputs: Tree) -> float:
    placed = (moved(weights, network.device, network.dtype) for weights in (after, before))
    difference = relative_difference(*(network.outputs(weights, inputs) for weights in placed))
    if not difference <= TOLERANCE:
        raise InputError(
            f"outputs that stay within {TOLERANCE:g} of their scale",
            f"a difference of {difference:.2g}",
            "the permuted network",
            "nothing was written; please report this model, for its axes were read wrongly",
        )
    return difference


def summary_of(aligned: Aligned) -> str:
    """What was found and done, for the terminal.

    Args:
        aligned: A network.

    Returns:
        Lines: the groups, what is fixed and why, how much nearer the networks came, the check.
    """
    sizes = Counter(group.size for group in aligned.groups)
    kinds = ", ".join(f"{count} of {size}" for size, count in sizes.items())
    lines = [f"{len(aligned.groups)} groups of units may be permuted{f': {kinds}' if kinds else ''}"]
    for group in aligned.groups:
        each = f" in each of {group.blocks} blocks" if group.blocks > 1 else ""
        lines.append(f"  {group.name}: {group.size} units{each}, in {short_list(group.members)}")
    lines += [f"  fixed, as {reason}: {short_list(axes)}" for reason, axes in aligned.reasons.items()]
    start, end = aligned.objectives[0], aligned.objectives[-1]
    told = f"likeness {start:.4g} before, {end:.4g} after"
    if aligned.facts["aligned_by"] == LOSS:
        told = f"the loss half-way, statistics by batches: {-start:.4g} before, {-end:.4g} after"
    lines.append(f"{aligned.permutation.num_moved} units moved; {told}")
    lines.append(f"the function is unchanged: largest difference {aligned.difference:.2g} of the largest output")
    return "\n".join(lines)
