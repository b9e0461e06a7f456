"""Examples in a fixed order, kept as stored and normalised on use."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from isthmus.data.spec import slice_bounds
from isthmus.errors import InputError
from isthmus.trees import Tree, map_tensors, named_tensors, take_rows, tensors, tree_text

WHOLE_NUMBERS = {
    torch.uint8, torch.uint16, torch.uint32, torch.uint64, torch.int8, torch.int16, torch.int32,
}  # fmt: skip
"""Types of targets besides int64 that hold whole numbers; kernels of losses do not take all of them."""


@dataclass(frozen=True)
class Normalization:
    """The formula (x / scale - mean) / std, channel by channel.

    Attributes:
        mean: One number a channel, on the scale of x / scale; a single number counts for every channel.
        std: As `mean`.
        scale: What the stored values are divided by first: 255 for bytes.
        name: What reports call it: "paper", "true", "scale" (nothing but the division), "own".

    Example:
        >>> halves = Normalization(mean=(0.5,), std=(0.5,))
        >>> halves(torch.tensor([[0, 255]], dtype=torch.uint8), torch.float32)
        tensor([[-1.,  1.]])
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    scale: float = 255.0
    name: str = "own"

    def __call__(self, inputs: Tensor, dtype: torch.dtype) -> Tensor:
        """The inputs normalised on their own device.

        Computed in `dtype`, though never below float32, and rounded to `dtype` last.

        Args:
            inputs: Stored values of shape (n, channels, ...).
            dtype: The floating type of the result.

        Returns:
            A new tensor of the shape of `inputs`.
        """
        wide = torch.promote_types(dtype, torch.float32)
        shape = (1, -1, *(1 for _ in inputs.shape[2:]))
        mean, std = (_on_device(tuple(values), wide, inputs.device).view(shape) for values in (self.mean, self.std))
        # Division makes a new tensor, so what follows may work in place.
        return inputs.to(wide).div(self.scale).sub_(mean).div_(std).to(dtype)

    @property
    def shown(self) -> str:
        """The name, with the numbers of one that is not known by its name.

        Example:
            >>> Normalization(mean=(0.5,), std=(0.25, 0.2)).shown
            'own: (x / 255 - 0.5) / (0.25, 0.2)'
        """
        if self.name != "own":
            return self.name
        mean, std = (str(v[0]) if len(v) == 1 else str(v) for v in (self.mean, self.std))
        return f"own: (x / {self.scale:g} - {mean}) / {std}"


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs and targets in a fixed order.

    Attributes:
        inputs: Shape (n, ...), exactly as stored: bytes of images (n, channels, height, width), floats, tokens. Or a
            dict of such tensors, passed to the network by keyword, or a tuple, passed by position (`isthmus.trees`).
        targets: Shape (n, ...): class numbers, tokens, or floats where there are no classes; a dict or tuple for a
            loss of the user's that takes one.
        name: Such as "cifar10:test[0:512]"; of a file only its name, never its folder.
        split: "test", "train", or "data" where none is known.
        normalization: Applied to each batch; None leaves the values as they are.
        class_names: Name of each class number, where known.
        notes: What was done to make tensors of the data (padded, cut, left out), to be said with a measurement.

    Raises:
        InputError: If there is no example, if inputs and targets differ in number, or if the normalisation has
            another number of channels than the inputs.
    """

    inputs: Tree
    targets: Tree
    name: str
    split: str
    normalization: Normalization | None = None
    class_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        inputs, targets = tensors(self.inputs), tensors(self.targets)
        counts = {len(tensor) if tensor.ndim else None for tensor in (*inputs, *targets)}
        if len(counts) != 1 or None in counts or not inputs or not targets:
            raise InputError(
                "as many targets as inputs, along the first dimension",
                f"inputs of {tree_text(self.inputs)} and targets of {tree_text(self.targets)}",
                self.name,
                "give one target for each input",
            )
        if counts == {0}:
            raise InputError("at least one example", "none", self.name, "give data with examples")
        if self.normalization is not None:
            self._refuse_other_channels(self.normalization)

    def __len__(self) -> int:
        return len(tensors(self.inputs)[0])

    @property
    def tensor(self) -> Tensor:
        """The inputs, for work that takes one tensor alone; other inputs are refused."""
        if not isinstance(self.inputs, Tensor):
            remedy = "give one tensor: several inputs are measured, and nothing else yet"
            raise InputError("inputs that are one tensor", f"inputs of {tree_text(self.inputs)}", self.name, remedy)
        return self.inputs

    @property
    def class_numbers(self) -> Int64[np.ndarray, " n"] | None:
        """The targets where each is one whole number, such as that of a class; else None."""
        targets = self.targets
        if not isinstance(targets, Tensor) or targets.ndim != 1:
            return None
        return None if targets.is_floating_point() or targets.is_complex() else targets.long().cpu().numpy()

    @property
    def num_tokens(self) -> int | None:
        """The length of the windows, where examples are windows of tokens: inputs and targets both (n, tokens)."""
        if not (isinstance(self.inputs, Tensor) and isinstance(self.targets, Tensor)):
            return None
        is_text = self.inputs.ndim == 2 and self.inputs.shape == self.targets.shape
        whole = all(not (t.is_floating_point() or t.is_complex()) for t in (self.inputs, self.targets))
        return self.inputs.shape[1] if is_text and whole else None

    @property
    def longest(self) -> int | None:
        """The tokens of an example, for the size of batches: the largest second dimension of whole-number inputs."""
        if isinstance(self.inputs, Tensor):
            return self.num_tokens
        whole = [t for t in tensors(self.inputs) if t.ndim > 1 and not (t.is_floating_point() or t.is_complex())]
        return max((tensor.shape[1] for tensor in whole), default=None)

    def batch(self, start: int, stop: int, device: torch.device, dtype: torch.dtype) -> tuple[Tree, Tree]:
        """The examples start, ..., stop - 1, ready for a network.

        The inputs travel to the device as they are stored and are normalised there.

        Args:
            start: The first example.
            stop: One past the last example; the end of the data cuts it off.
            device: Where the batch is wanted.
            dtype: The type of floating inputs; integers without a normalisation (tokens) keep theirs.

        Returns:
            Inputs and targets on `device`, whole numbers among the targets as int64, in memory of their own: what a
            network does to them in place never reaches the stored examples.
        """

        def ready_input(stored: Tensor) -> Tensor:
            values = stored[start:stop].to(device)
            if self.normalization is not None:
                values = self.normalization(values, dtype)
            elif values.is_floating_point():
                values = values.to(dtype)
            return _apart(values, stored)

        def ready_target(stored: Tensor) -> Tensor:
            values = stored[start:stop].to(device)
            return _apart(values.long() if values.dtype in WHOLE_NUMBERS else values, stored)

        return map_tensors(ready_input, self.inputs), map_tensors(ready_target, self.targets)

    def to(self, device: torch.device | str) -> "Examples":
        """The same examples, resident on a device in their stored form.

        Args:
            device: Where to keep them.

        Returns:
            Examples with the same content hash.
        """
        inputs, targets = (map_tensors(lambda tensor: tensor.to(device), tree) for tree in (self.inputs, self.targets))
        both = zip(tensors((inputs, targets)), tensors((self.inputs, self.targets)), strict=True)
        is_there = all(moved is stored for moved, stored in both)
        return self if is_there else replace(self, inputs=inputs, targets=targets)

    def take(self, indices: slice | Tensor) -> "Examples":
        """Some of the examples, in the order given.

        Args:
            indices: A slice start:stop inside the data, without a step; or a vector of example numbers.

        Returns:
            The chosen examples. A slice shares memory with these; its name says which it took.

        Raises:
            InputError: If an index lies outside the data, or if nothing is chosen.
        """
        if isinstance(indices, slice):
            assert indices.step in {None, 1}, "a slice of examples has no step"
            start, stop = slice_bounds(indices.start, indices.stop, len(self), self.name)
            name = f"{self.name}[{start}:{stop}]"
            kept = slice(start, stop)
            return replace(self, inputs=take_rows(self.inputs, kept), targets=take_rows(self.targets, kept), name=name)
        assert indices.ndim == 1, "example numbers are a vector"
        assert not indices.is_floating_point(), "example numbers are whole"
        assert indices.dtype != torch.bool, "example numbers, not a mask"
        outside = indices[(indices < 0) | (indices >= len(self))]
        if len(outside) or not len(indices):
            got = str(int(outside[0])) if len(outside) else "none"
            expected = f"example numbers of at least 0 and below {len(self)}"
            raise InputError(expected, got, self.name, "choose existing examples")
        name = f"{self.name}[{len(indices)} chosen]"
        return replace(
            self, inputs=take_rows(self.inputs, indices), targets=take_rows(self.targets, indices), name=name
        )

    def numbers_shared_with(self, other: "Examples") -> list[int]:
        """Which of the examples stand in other data too, by the bytes of their inputs as stored.

        Args:
            other: Any examples.

        Returns:
            Their numbers, in order.
        """
        theirs = set(_input_bytes(other.inputs))
        return [number for number, row in enumerate(_input_bytes(self.inputs)) if row in theirs]

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 (hexadecimal) of inputs and targets, their types and shapes, and the normalisation's numbers."""
        digest = hashlib.sha256()
        named = [*named_tensors(self.inputs).items(), *named_tensors(self.targets).items()]
        for place, tensor in named:
            digest.update(f"{place and f'{place}: '}{tensor.dtype} {tuple(tensor.shape)} ".encode())
            digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
        rule = self.normalization
        digest.update(repr(rule and (rule.mean, rule.std, rule.scale)).encode())
        return digest.hexdigest()

    def _refuse_other_channels(self, normalization: Normalization) -> None:
        channels = self.tensor.shape[1] if self.tensor.ndim > 1 else 0
        counts = [len(values) for values in (normalization.mean, normalization.std)]
        if not {1, channels}.issuperset(counts) or not channels:
            raise InputError(
                f"a mean and a std for each of {channels} channels",
                f"{counts[0]} means and {counts[1]} stds",
                f"the normalization of {self.name}",
                "give one number a channel, or a single one for all channels",
            )


def _input_bytes(inputs: Tree) -> list[bytes]:
    columns = [
        [row.tobytes() for row in t.detach().cpu().contiguous().reshape(len(t), -1).view(torch.uint8).numpy()]
        for t in named_tensors(inputs).values()
    ]
    return [b"".join(row) for row in zip(*columns, strict=True)]


@lru_cache
def _on_device(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """The values as a vector, sent once: sending them for every batch would make a GPU wait for each."""
    return torch.tensor(values, dtype=dtype, device=device)


def _apart(tensor: Tensor, stored: Tensor) -> Tensor:
    shared = tensor.untyped_storage().data_ptr() == stored.untyped_storage().data_ptr()
    # A network or a loss may write into its batch, and the stored values must stay.
    return tensor.clone() if shared else tensor
