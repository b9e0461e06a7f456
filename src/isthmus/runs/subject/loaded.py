"""The first step: loads everything that was named, and checks that it fits together."""

from dataclasses import dataclass

from isthmus.data.examples import Examples
from isthmus.data.load import load_examples, load_splits
from isthmus.errors import InputError
from isthmus.evaluation.arithmetic.device import device_named
from isthmus.runs.request.inputs import (
    NamedLoss,
    NamedModel,
    NamedWeights,
    fitted_weights,
    named_loss,
    named_model,
    own_tokenizer,
    read_pair,
)
from isthmus.runs.request.request import Request
from isthmus.runs.subject.cautions import refuse_integer_parameters
from isthmus.runs.subject.fitted_examples import fitted_examples
from isthmus.trees import shape_of_example


@dataclass(frozen=True)
class Loaded:
    """What was asked, in memory; nothing has run yet.

    Attributes:
        model: The user's model.
        loss: The loss.
        error: What counts as wrong, where the user says it.
        a: Network a as it was given.
        b: Network b.
        splits: Split -> examples, on the device.
        recalibration: Data for BatchNorm policy `recalibrate`.
    """

    model: NamedModel
    loss: NamedLoss
    error: NamedLoss | None
    a: NamedWeights
    b: NamedWeights
    splits: dict[str, Examples]
    recalibration: Examples | None

    @classmethod
    def of(cls, request: Request) -> "Loaded":
        """Load what a request names.

        Args:
            request: What was asked.

        Returns:
            All of it.

        Raises:
            InputError: Something is not there or damaged, the weights are not the model's, integers differ between the
                networks, or the splits have examples of several shapes or
                nothing that the model takes.
        """
        device, loss = device_named(request.settings.device), named_loss(request.loss)
        error = None if request.error is None else named_loss(request.error)
        read_a, read_b = read_pair(request.a, request.b)
        model = named_model(request.model, read_a[0])
        a, b = (fitted_weights(*read, model.module) for read in (read_a, read_b))
        refuse_integer_parameters(model.module, a, b)
        root, tokenizer = request.data_root, own_tokenizer(request.model)
        loaded = load_splits(request.data, data_root=root, tokenizer=tokenizer)
        splits = {name: fitted_examples(split, model.module).to(device) for name, split in loaded.items()}
        recalibration = None
        if request.recalibration_data is not None:
            given = load_examples(request.recalibration_data, data_root=root, tokenizer=tokenizer)
            recalibration = fitted_examples(given, model.module).to(device)
        _refuse_other_shapes(splits)
        return cls(model, loss, error, a, b, splits, recalibration)


def _refuse_other_shapes(splits: dict[str, Examples]) -> None:
    (first, example), *others = splits.items()
    for name, split in others:
        if shape_of_example(split.inputs) != shape_of_example(example.inputs):
            raise InputError(
                f"examples of one shape in all splits: {shape_of_example(example.inputs)} as in {first}",
                f"{shape_of_example(split.inputs)} in {name}",
                "--data",
                "measure them one after the other, or bring them to one length: of texts write :length=64 with each",
            )
