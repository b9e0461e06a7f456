"""The memory format of convolutions: channels last where that is faster and the network runs with it."""

import torch
from torch import Tensor, nn

from isthmus.data.examples import Examples
from isthmus.evaluation.network import Network
from isthmus.evaluation.probe import PROBE_SIZE, SelfCheck
from isthmus.evaluation.stages.staging import relative_difference
from isthmus.trees import tensors
from isthmus.weights.casting import CastWhenRead
from isthmus.weights.state import StateDict

Convolution = (nn.Conv2d, nn.ConvTranspose2d)
TOLERANCES = {torch.float32: 1e-4, torch.bfloat16: 0.1}  # of the largest output: other kernels sum in another order
FASTER_DTYPES = {"cpu": {torch.float32, torch.bfloat16}}  # where convolutions gain about a tenth
ACCELERATOR_DTYPES = {torch.bfloat16}


def convolution_keys(module: nn.Module) -> frozenset[str]:
    """The keys of the weights of 2-d convolutions, found by module type.

    Args:
        module: A network.

    Returns:
        Keys of its state dict.
    """
    named = module.named_modules(remove_duplicate=False)
    keys = {f"{path}.weight" if path else "weight" for path, part in named if isinstance(part, Convolution)}
    return frozenset(keys & module.state_dict().keys())


def lay_out(
    network: Network, a: StateDict, b: StateDict, examples: Examples
) -> tuple[StateDict, StateDict, list[SelfCheck]]:
    """The weights in the memory format that the network is to run in; values and shapes stay.

    The rule: images (a 4-d input) in float32 or bfloat16 on a processor, in bfloat16 on an accelerator, through a
    network with 2-d convolutions run channels last, provided that network a gives the same outputs so, within 1e-4 of
    the largest in float32 and 0.1 in bfloat16. The weights of convolutions decide the format of everything that follows
    them, and a blend has the format of its ends; so all engines and points run in the same one.

    Args:
        network: Its module takes on the format too.
        a: Network a, on the network's device.
        b: Network b.
        examples: The first of them are run in both formats.

    Returns:
        Weights of a and b, and what was checked; nothing is checked where the rule does not apply.
    """
    faster = FASTER_DTYPES.get(network.device.type, ACCELERATOR_DTYPES)
    keys = convolution_keys(network.module)
    if not any(tensor.ndim == 4 for tensor in tensors(examples.inputs)) or network.dtype not in faster or not keys:
        return a, b, []
    inputs, _ = examples.batch(0, min(PROBE_SIZE, len(examples)), network.device, network.dtype)
    moved = _channels_last(a, keys)
    what = "convolutions run channels last, with the same outputs"
    try:
        difference = relative_difference(network.outputs(moved, inputs), network.outputs(a, inputs))
    except RuntimeError as error:  # a view of values that no longer lie as the model's code expects
        return a, b, [_not_done(str(error).splitlines()[0])]
    # Put so that NaN fails too.
    if not difference <= TOLERANCES[network.dtype]:
        return a, b, [_not_done(f"outputs differ by {difference:.2g} of the largest")]
    for key, parameter in network.module.named_parameters(remove_duplicate=False):
        if key in keys:
            parameter.data = _moved(parameter.data)
    detail = f"largest difference {difference:.2g} of the largest output"
    return moved, _channels_last(b, keys), [SelfCheck(what, passed=True, detail=detail)]


def _not_done(reason: str) -> SelfCheck:
    return SelfCheck("convolutions run in the order of the model, not channels last", passed=True, detail=reason)


def _channels_last(weights: StateDict, keys: frozenset[str]) -> StateDict:
    if isinstance(weights, CastWhenRead):
        return CastWhenRead(_channels_last(weights.stored, keys), weights.dtype)
    return {k: _moved(t) if k in keys else t for k, t in weights.items()}


def _moved(tensor: Tensor) -> Tensor:
    # A dimension of size 1 leaves the format open: a blend might then take another one than its ends.
    return tensor.to(memory_format=torch.channels_last) if min(tensor.shape) > 1 else tensor
