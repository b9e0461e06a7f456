"""Targets that a loss would make numbers without meaning of are refused, with the loss that fits."""

import pytest
import torch

from isthmus.data.examples import Examples
from isthmus.errors import InputError
from isthmus.evaluation.losses.fitting_targets import (
    errors_are_defined,
    refuse_targets_out_of_range,
    refuse_unfit_targets,
)
from isthmus.evaluation.losses.loss import LOSSES, cross_entropy

FLOATS = torch.linspace(0, 1, 20)
LABELS = torch.tensor([0, 1] * 10)
SQUARED, BINARY, CLASSES, OWN = "squared_error", "binary_cross_entropy", "cross_entropy", "file.py:function"


def judged(loss, outputs, targets):
    """Outputs of the first eight of twenty examples, as at the door."""
    examples = Examples(torch.zeros(20, 2), targets, "mine", "data")
    refuse_unfit_targets(LOSSES.get(loss, loss), torch.zeros(8, *outputs), examples)


@pytest.mark.parametrize(
    ("loss", "outputs", "targets"),
    [
        ("cross_entropy", (3,), LABELS),
        ("cross_entropy", (3,), LABELS.to(torch.uint16)),
        ("cross_entropy", (3,), torch.full((20, 3), 1 / 3)),
        ("cross_entropy", (3,), torch.full((20, 3), 1 / 3, dtype=torch.bfloat16)),
        ("cross_entropy", (4, 3), LABELS[:, None].expand(20, 4)),
        ("cross_entropy", (3, 4, 4), torch.zeros(20, 4, 4).long()),
        ("absolute_error", (2, 3), torch.zeros(20, 2, 3)),
        ("squared_error", (), FLOATS),
        ("squared_error", (1,), FLOATS),
        ("squared_error", (1,), torch.arange(20)),
        ("squared_error", (2, 3), torch.zeros(20, 2, 3)),
        ("squared_error", (3,), LABELS),
        ("binary_cross_entropy", (), LABELS),
        ("binary_cross_entropy", (1,), LABELS.float()),
        ("binary_cross_entropy", (1,), LABELS.bool()[:, None]),
        ("binary_cross_entropy", (3,), LABELS[:, None].expand(20, 3)),
        ("binary_cross_entropy", (1, 4, 4), torch.zeros(20, 4, 4)),
    ],
)
def test_targets_that_a_loss_is_made_for_pass(loss, outputs, targets):
    judged(loss, outputs, targets)


@pytest.mark.parametrize(
    ("loss", "outputs", "targets", "named"),
    [
        ("cross_entropy", (1,), FLOATS, [SQUARED, BINARY, OWN]),
        ("cross_entropy", (1,), FLOATS[:, None], [SQUARED, BINARY, OWN]),
        ("cross_entropy", (), FLOATS, [SQUARED, BINARY, OWN]),
        ("cross_entropy", (1,), torch.zeros(20, dtype=torch.long), [BINARY, SQUARED, OWN]),
        ("cross_entropy", (1,), LABELS, [BINARY, SQUARED, OWN]),
        ("cross_entropy", (1,), LABELS[:, None].float(), [BINARY, SQUARED, OWN]),
        ("cross_entropy", (3,), torch.ones(20, 3), [BINARY, SQUARED, OWN]),
        ("cross_entropy", (3,), torch.ones(20, 3).long(), [BINARY, SQUARED, OWN]),
        ("cross_entropy", (3,), torch.tensor([2.0, -0.5, -0.5]).expand(20, 3), [SQUARED, BINARY, OWN]),
        ("cross_entropy", (3,), LABELS.float(), ["as whole numbers, targets.long()", BINARY, SQUARED, OWN]),
        ("cross_entropy", (3,), LABELS[:, None], ["in shape (n,), targets[:, 0]; or", BINARY, SQUARED, OWN]),
        ("cross_entropy", (3, 4, 4), torch.zeros(20, 4, 4), [SQUARED, BINARY, OWN]),
        ("squared_error", (3,), FLOATS, ["give a target for each output", CLASSES, BINARY, OWN]),
        ("binary_cross_entropy", (3,), LABELS, [CLASSES, SQUARED, OWN]),
        ("binary_cross_entropy", (1,), FLOATS, ["0.0526316 in row 1 (18 such rows)", SQUARED, OWN]),
        ("binary_cross_entropy", (1,), 2 * LABELS - 1, ["-1 in row 0 (10 such rows)", SQUARED, OWN]),
    ],
)
def test_others_are_refused_with_the_loss_that_fits_first(loss, outputs, targets, named):
    with pytest.raises(InputError) as caught:
        judged(loss, outputs, targets)
    message = str(caught.value)
    assert f"targets that {loss} takes" in message
    places = [message.index(name, 0 if "row" in name else message.index("do ")) for name in named]
    assert places == sorted(places)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_target_that_is_not_finite_is_refused_with_its_row(loss, value):
    targets = LABELS.float()[:, None].clone()
    targets[13:15] = value
    with pytest.raises(InputError, match=r"NaN or infinity in row 13 \(2 such rows\)"):
        judged(loss, (1,), targets)


def test_a_loss_of_the_users_is_not_judged():
    judged(lambda outputs, targets: outputs, (3,), FLOATS)


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.uint16, torch.uint64, torch.int16])
def test_class_numbers_that_no_output_stands_for_are_refused_with_their_row(dtype):
    with pytest.raises(InputError, match=r"10 in row 1 \(1 such rows\)(.|\n)*a model with more classes"):
        refuse_targets_out_of_range(cross_entropy, torch.zeros(2, 10), torch.tensor([9, 10]).to(dtype), "mine")
    with pytest.raises(InputError, match=r"7 in row 1 \(2 such rows\)"):
        refuse_targets_out_of_range(
            cross_entropy, torch.zeros(3, 2, 5), torch.tensor([[0, 4], [7, 9], [8, 0]]).to(dtype), "mine"
        )


def test_the_message_for_ignored_classes_says_how_to_ignore_them():
    with pytest.raises(InputError, match=r"-1 in row 0(.|\n)*cross_entropy:ignore_index=-1; or leave these examples"):
        refuse_targets_out_of_range(cross_entropy, torch.zeros(2, 10), torch.tensor([-1, 3]), "mine")


def test_errors_under_the_users_loss_are_defined_where_every_class_has_an_output():
    def own(outputs, targets):
        return outputs[:, 0]

    def defined(loss, targets):
        examples = Examples(torch.zeros(len(targets), 2), targets, "mine", "data")
        return errors_are_defined(loss, torch.zeros(2, 3), examples)

    assert defined(own, torch.tensor([0, 2, 1]))
    assert not defined(own, torch.tensor([0, 2, -100]))
    assert defined(cross_entropy, torch.tensor([0, 2, -100]))
