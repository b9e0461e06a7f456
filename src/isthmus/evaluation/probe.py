"""Checks before a measurement: would anything make the numbers wrong?"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from isthmus.data.examples import Examples
from isthmus.errors import InputError, short_list
from isthmus.evaluation.arithmetic.memory import give_back
from isthmus.evaluation.batches import is_out_of_memory
from isthmus.evaluation.failures import failure_text
from isthmus.evaluation.losses.fitting_targets import errors_are_defined, refuse_unfit_targets
from isthmus.evaluation.losses.probe import own_loss_difference
from isthmus.evaluation.losses.remarks import missing_inputs, missing_targets, probability_outputs, targets_not_shifted
from isthmus.evaluation.losses.shapes import has_classes
from isthmus.evaluation.network import Network, placed_copy
from isthmus.paths.linear import Segment
from isthmus.trees import Tree, take_rows, tensors, tree_text
from isthmus.weights.casting import entry_as
from isthmus.weights.state import Kind, StateDict, same_bits

PROBE_SIZE = 32  # enough for a batch to matter, little beside a measurement
ALONE_TOLERANCE = 1e-3  # of the largest output; kernels may sum in another order for another batch size


@dataclass(frozen=True)
class SelfCheck:
    """A statement that was checked on this very model and data.

    Attributes:
        check: What was checked, in plain words.
        passed: Whether it holds.
        detail: The figure seen.
    """

    check: str
    passed: bool
    detail: str


@dataclass(frozen=True)
class Probe:
    """What was found on a few examples.

    Attributes:
        checks: What was checked.
        remarks: What may be other than it seems, to be warned of.
        counts_errors: Whether every target says what is right, so that errors may be counted.
    """

    checks: list[SelfCheck]
    remarks: list[str]
    counts_errors: bool


def probe_of(network: Network, weights: StateDict, examples: Examples) -> Probe:
    """Run the model on a few examples and refuse what could only give wrong numbers.

    Args:
        network: The model.
        weights: One of the two networks.
        examples: The data.

    Returns:
        What was found.

    Raises:
        InputError: The model does not run on these examples, gives other outputs the second time, lets the examples of
            a batch influence one another, or sees the tokens that it is to predict; or outputs, targets and loss do
            not fit together.
    """
    inputs, targets = examples.batch(0, min(PROBE_SIZE, len(examples)), network.device, network.dtype)
    where = f"{type(network.module).__name__} on {examples.name}"
    try:
        once = network.outputs(weights, inputs)
        again = network.outputs(weights, inputs)
    except InputError:
        raise
    except Exception as error:  # whatever the user's own forward raises
        if is_out_of_memory(error):
            raise
        raise InputError(
            "a model that runs on these inputs",
            failure_text(error),
            f"{where}, inputs of {tree_text(inputs)}",
            "check the size, channels and type of the inputs, and that the model's forward takes them alone"
            if examples.num_tokens is None
            else "give tokens of this model, and windows that are not too long for it: length=64",
        ) from error
    count = len(tensors(inputs)[0])
    if once.shape[:1] != (count,):
        raise InputError(
            "one row of outputs for each example",
            f"shape {tuple(once.shape)} for {count} examples",
            where,
            "give a model whose output keeps the batch dimension first",
        )
    if not same_bits(once, again):
        raise InputError(
            "a model that gives the same outputs twice",
            "two different ones",
            where,
            "switch off what is random in forward (functional dropout needs training=self.training)",
        )
    refuse_unfit_targets(network.loss, once, examples)
    difference = own_loss_difference(network, once, targets, examples.name)
    checks = [SelfCheck("the model gives the same outputs twice", passed=True, detail="to the bit")]
    if count > 1:
        checks.append(_independence(network, weights, inputs, once, where))
    if difference is not None:
        detail = f"relative difference {difference:.2g}"
        checks.append(SelfCheck("an example's loss does not depend on its batch", passed=True, detail=detail))
    remarks = missing_inputs(examples, partial(network.outputs, weights), network.dtype)
    remarks += missing_targets(examples) + probability_outputs(network.loss, once)
    if isinstance(targets, torch.Tensor) and has_classes(once, targets):
        remarks += targets_not_shifted(network.loss, examples)
    if examples.num_tokens is not None and has_classes(once, targets):
        checks += _window_checks(network, weights, inputs, once, examples)
    counts_errors = errors_are_defined(network.loss, once, examples)
    if not counts_errors:
        remarks.append(f"{examples.name}: some targets are no class numbers of this network, so no errors are counted")
    return Probe(checks, remarks, counts_errors)


def _independence(network: Network, weights: StateDict, inputs: Tree, once: torch.Tensor, where: str) -> SelfCheck:
    remedy = _remedy_for_dependence(network.module)
    try:
        alone = network.outputs(weights, take_rows(inputs, slice(1)))
    except (RuntimeError, ValueError) as error:
        raise InputError("a model that runs on one example alone", str(error).splitlines()[0], where, remedy) from error
    if alone.shape != (1, *once.shape[1:]):
        raise InputError(
            "a model whose output keeps the batch dimension, also for one example",
            f"outputs of shape {tuple(alone.shape)} for one example, {tuple(once.shape)} for {len(once)}",
            where,
            "write flatten(1), or name the dimensions to remove, in place of squeeze()",
        )
    scale = float(once.float().abs().max())
    difference = float((alone[0].float() - once[0].float()).abs().max())
    if difference > _tolerance(network) * scale:
        raise InputError(
            "outputs that do not depend on the other examples of the batch",
            f"a difference of {difference:.3g} when the first example is run alone",
            where,
            remedy,
        )
    return SelfCheck(
        "an example's outputs do not depend on its batch", passed=True, detail=f"largest difference {difference:.2g}"
    )


def _remedy_for_dependence(module: nn.Module) -> str:
    norms = nn.modules.batchnorm._BatchNorm
    without = [
        path or "the model"
        for path, part in module.named_modules()
        if isinstance(part, norms) and part.running_mean is None
    ]
    if not without:
        return "give a model whose outputs, in evaluation mode, depend on their own example alone"
    return (
        f"{short_list(without)} normalise{'s' if len(without) == 1 else ''} by the batch at hand: build with "
        "track_running_stats=True, run both networks in training mode over training data, and save them again"
    )


def _tolerance(network: Network) -> float:
    return ALONE_TOLERANCE if network.dtype != torch.bfloat16 else 0.1


def _window_checks(
    network: Network, weights: StateDict, inputs: torch.Tensor, once: torch.Tensor, examples: Examples
) -> list[SelfCheck]:
    """A network that sees the next token would have the best of losses; and the vocabulary should be the network's."""
    checks = []
    # Of targets that are other things than the next tokens, such as the tags of these, a network may see all tokens.
    predicts_next = torch.equal(examples.targets[:, :-1].long(), examples.inputs[:, 1:].long())
    if inputs.shape[1] > 1 and predicts_next:
        changed = inputs.clone()
        # A token that is surely in the vocabulary: the window's first, or 0 or 1 where that would change nothing.
        changed[:, -1] = inputs[:, 0].where(inputs[:, 0] != inputs[:, -1], (inputs[:, -1] == 0).to(inputs.dtype))
        earlier, again = once[:, :-1].float(), network.outputs(weights, changed)[:, :-1].float()
        difference = float((again - earlier).abs().max())
        if difference > _tolerance(network) * float(earlier.abs().max()):
            raise InputError(
                "a causal language model: outputs that do not depend on later tokens",
                f"a difference of {difference:.3g} at earlier tokens when the last one is changed",
                f"{type(network.module).__name__} on {examples.name}",
                "give a model that is trained to predict the next token",
            )
        detail = f"largest difference {difference:.2g}"
        checks.append(SelfCheck("outputs do not depend on later tokens", passed=True, detail=detail))
    if examples.class_names is not None:
        counts = len(examples.class_names), once.shape[-1]
        detail = f"{counts[0]} characters, {counts[1]} outputs"
        checks.append(SelfCheck("the network has one output for every character", counts[0] == counts[1], detail))
    return checks


