"""A user's loss, tried on the first examples before the measurement."""

import torch
from torch import Tensor

from isthmus.errors import InputError
from isthmus.evaluation.failures import failure_text
from isthmus.evaluation.losses.fitting_targets import OWN_LOSS
from isthmus.evaluation.losses.loss import LOSSES, example_losses, name_of_loss
from isthmus.evaluation.network import Network
from isthmus.trees import Tree, take_rows, tensors, tree_text

ALONE_TOLERANCE = 1e-3  # of the largest loss; kernels may sum in another order for another batch size


def own_loss_difference(network: Network, outputs: Tensor, targets: Tree, where: str) -> float | None:
    """Try the loss on a batch, and on its first example alone.

    Args:
        network: Its loss is tried.
        outputs: Of a batch.
        targets: Of the same batch.
        where: The data's name.

    Returns:
        By how much the first example's loss differs when it is alone, over the largest loss; None for a loss of
        isthmus, and where there is one example only.

    Raises:
        InputError: The loss fails, does not return one number an example, writes into what it is given, or gives an
            example another loss in another batch.
    """
    given = [outputs, *tensors(targets)]
    # A tensor counts the writes to it.
    versions = [tensor._version for tensor in given]
    together = _losses(network, outputs, targets, where)
    if name_of_loss(network.loss):
        return None
    if [tensor._version for tensor in given] != versions:
        raise InputError(
            "a loss that leaves outputs and targets as they are",
            "one that writes into them",
            f"loss, on {where}",
            "copy what is to be changed: outputs.clone()",
        )
    if len(outputs) == 1:
        return None
    alone = _losses(network, outputs[:1], take_rows(targets, slice(1)), f"the first example of {where} alone")
    # All losses may be zero, as of a network that knows these examples by heart.
    largest = together.abs().max().clamp(min=torch.finfo(together.dtype).tiny)
    # NaN of both is no difference; whether only one is finite is asked besides.
    difference = float(((alone[0] - together[0]).abs() / largest).nan_to_num())
    if difference > ALONE_TOLERANCE or alone[0].isfinite() != together[0].isfinite():
        raise InputError(
            "a loss of each example that does not depend on the rest of its batch",
            f"{float(together[0]):.6g} for the first example among {len(outputs)}, {float(alone[0]):.6g} for it alone",
            f"loss, on {where}",
            "return the loss of each example, not divided by their number and not compared with the others",
        )
    return difference


def _losses(network: Network, outputs: Tensor, targets: Tree, where: str) -> Tensor:
    try:
        with torch.no_grad():
            return example_losses(network.loss, outputs, targets)
    except InputError:
        raise
    except Exception as error:  # whatever a loss function of the user's raises
        shapes = f"targets of {tree_text(targets)} for outputs of {tuple(outputs.shape)}"
        raise InputError(
            "a loss that runs on these outputs and targets",
            failure_text(error),
            f"{where}, {shapes}",
            f"choose another loss: {', '.join(LOSSES)}, or {OWN_LOSS}",
        ) from error
