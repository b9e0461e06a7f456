"""Losses and errors of single examples."""

import pytest
import torch

from isthmus.errors import InputError
from isthmus.evaluation.loss import (
    cross_entropy,
    example_errors,
    example_losses,
    has_classes,
    loss_named,
    output_tensor,
    refuse_targets_out_of_range,
    squared_error,
)


def test_a_mean_over_the_batch_is_refused():
    with pytest.raises(InputError, match="reduction='none'"):
        example_losses(torch.nn.functional.cross_entropy, torch.zeros(3, 2), torch.zeros(3, dtype=torch.long))


def test_cross_entropy_of_half_precision_is_computed_in_float32():
    outputs, targets = torch.randn(5, 4).bfloat16(), torch.tensor([0, 1, 2, 3, 0])
    found = cross_entropy(outputs, targets)
    assert found.dtype == torch.float32
    assert torch.equal(found, cross_entropy(outputs.float(), targets))


def test_an_output_that_is_not_finite_counts_as_wrong_also_where_the_class_is_right():
    outputs = torch.tensor([[float("nan"), 0.0], [float("inf"), 0.0], [1.0, 0.0]])
    assert example_errors(outputs, torch.zeros(3, dtype=torch.long)).tolist() == [True, True, False]


def test_a_window_s_loss_is_the_mean_over_its_tokens_and_its_error_the_fraction_of_wrong_ones():
    outputs = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0))
    targets = outputs.argmax(-1)
    targets[1, :2] = (targets[1, :2] + 1) % 4
    of_tokens = torch.stack([cross_entropy(row, target) for row, target in zip(outputs, targets, strict=True)])
    torch.testing.assert_close(cross_entropy(outputs, targets), of_tokens.mean(dim=1))
    squares = torch.stack([squared_error(row, target) for row, target in zip(outputs, targets, strict=True)])
    torch.testing.assert_close(squared_error(outputs, targets), squares.mean(dim=1))
    assert example_errors(outputs, targets).tolist() == pytest.approx([0, 0.4, 0])
    outputs[2, 3, 0] = float("nan")
    assert example_errors(outputs, targets)[2] == pytest.approx(0.2)


def test_targets_that_no_output_stands_for_are_refused_with_their_row():
    with pytest.raises(InputError, match=r"10 in row 1 \(1 such rows\)"):
        refuse_targets_out_of_range(torch.zeros(2, 10), torch.tensor([9, 10]), "mine")
    with pytest.raises(InputError, match="-1 in row 0"):
        refuse_targets_out_of_range(torch.zeros(2, 10), torch.tensor([-1, 3]), "mine")
    with pytest.raises(InputError, match=r"7 in row 1 \(2 such rows\)"):
        refuse_targets_out_of_range(torch.zeros(3, 2, 5), torch.tensor([[0, 4], [7, 9], [8, 0]]), "mine")


def test_errors_are_counted_only_where_there_are_classes():
    assert has_classes(torch.zeros(3, 2), torch.zeros(3, dtype=torch.long))
    assert not has_classes(torch.zeros(3, 2), torch.zeros(3, 2))
    assert has_classes(torch.zeros(3, 4, 2), torch.zeros(3, 4, dtype=torch.long))
    assert not has_classes(torch.zeros(3, 2, 4), torch.zeros(3, 4, dtype=torch.long))
    assert not has_classes(torch.zeros(3, 4, 2), torch.zeros(3, 4))
    assert not has_classes(torch.zeros(3), torch.zeros(3, dtype=torch.long))


def test_scores_are_found_in_objects_and_mappings():
    scores = torch.zeros(1, 2)

    class Output:
        logits = scores

    assert output_tensor(Output()) is output_tensor({"logits": scores}) is output_tensor(scores) is scores
    with pytest.raises(InputError, match="field 'logits'"):
        output_tensor((scores, scores))


def test_an_unknown_loss_is_refused():
    with pytest.raises(InputError, match="Did you mean 'cross_entropy'"):
        loss_named("crossentropy")


def test_the_squared_error_sums_over_outputs_and_takes_class_numbers_as_one_hot_vectors():
    outputs = torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    one_hot = torch.tensor([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    assert squared_error(outputs, one_hot).tolist() == [1 + 4 + 4, 1 + 0 + 1]
    for dtype in (torch.int64, torch.uint8):
        assert squared_error(outputs, torch.tensor([2, 0], dtype=dtype)).tolist() == [9.0, 2.0]
    assert squared_error(outputs, one_hot).dtype == torch.float64
    assert squared_error(outputs.bfloat16(), one_hot).dtype == torch.float32


def test_the_squared_error_takes_outputs_of_any_shape_and_never_broadcasts():
    assert squared_error(torch.ones(3), torch.zeros(3)).tolist() == [1.0] * 3
    assert squared_error(torch.ones(2, 3, 4), torch.zeros(2, 3, 4)).tolist() == [12.0] * 2
    with pytest.raises(InputError, match=r"outputs' shape \(3, 1\)(.|\n)*shape \(3,\), torch.float32"):
        squared_error(torch.ones(3, 1), torch.zeros(3))
    with pytest.raises(InputError, match="one target for each output"):
        squared_error(torch.ones(3), torch.zeros(3, 1))
