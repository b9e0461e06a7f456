"""Two networks with chosen layers averaged: the network itself, and what was done."""

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch  # noqa: F401, the example's
from torch import Tensor

from isthmus.data.load import load_examples
from isthmus.errors import InputError, UnknownNameError, short_list
from isthmus.layers.labels import with_commas
from isthmus.layers.partition import LayerPartition
from isthmus.layers.rules import layer_partition
from isthmus.merging.blended import Pair, blended
from isthmus.merging.files import refuse_existing, save_merged
from isthmus.merging.repair import restored
from isthmus.questions.inspection.answer import alike, named_modules
from isthmus.runs.request.inputs import Model, Weights, fitted_weights, named_model, own_tokenizer, read_weights
from isthmus.weights.checkpoint import Checkpoint
from isthmus.weights.state import Kind, StateDict, content_hash, entry_kinds, is_blendable, tied_keys

POLICIES = ("interpolate", "host", "recalibrate")
STATISTICS = ("running_mean", "running_var")
COUNTERS = ("num_batches_tracked",)


@dataclass(frozen=True)
class Averaged:
    """A network with averaged layers.

    Attributes:
        weights: Under the keys of network a, in its types; where a file was written, the file's, mapped and not read.
        alphas: Layer -> alpha, of the layers that moved, in their order.
        layers: All layers.
        num_parameters: Numbers in the layers that moved, and in all.
        facts: From what it was made: names, hashes, layers, alphas, policy, version.
        notes: What was done on reading the two.
    """

    weights: dict[str, Tensor]
    alphas: dict[str, float]
    layers: LayerPartition
    num_parameters: tuple[int, int]
    facts: dict[str, Any]
    notes: tuple[str, ...]


def average(
    a: Weights,
    b: Weights,
    *,
    layers: str | Sequence[str] | Mapping[str, float] | None = None,
    alpha: float = 0.5,
    model: Model | None = None,
    rule: str | LayerPartition = "module",
    batch_norm: str = "interpolate",
    repair: bool = False,
    recalibration_data: object = None,
    data_root: Path | None = None,
    out: str | Path | None = None,
) -> Averaged:
    """Network a with the chosen layers taken at alpha of the way to network b.

    Every entry is a + alpha (b - a), computed as a measurement computes it (in float32, in float64 for such weights, in
    one canonical order), and rounded to a's type: the file holds the very network of the row that was measured.

    Args:
        a: Weights of the host, or the path of a checkpoint.
        b: The donor's, of the same architecture.
        layers: Labels or patterns (`layer1.*`), as a list or with commas; or alphas by label; None for all layers.
        alpha: 0 is a, 1 has b's layers.
        model: For the exact layers, ties and kinds of buffers; without one these are read from the keys.
        rule: Which layers there are, as in `isthmus.measure`; others than "module" need the model.
        batch_norm: "interpolate" blends running statistics with their layer, "host" keeps a's, "recalibrate" measures
            them anew on `recalibration_data`.
        repair: Where running statistics are, these are measured anew; where none are, every unit gets the mean and
            spread that lie between the two networks' (`isthmus.merging.repair`).
        recalibration_data: A training split, for both.
        data_root: The folder that holds known data sets.
        out: A `.safetensors` file to make; of two Hugging Face folders a folder of the same form.

    Returns:
        The network and what was done.

    Raises:
        InputError: The two do not fit together, or `out` is there.
        UnknownNameError: There is no such layer or policy.

    Example:
        >>> a, b = ({"fc.weight": torch.full((2,), x), "fc.bias": torch.zeros(1)} for x in (1.0, 3.0))
        >>> average(a, b, alpha=0.25).weights["fc.weight"].tolist()
        [1.5, 1.5]
    """
    if batch_norm not in POLICIES:
        raise UnknownNameError("a policy for BatchNorm", batch_norm, POLICIES, "batch_norm")
    needs_data = repair or batch_norm == "recalibrate"
    if needs_data and (model is None or recalibration_data is None):
        raise InputError(
            "the model, and a training split to run it on",
            "no model" if model is None else "no data",
            "--repair" if repair else "--batch-norm recalibrate",
            "add --model NAME and --recalibrate-on DATA (model=, recalibration_data=)",
        )
    if out is not None:
        refuse_existing(Path(out))
    pair = _pair(a, b, model, rule)
    chosen = _chosen(layers, alpha, pair.layers)
    facts = pair.facts(chosen, batch_norm)
    weights: StateDict = blended(pair, chosen, keeps_statistics=batch_norm == "host")
    if needs_data and pair.module is not None and model is not None:
        alphas = {key: chosen.get(label, 0.0) for label in pair.layers for key in pair.layers[label]}
        examples = load_examples(recalibration_data, data_root=data_root, tokenizer=own_tokenizer(model))
        wide = blended(replace(pair, a=pair.wide[0], b=pair.wide[1]), chosen, keeps_statistics=batch_norm == "host")
        found = restored(pair.module, dict(wide), pair.wide, alphas, examples, repair=repair)
        counters = {key for key, kind in pair.kinds.items() if kind is Kind.COUNTER}
        weights = {key: t if key in counters else found[key].to(t.dtype) for key, t in pair.a.items()}
        facts |= {"repair": repair, "recalibrated_on": examples.name}
    made = dict(weights) if out is None else save_merged(weights, facts, Path(out), a, pair.filled)
    numbers = pair.num_parameters(tuple(chosen)), pair.num_parameters(tuple(pair.layers))
    return Averaged(made, dict(chosen), pair.layers, numbers, facts, pair.notes)


