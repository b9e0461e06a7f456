"""Loss and gradient of one mini-batch: pass by pass, or as a CUDA graph that a GPU repeats."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from isthmus.evaluation.losses.loss import Loss
from isthmus.training.arithmetic import Forward
from isthmus.training.augmentation import Batch
from isthmus.training.batches import mean_loss
from isthmus.training.recipe.recipe import Recipe

Gradient = Callable[[Batch], Tensor]
WARM_UP = 3  # passes before a graph is recorded: libraries choose kernels and take memory in the first ones


class PlainGradient:
    """One forward and one backward pass.

    Args:
        model: Its parameters get the gradients; earlier ones are forgotten.
        forward: Of the model.
        loss: Gives one loss an example.
    """

    def __init__(self, model: nn.Module, forward: Forward, loss: Loss) -> None:
        self._model, self._forward, self._loss = model, forward, loss

    def __call__(self, batch: Batch) -> Tensor:
        """The mean loss per example; its gradient is left in the parameters."""
        value = mean_loss(self._loss, self._forward(batch.inputs), batch)
        self._model.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        return value.detach()


class GraphedGradient:
    """The same for mini-batches of one shape, recorded once as a CUDA graph.

    A small mini-batch keeps a GPU busy for less time than it takes to start its hundreds of kernels one by one; a graph
    starts all of them at once. They are the same kernels. Dropout draws by the seed that is set before each call.
    Mini-batches of another shape (the last one of an epoch) are passed on to the plain gradient.

    Args:
        model: On a GPU. Its buffers are as before after the passes that precede the recording.
        plain: What is recorded; it must not wait for the GPU anywhere.
        batch: Any mini-batch of the shape to record, without mixing.
    """

    def __init__(self, model: nn.Module, plain: Gradient, batch: Batch) -> None:
        self._plain = plain
        self._parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self._batch = Batch(batch.inputs.clone(), batch.targets.clone())
        device = batch.inputs.device
        buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
        # CUDA records on a stream of its own, after passes in which libraries choose kernels and take their memory.
        side = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream(device))
        self._graph = torch.cuda.CUDAGraph()
        # The passes before recording draw dropout; training's own draws go on as if they had not been.
        with torch.random.fork_rng([device]):
            with torch.cuda.stream(side):
                for _ in range(WARM_UP):
                    plain(self._batch)
            torch.cuda.current_stream(device).wait_stream(side)
            model.zero_grad()
            # other threads may go on copying checkpoints meanwhile
            with torch.cuda.graph(self._graph, stream=side, capture_error_mode="thread_local"):
                self._value = plain(self._batch)
        # The graph writes into these tensors each time; parameters are pointed to them again at each call.
        self._gradients = [parameter.grad for parameter in self._parameters]
        for buffer, before in buffers:
            buffer.copy_(before)

    def __call__(self, batch: Batch) -> Tensor:
        """The mean loss per example and, in the parameters, its gradient: in memory that the next call writes into."""
        if batch.inputs.shape != self._batch.inputs.shape or batch.targets.shape != self._batch.targets.shape:
            return self._plain(batch)
        # A graph reads fixed addresses, so a batch is copied to where the recorded one was.
        self._batch.inputs.copy_(batch.inputs)
        self._batch.targets.copy_(batch.targets)
        self._graph.replay()
        for parameter, gradient in zip(self._parameters, self._gradients, strict=True):
            parameter.grad = gradient
        return self._value


def gradient_of(model: nn.Module, forward: Forward, loss: Loss, recipe: Recipe) -> Gradient:
    """The gradient as a recipe wants it, where the model is.

    Args:
        model: Its parameters get the gradients.
        forward: Of the model.
        loss: Gives one loss an example.
        recipe: `cuda_graph` and `batch_size`: the first full mini-batch's passes are recorded.

    Returns:
        A function from a mini-batch to its mean loss.
    """
    plain = PlainGradient(model, forward, loss)
    if not recipe.cuda_graph or next(model.parameters()).device.type != "cuda":
        return plain
    recorded: list[GraphedGradient] = []

    def repeated(batch: Batch) -> Tensor:
        if not recorded and len(batch.inputs) == recipe.batch_size:
            recorded.append(GraphedGradient(model, plain, batch))
        return recorded[0](batch) if recorded else plain(batch)

    return repeated