def end_checks(network: Network, segment: Segment, a: StateDict, b: StateDict, examples: Examples) -> list[SelfCheck]:
    """Compare alpha 0 and 1 of the full segment with the two networks, loaded in the ordinary way.

    Under BatchNorm policy `host` the full segment keeps the host's statistics, so there alpha = 1 is compared with b's
    weights under a's statistics. Integer buffers are the host's under every policy.

    Args:
        network: The model.
        segment: The two networks, on the network's device.
        a: Weights of network a, as measured.
        b: Weights of network b.
        examples: The data; its first examples are run.

    Returns:
        Two checks, at alpha 0 and at alpha 1, that compare weights and outputs to the bit.
    """
    inputs, _ = examples.batch(0, min(PROBE_SIZE, len(examples)), network.device, network.dtype)
    of_host = {Kind.INTEGER_BUFFER, Kind.COUNTER} | ({Kind.STATISTICS} if segment.keeps_statistics else set())
    checks = []
    for alpha, name, end in ((0.0, "a", a), (1.0, "b", b)):
        give_back()  # the network that was loaded for the end before
        point = segment.point("a", tuple(segment.layers), alpha)
        from_host = {key for key in end if segment.kinds[key] in of_host}
        kept = sum(not same_bits(a[key], end[key]) for key in from_host)
        # Entry by entry: two networks that are widened when they are read are not there as a whole.
        equal = all(
            segment.kinds[key] is Kind.COUNTER
            or same_bits(segment.entry(label, version, key), (a if key in from_host else end)[key])
            for label, version in zip(segment.layers, point.versions, strict=True)
            for key in segment.layers[label]
        )
        expected = {key: entry_as(a if key in from_host else end, key, network.dtype) for key in end}
        plain = network.loaded_outputs(network.fresh or partial(placed_copy, network.module), expected, inputs)
        passed = equal and same_bits(plain, network.outputs(segment.weights(point, network.dtype), inputs))
        note = f"; {kept} entries are the host's, as the BatchNorm policy says" if kept else ""
        verdict = f"weights and outputs {'equal' if passed else 'differ'} to the bit{note}"
        checks.append(SelfCheck(f"alpha {alpha:g} is network {name}", passed, verdict))
    return checks
