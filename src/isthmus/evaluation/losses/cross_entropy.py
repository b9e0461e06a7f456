"""The cross-entropy of class numbers: of images, tokens and pixels."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from isthmus.data.named import NOT_COUNTED
from isthmus.errors import InputError, UnknownNameError
from isthmus.evaluation.losses.shapes import ClassAxis, class_axis, has_classes


@dataclass(frozen=True)
class CrossEntropy:
    """The cross-entropy of each example, in nats: -log softmax(outputs)[target].

    An example of several targets (a window of tokens, an image of pixels) has the mean over those that count. Windows
    of text all have as many tokens, so there the mean over windows is the sum over all tokens divided by their number.

    Attributes:
        ignore_index: Targets that do not count; an example needs one at least that does.
        label_smoothing: Share of the target that is spread evenly over all classes, in [0, 1): as
            `nn.CrossEntropyLoss` takes it.
        class_weights: Factor of each class's losses, not divided out again; empty for 1.
        shift: Whether the outputs at one token are for the next one: for targets that are the windows themselves.
        classes: Which axis has the classes, where there are as many of them as places; None for the one that fits.
        enlarge: Whether maps of scores are enlarged to the targets' height and width, bilinearly: SegFormer and others
            give a quarter of it, and enlarge in their own loss.
    """

    ignore_index: int = NOT_COUNTED
    label_smoothing: float = 0.0
    class_weights: tuple[float, ...] = ()
    shift: bool = False
    classes: ClassAxis | None = None
    enlarge: bool = False

    @classmethod
    def from_options(cls, options: Mapping[str, str]) -> "CrossEntropy":
        """The loss of options as they are written: `ignore_index=0,label_smoothing=0.1,class_weights=1/2/0.5`.

        Args:
            options: Texts by name.

        Returns:
            The loss.

        Raises:
            UnknownNameError: No such option.
            InputError: A value is none of its option's.
        """
        names = [field.name for field in fields(cls)]
        for name in options:
            if name not in names:
                raise UnknownNameError("an option", name, names, "loss cross_entropy")
        try:
            smoothing = float(options.get("label_smoothing", 0))
            weights = tuple(float(text) for text in options.get("class_weights", "").split("/") if text)
            index = int(options.get("ignore_index", NOT_COUNTED))
        except ValueError as error:
            raise InputError(*_unfit(options)) from error
        shift, enlarge, classes = options.get("shift", "false"), options.get("enlarge", "false"), options.get("classes")
        fits = 0 <= smoothing < 1 and all(0 <= weight < float("inf") for weight in weights)
        if not fits or not {shift, enlarge} <= {"true", "false"} or classes not in {None, "first", "last"}:
            raise InputError(*_unfit(options))
        return cls(index, smoothing, weights, shift == "true", classes, enlarge == "true")  # type: ignore[arg-type]

    def __call__(self, outputs: Float[Tensor, "n ..."], targets: Tensor) -> Float[Tensor, " n"]:
        """One loss an example, in the dtype of the logits but never below float32.

        Args:
            outputs: Logits: (n, classes), (n, tokens, classes) or (n, classes, height, width).
            targets: Class numbers: (n,), (n, tokens) or (n, height, width). Or shares of the classes, (n, classes).

        Returns:
            n losses.

        Raises:
            InputError: Targets are no class numbers for these outputs.

        Example:
            >>> cross_entropy(torch.zeros(1, 4), torch.tensor([2])).item() == torch.log(torch.tensor(4.0)).item()
            True
            >>> CrossEntropy(ignore_index=1)(torch.tensor([[[0.0, 0.0], [5.0, 0.0]]]), torch.tensor([[0, 1]])).item()
            0.6931471824645996
        """
        # A loss in bfloat16 would have two or three digits.
        wide = outputs.to(torch.promote_types(outputs.dtype, torch.float32))
        wide, targets = self._aligned(wide, targets)
        axis = class_axis(wide, targets, self.classes)
        if axis is None:
            if wide.ndim == targets.ndim == 2:
                return self._of_rows(wide, targets)
            raise InputError(
                "class numbers for these outputs",
                f"outputs of shape {tuple(outputs.shape)}, targets of shape {tuple(targets.shape)} {targets.dtype}",
                "loss cross_entropy",
                "give one class number for each row, token or pixel of scores",
            )
        if targets.ndim == 1:
            return self._of_rows(wide, targets)
        rows = wide.movedim(axis, -1).flatten(0, -2)
        of_places = self._of_rows(rows, targets.flatten()).view(len(targets), -1)
        ignored = (targets == self.ignore_index).flatten(1)
        if not ignored.any():
            return of_places.mean(dim=1)
        return of_places.sum(dim=1) / (~ignored).sum(dim=1)

    def errors(self, outputs: Tensor, targets: Tensor) -> Bool[Tensor, " n"] | Float[Tensor, " n"] | None:
        """The errors of the examples under this loss; None where targets are no class numbers.

        Args:
            outputs: Scores.
            targets: Class numbers.

        Returns:
            As `class_errors`.
        """
        outputs, targets = self._aligned(outputs, targets)
        if not has_classes(outputs, targets):
            return None
        return class_errors(outputs, targets, self.ignore_index, self.classes)

    def counted(self, targets: Tensor) -> Bool[Tensor, "..."]:
        """Which targets count.

        Args:
            targets: Class numbers.

        Returns:
            Truth values in their shape.
        """
        counts = targets != self.ignore_index
        if self.shift and targets.ndim == 2:
            counts[:, 0] = False  # nothing stands before the first token to predict it from
        return counts

    def enlarged(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Maps of scores in the size of the targets, where that is asked for.

        Args:
            outputs: Scores.
            targets: Class numbers.

        Returns:
            The outputs themselves where they are no maps.
        """
        if not self.enlarge or outputs.ndim != 4 or targets.ndim != 3 or outputs.shape[2:] == targets.shape[1:]:
            return outputs
        return functional.interpolate(outputs, targets.shape[1:], mode="bilinear", align_corners=False)

    def _aligned(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        outputs = self.enlarged(outputs, targets)
        if not self.shift or targets.ndim != 2 or outputs.ndim != 3:
            return outputs, targets
        return outputs[:, :-1], targets[:, 1:]

    def _of_rows(self, rows: Tensor, targets: Tensor) -> Tensor:
        weights = rows.new_tensor(self.class_weights) if self.class_weights else None
        if weights is not None and len(weights) != rows.shape[1]:
            raise InputError(
                f"a weight for each of {rows.shape[1]} classes", f"{len(weights)}", "loss cross_entropy:class_weights",
                "write one number a class: class_weights=1/2/0.5",
            )  # fmt: skip
        # Class weights are not divided out again: a single example has no sum to divide by.
        return functional.cross_entropy(
            rows, targets, weights, ignore_index=self.ignore_index, reduction="none",
            label_smoothing=self.label_smoothing,
        )  # fmt: skip


def class_errors(
    outputs: Float[Tensor, "n ..."], targets: Tensor, ignore_index: int = NOT_COUNTED, classes: ClassAxis | None = None
) -> Bool[Tensor, " n"] | Float[Tensor, " n"]:
    """Whether each example is classified wrongly; a non-finite output counts as wrong.

    Args:
        outputs: Scores: (n, classes), (n, tokens, classes) or (n, classes, height, width).
        targets: Class numbers: (n,), (n, tokens) or (n, height, width).
        ignore_index: Targets that do not count.
        classes: As for `CrossEntropy`.

    Returns:
        n truth values; of tokens and pixels the fraction of those that count and are wrong, in float32.

    Raises:
        InputError: Targets are no class numbers for these outputs.

    Example:
        >>> class_errors(torch.tensor([[0.0, 1.0], [0.0, float("nan")]]), torch.tensor([1, 1]))
        tensor([False,  True])
        >>> class_errors(torch.tensor([[[0.0, 1.0], [0.0, 1.0]]]), torch.tensor([[1, 0]]))
        tensor([0.5000])
        >>> class_errors(torch.tensor([[[0.0, 1.0], [0.0, 1.0]]]), torch.tensor([[1, -100]]))
        tensor([0.])
    """
    axis = class_axis(outputs, targets, classes)
    if axis is None:
        raise InputError(
            "class numbers for these outputs",
            f"outputs of shape {tuple(outputs.shape)}, targets of shape {tuple(targets.shape)} {targets.dtype}",
            "errors",
            "give one class number for each row, token or pixel of scores",
        )
    # argmax takes NaN for the largest and could be right by chance.
    wrong = (outputs.argmax(dim=axis) != targets) | ~outputs.isfinite().all(dim=axis)
    if wrong.ndim == 1:
        return wrong
    counts = (targets != ignore_index).flatten(1)
    return (wrong.flatten(1) & counts).sum(dim=1, dtype=torch.float32) / counts.sum(dim=1)


cross_entropy = CrossEntropy()


def _unfit(options: Mapping[str, str]) -> tuple[str, str, str, str]:
    return (
        "ignore_index=NUMBER, label_smoothing in [0, 1), class_weights=1/2/0.5, shift=true, enlarge=true, "
        "classes=first or last",
        ",".join(f"{name}={value}" for name, value in options.items()),
        "loss cross_entropy",
        "write cross_entropy:ignore_index=0,label_smoothing=0.1",
    )
