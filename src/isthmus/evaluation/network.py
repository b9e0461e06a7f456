"""The network under measurement: a private copy of the user's model that runs with any weights."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from isthmus.errors import InputError
from isthmus.evaluation.losses.example_errors import example_errors, own_errors
from isthmus.evaluation.losses.loss import Loss, example_losses
from isthmus.evaluation.output import USUAL_OUTPUT, Output
from isthmus.trees import Tree, arguments, map_tensors
from isthmus.weights.casting import cast_tensor, cast_weights
from isthmus.weights.state import StateDict, copy_of, is_blendable

Fresh = Callable[[torch.device, torch.dtype], nn.Module]
"""Makes a model that nobody else holds, for a device and a type; it may still be elsewhere and in another one."""


@dataclass(frozen=True)
class BatchResult:
    """Losses and errors of a batch.

    Attributes:
        loss: Shape (n,), on the device of the network.
        error: Shape (n,), truth values or fractions of tokens or labels; None where there is nothing to be wrong about.
    """

    loss: Tensor
    error: Tensor | None


@dataclass(frozen=True)
class Network:
    """A model that is run with weights from outside, in evaluation mode and without gradients.

    Attributes:
        module: A copy of the user's model, in evaluation mode, on the device; its own weights are never used.
        loss: Per-example loss.
        device: Where it runs.
        dtype: The floating type of weights and inputs.
        counts_errors: Whether errors are counted where there are any.
        output: Which tensor of its outputs is measured.
        error: The user's own error of each example; None for that of the loss and the targets.
        written: Keys that the forward pass writes to; it is given copies.
        fresh: Makes the model that every run loads, for a network that derives something from its weights
            (`isthmus.runs.subject.given_weights`); None for all others.
    """

    module: nn.Module
    loss: Loss
    device: torch.device
    dtype: torch.dtype
    counts_errors: bool = True
    output: Output = USUAL_OUTPUT
    error: Loss | None = None
    written: frozenset[str] = frozenset()
    fresh: Fresh | None = None

    @classmethod
    def from_model(
        cls,
        model: nn.Module,
        loss: Loss,
        device: torch.device,
        dtype: torch.dtype,
        output: Output = USUAL_OUTPUT,
        *,
        is_own: bool = False,
    ) -> "Network":
        """A network from the user's model, which stays as it is: mode, device, weights.

        Args:
            model: Any module whose `forward` takes one batch of inputs.
            loss: From `isthmus.evaluation.losses.loss.loss_named`.
            device: Where to run.
            dtype: float32, float64 or bfloat16.
            output: Which tensor of its outputs is measured.
            is_own: Whether nobody else holds the model, so that it need not be copied.

        Returns:
            A network on a deep copy of the model.

        Raises:
            InputError: The model cannot be copied.
        """
        try:
            module = model if is_own else placed_copy(model, device, dtype)
        except (TypeError, RuntimeError, ValueError) as error:
            raise InputError(
                "a model that copy.deepcopy can copy",
                f"{type(model).__name__}: {error}",
                "model",
                "give a function that builds the model instead",
            ) from error
        return cls(_moved(module, device, dtype).eval(), loss, device, dtype, output=output)

    def outputs(self, weights: StateDict, inputs: Tree) -> Tensor:
        """The scores of a batch.

        Args:
            weights: Every key of the module; floating entries are cast to the network's dtype.
            inputs: A batch on the network's device; not changed.

        Returns:
            What the module returned, its field `logits` if it returned several, or the output asked for.
        """
        if self.fresh is not None:
            return self.loaded_outputs(self.fresh, weights, inputs)
        with torch.no_grad():
            return self.output(self.returned(cast_weights(weights, self.dtype), inputs))

    def returned(self, entries: StateDict, inputs: Tree) -> Any:
        """What the module returns with weights put into it, gradients and all.

        Args:
            entries: Every key of the module, in the network's dtype.
            inputs: A batch on the network's device; not changed.

        Returns:
            A tensor, dict, tuple or dataclass.

        Raises:
            InputError: The network is one that every run must load.
        """
        if self.fresh is not None:
            raise InputError(
                "a network that computes from the weights at hand",
                "one that derives something from them in eval(), on loading or on its first run",
                type(self.module).__name__,
                "switch that off, such as merging or a cache; without it only losses and errors can be measured",
            )
        # What forward writes to belongs to this run alone: other points share weights and inputs.
        given = {key: tensor.clone() if key in self.written else tensor for key, tensor in entries.items()}
        args, kwargs = arguments(map_tensors(Tensor.clone, inputs))
        # Every key has its own tensor here, also those that the module ties: blends of equal values.
        return functional_call(self.module, given, args, kwargs, tie_weights=False)

    def loaded_outputs(self, fresh: Fresh, weights: StateDict, inputs: Tree, times: int = 1) -> Tensor:
        """The scores of a batch in the ordinary way: a fresh model, `load_state_dict`, `eval()`, `forward`.

        Args:
            fresh: Makes the model.
            weights: As for `outputs`.
            inputs: A batch on the network's device; not changed.
            times: How often forward runs.

        Returns:
            As `outputs`, of the last run.
        """
        with torch.no_grad():
            # Training mode until the weights are in: layers that merge weights in eval() must see these.
            module = _moved(fresh(self.device, self.dtype), self.device, self.dtype).train()
            # Not strict: extra state that is no tensor is not among the weights.
            module.load_state_dict(cast_weights(weights, self.dtype), strict=False)
            module.eval()
            for _ in range(times):
                args, kwargs = arguments(map_tensors(Tensor.clone, inputs))
                found = self.output(module(*args, **kwargs))
            return found

    def result(self, weights: StateDict, inputs: Tree, targets: Tree) -> BatchResult:
        """Losses and errors of a batch.

        Args:
            weights: As for `outputs`.
            inputs: A batch on the network's device.
            targets: Its targets, on the same device.

        Returns:
            One loss and, with classes, one error an example.
        """
        return self.score(self.outputs(weights, inputs), targets)

    def score(self, outputs: Tensor, targets: Tree) -> BatchResult:
        """Losses and errors of outputs that are already there.

        Args:
            outputs: Scores of a batch.
            targets: Its targets.

        Returns:
            One loss and, with classes, one error an example.
        """
        with torch.no_grad():  # a loss of the user's may have weights of its own
            errors = self._errors(outputs, targets)
            return BatchResult(example_losses(self.loss, outputs, targets), errors)

    def _errors(self, outputs: Tensor, targets: Tree) -> Tensor | None:
        if self.error is not None:
            return own_errors(self.error, outputs, targets)
        return example_errors(self.loss, outputs, targets) if self.counts_errors else None


def placed_copy(model: nn.Module, device: torch.device, dtype: torch.dtype) -> nn.Module:
    """A copy of a model on a device and in a type; a parameter is never there in two types.

    Args:
        model: Any module; parameters on the device `meta` get room, and NaN in it.
        device: Where to hold it.
        dtype: Of its floating-point tensors.

    Returns:
        A module that shares no tensor with it, in the mode that it is in.
    """
    # Lazy parameters and others of their own kind know best how they are copied.
    usual = (parameter for parameter in model.parameters() if type(parameter) is nn.Parameter)
    placed = {id(parameter): _placed(parameter.detach(), device, dtype) for parameter in usual}
    return _moved(copy_of(model, placed), device, dtype)


def _placed(parameter: Tensor, device: torch.device, dtype: torch.dtype) -> Tensor:
    wanted = dtype if parameter.is_floating_point() else parameter.dtype
    if parameter.is_meta:
        return torch.full(parameter.shape, float("nan") if is_blendable(parameter) else 0, dtype=wanted, device=device)
    return parameter.to(device, wanted, copy=True)


def _moved(module: nn.Module, device: torch.device, dtype: torch.dtype) -> nn.Module:
    # Derivatives are asked of the weights that are given, never of the module's own.
    module = module.to(device=device).requires_grad_(requires_grad=False)
    # Not module.to(dtype): that would drop the imaginary parts of complex numbers.
    module._apply(lambda tensor: cast_tensor(tensor, dtype))  # type: ignore[no-untyped-call]
    return module
