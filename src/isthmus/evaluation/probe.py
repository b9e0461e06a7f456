"""Checks made before measuring: is there anything that would make the numbers wrong?"""

from dataclasses import dataclass

import torch

from isthmus.data.examples import Examples
from isthmus.errors import InputError
from isthmus.evaluation.loss import has_classes, output_tensor, refuse_targets_out_of_range
from isthmus.evaluation.network import Network
from isthmus.paths.linear import Segment
from isthmus.weights.state import Kind, StateDict, converted, same_bits

PROBE_SIZE = 32
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


def refuse_unfit_model(network: Network, weights: StateDict, examples: Examples) -> list[SelfCheck]:
    """Run the model on a few examples and refuse what could only give wrong numbers.

    Args:
        network: The model.
        weights: One of the two networks.
        examples: The data.

    Returns:
        What was checked.

    Raises:
        InputError: The model does not run on these examples, gives other outputs the second time, lets the examples of
            a batch influence one another, sees the tokens that it is to predict, or has no output for a target.
    """
    inputs, targets = examples.batch(0, min(PROBE_SIZE, len(examples)), network.device, network.dtype)
    where = f"{type(network.module).__name__} on {examples.name}"
    try:
        once = network.outputs(weights, inputs)
        again = network.outputs(weights, inputs)
    except (RuntimeError, TypeError, IndexError, NotImplementedError) as error:
        raise InputError(
            "a model that runs on these inputs",
            f"{type(error).__name__}: {str(error).splitlines()[0]}",
            f"{where}, inputs of shape {tuple(inputs.shape)} {inputs.dtype}",
            "check the size, channels and type of the inputs, and that the model's forward takes them alone"
            if examples.num_tokens is None
            else "give tokens of this model, and windows that are not too long for it: length=64",
        ) from error
    if once.shape[:1] != inputs.shape[:1]:
        raise InputError(
            "one row of outputs for each example",
            f"shape {tuple(once.shape)} for {len(inputs)} examples",
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
    if has_classes(once, targets):
        refuse_targets_out_of_range(once, examples.targets, examples.name)
    _refuse_unfit_targets(network, once, targets, examples.name)
    checks = [SelfCheck("the model gives the same outputs twice", passed=True, detail="to the bit")]
    if len(inputs) > 1:
        checks.append(_independence(network, weights, inputs, once, where))
    if examples.num_tokens is not None and has_classes(once, targets):
        checks += _window_checks(network, weights, inputs, once, examples)
    return checks


def _refuse_unfit_targets(network: Network, outputs: torch.Tensor, targets: torch.Tensor, name: str) -> None:
    try:
        network.scored(outputs, targets)
    except InputError:
        raise
    except Exception as error:  # whatever a loss function of the user's raises
        raise InputError(
            "targets that the loss takes",
            f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}",
            f"{name}, targets of shape {tuple(targets.shape)} {targets.dtype} for outputs of {tuple(outputs.shape)}",
            "give class numbers (integers, one an example) for cross_entropy, or a loss for targets like these",
        ) from error


def _independence(
    network: Network, weights: StateDict, inputs: torch.Tensor, once: torch.Tensor, where: str
) -> SelfCheck:
    remedy = "give normalisation layers running statistics, or measure with batch_norm='recalibrate'"
    try:
        alone = network.outputs(weights, inputs[:1])
    except (RuntimeError, ValueError) as error:
        raise InputError("a model that runs on one example alone", str(error).splitlines()[0], where, remedy) from error
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


def _tolerance(network: Network) -> float:
    return ALONE_TOLERANCE if network.dtype != torch.bfloat16 else 0.1


def _window_checks(
    network: Network, weights: StateDict, inputs: torch.Tensor, once: torch.Tensor, examples: Examples
) -> list[SelfCheck]:
    """A network that sees the next token would have the best of losses; and the vocabulary should be the network's."""
    checks = []
    if min(inputs.shape[1], once.shape[-1]) > 1:
        changed = inputs.clone()
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
        found = segment.weights(segment.point("a", tuple(segment.layers), alpha))
        expected = {key: (a if segment.kinds[key] in of_host else end)[key] for key in end}
        kept = sum(not same_bits(expected[key], tensor) for key, tensor in end.items())
        equal = all(
            segment.kinds[key] is Kind.COUNTER or same_bits(found[key], tensor) for key, tensor in expected.items()
        )
        network.module.load_state_dict(converted(expected, network.dtype), strict=False)
        with torch.no_grad():
            plain = output_tensor(network.module(inputs))
        passed = equal and same_bits(plain, network.outputs(found, inputs))
        note = f"; {kept} entries are the host's, as the BatchNorm policy says" if kept else ""
        verdict = f"weights and outputs {'equal' if passed else 'differ'} to the bit{note}"
        checks.append(SelfCheck(f"alpha {alpha:g} is network {name}", passed, verdict))
    return checks