def _pair(a: Weights, b: Weights, model: Model | None, rule: str | LayerPartition) -> Pair:
    read = read_weights(a, "a"), read_weights(b, "b")
    if model is not None:
        module = named_model(model, read[0][0]).module
        fitted = [fitted_weights(*one, module) for one in read]
        host, donor = fitted
        return Pair(
            host.weights, donor.weights, (host.name, donor.name), (host.hash, donor.hash),
            layer_partition(rule, module), entry_kinds(module), tied_keys(module), module, host.filled,
            tuple(f"{one.name}: {note}" for one in fitted for note in one.notes),
        )  # fmt: skip
    if rule != "module":
        raise InputError("the model, for this layer rule", "none", f"layers by {rule}", "add --model NAME (model=)")
    notes = [f"{name}: {note}" for _, name, more in read for note in more]
    first, second = alike([Checkpoint(dict(w), name) for w, name, _ in read], notes)
    kinds = {key: _kind_by_name(key, tensor) for key, tensor in first.items()}
    names, hashes = (read[0][1], read[1][1]), (content_hash(first), content_hash(second))
    return Pair(first, second, names, hashes, named_modules(first), kinds, (), None, notes=tuple(notes))


def _kind_by_name(key: str, tensor: Tensor) -> Kind:
    """Without a model nothing but the names that BatchNorm gives tells statistics from weights."""
    name = key.rpartition(".")[2]
    if not is_blendable(tensor):
        return Kind.COUNTER if name in COUNTERS else Kind.INTEGER_BUFFER
    return Kind.STATISTICS if name in STATISTICS else Kind.PARAMETER


def _chosen(
    layers: str | Sequence[str] | Mapping[str, float] | None, alpha: float, partition: LayerPartition
) -> dict[str, float]:
    """Layer -> alpha, in the order of the layers."""
    if isinstance(layers, Mapping):
        asked = dict(layers)
    else:
        parts = layers.split(",") if isinstance(layers, str) else list(layers or ["*"])
        asked = dict.fromkeys(with_commas(parts, tuple(partition)), alpha)
    chosen: dict[str, float] = {}
    for pattern, position in asked.items():
        if not -1e6 < position < 1e6:
            raise InputError(
                "a finite number", f"{position}", f"alpha of {pattern!r}", "0 is a, 1 is b, 0.5 their mean"
            )
        found = [pattern] if pattern in partition.layers else fnmatch.filter(partition, pattern)
        if not found:
            raise UnknownNameError("a layer", pattern, tuple(partition), "layers")
        chosen |= dict.fromkeys(found, float(position))
    return {label: chosen[label] for label in partition if label in chosen}


def summary_of(averaged: Averaged) -> str:
    """A sentence for the terminal.

    Args:
        averaged: A network.

    Returns:
        How much was averaged, and at which alphas.
    """
    moved, total = averaged.num_parameters
    alphas = sorted(set(averaged.alphas.values()))
    shown = f"alpha {alphas[0]:g}" if len(alphas) == 1 else f"alphas {alphas[0]:g} to {alphas[-1]:g}"
    size = f"{moved:,} of {total:,} numbers, {moved / total if total else 0:.1%}"
    count = f"{len(averaged.alphas)} of {len(averaged.layers)} layers"
    return f"averaged {count} ({size}) at {shown}: {short_list(averaged.alphas)}"
