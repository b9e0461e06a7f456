"""Losses and errors of single examples."""

import pytest
import torch

from isthmus.errors import InputError
from isthmus.evaluation.losses.example_errors import class_errors, example_errors, label_errors
from isthmus.evaluation.losses.loss import (
    binary_cross_entropy,
    cross_entropy,
    example_losses,
    has_classes,
    loss_named,
    squared_error,
)
from isthmus.evaluation.output import USUAL_OUTPUT


def test_a_mean_over_the_batch_is_refused():
    with pytest.raises(InputError, match="reduction='none'"):
        example_losses(torch.nn.functional.cross_entropy, torch.zeros(3, 2), torch.zeros(3, dtype=torch.long))


@pytest.mark.parametrize(
    ("returned", "got"),
    [
        (torch.zeros(3).numpy(), "numpy.ndarray"),
        (0.5, "float"),
        ([0.0] * 3, "list"),
        (torch.zeros(3, dtype=torch.complex64), "a tensor of torch.complex64"),
        (torch.tensor(0.5), r"shape \(\)"),
        (torch.zeros(3, 1), r"shape \(3, 1\)"),
    ],
)
def test_what_is_no_tensor_of_one_number_an_example_is_refused(returned, got):
    with pytest.raises(InputError, match=rf"got {got}\n +where loss\n +do return per-example losses"):
        example_losses(lambda outputs, targets: returned, torch.zeros(3, 2), torch.zeros(3, dtype=torch.long))


@pytest.mark.parametrize("dtype", [torch.bool, torch.int64, torch.bfloat16, torch.float16])
def test_losses_of_a_narrower_type_are_kept_in_float32(dtype):
    found = example_losses(lambda outputs, targets: torch.tensor([0, 1]).to(dtype), torch.zeros(2, 2), torch.zeros(2))
    assert (found.dtype, found.tolist()) == (torch.float32, [0.0, 1.0])


def test_cross_entropy_of_half_precision_is_computed_in_float32():
    outputs, targets = torch.randn(5, 4).bfloat16(), torch.tensor([0, 1, 2, 3, 0])
    found = cross_entropy(outputs, targets)
    assert found.dtype == torch.float32
    assert torch.equal(found, cross_entropy(outputs.float(), targets))


def test_an_output_that_is_not_finite_counts_as_wrong_also_where_the_class_is_right():
    outputs = torch.tensor([[float("nan"), 0.0], [float("inf"), 0.0], [1.0, 0.0]])
    assert class_errors(outputs, torch.zeros(3, dtype=torch.long)).tolist() == [True, True, False]


def test_a_window_s_loss_is_the_mean_over_its_tokens_and_its_error_the_fraction_of_wrong_ones():
    outputs = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0))
    targets = outputs.argmax(-1)
    targets[1, :2] = (targets[1, :2] + 1) % 4
    of_tokens = torch.stack([cross_entropy(row, target) for row, target in zip(outputs, targets, strict=True)])
    torch.testing.assert_close(cross_entropy(outputs, targets), of_tokens.mean(dim=1))
    squares = torch.stack([squared_error(row, target) for row, target in zip(outputs, targets, strict=True)])
    torch.testing.assert_close(squared_error(outputs, targets), squares.mean(dim=1))
    assert class_errors(outputs, targets).tolist() == pytest.approx([0, 0.4, 0])
    outputs[2, 3, 0] = float("nan")
    assert class_errors(outputs, targets)[2] == pytest.approx(0.2)


def test_errors_are_counted_only_where_there_are_classes():
    assert has_classes(torch.zeros(3, 2), torch.zeros(3, dtype=torch.long))
    assert not has_classes(torch.zeros(3, 2), torch.zeros(3, 2))
    assert has_classes(torch.zeros(3, 4, 2), torch.zeros(3, 4, dtype=torch.long))
    assert has_classes(torch.zeros(3, 2, 4), torch.zeros(3, 4, dtype=torch.long))
    assert not has_classes(torch.zeros(3, 2, 4), torch.zeros(3, 5, dtype=torch.long))
    assert not has_classes(torch.zeros(3, 4, 2), torch.zeros(3, 4))
    assert not has_classes(torch.zeros(3), torch.zeros(3, dtype=torch.long))
    assert not has_classes(torch.zeros(3, 1), torch.zeros(3, dtype=torch.long))


def test_scores_are_found_in_objects_and_mappings():
    scores = torch.zeros(1, 2)

    class Output:
        logits = scores

    assert USUAL_OUTPUT(Output()) is USUAL_OUTPUT({"logits": scores}) is USUAL_OUTPUT(scores) is scores
    with pytest.raises(InputError, match="field 'logits'"):
        USUAL_OUTPUT((scores, scores))


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
    for outputs, targets in (((3, 1), (3,)), ((3,), (3, 1)), ((3, 1, 4), (3, 4))):
        found = squared_error(torch.ones(outputs), torch.zeros(targets))
        assert found.tolist() == [torch.ones(outputs)[0].numel()] * 3
    with pytest.raises(InputError, match=r"outputs' shape \(3, 2\)(.|\n)*shape \(3,\), torch.float32"):
        squared_error(torch.ones(3, 2), torch.zeros(3))
    with pytest.raises(InputError, match="one target for each output"):
        squared_error(torch.ones(3), torch.zeros(3, 3))


def test_whole_numbers_for_one_output_are_numbers_and_no_classes():
    ages = torch.tensor([3, 0])
    assert squared_error(torch.tensor([[1.0], [2.0]]), ages).tolist() == [4.0, 4.0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.int64, torch.uint8, torch.bool])
@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 3), (4, 1, 2, 5)])
def test_the_binary_cross_entropy_is_the_mean_over_the_labels_of_an_example(shape, dtype):
    generator = torch.Generator().manual_seed(0)
    outputs = torch.randn(shape, generator=generator, dtype=torch.float64)
    targets = (torch.rand(shape, generator=generator) > 0.5).to(dtype)
    chosen = torch.where(targets > 0, outputs, -outputs).view(4, -1)
    expected = -(1 / (1 + torch.exp(-chosen))).log().mean(dim=1)
    torch.testing.assert_close(binary_cross_entropy(outputs, targets), expected, rtol=1e-12, atol=0)
    wrong = (chosen <= 0).view(4, -1).double().mean(dim=1)
    torch.testing.assert_close(label_errors(outputs, targets).double(), wrong, rtol=0, atol=1e-7)


def test_a_label_of_a_logit_that_is_not_finite_is_wrong_and_zero_says_no():
    nan, inf = float("nan"), float("inf")
    outputs = torch.tensor([[nan], [inf], [-inf], [0.0], [0.0]])
    assert label_errors(outputs, torch.tensor([1, 1, 0, 1, 0])).tolist() == [True, True, True, True, False]
    assert label_errors(torch.tensor([[nan, 1.0, -1.0, 1.0]]), torch.ones(1, 4)).tolist() == [0.5]


def test_the_loss_says_whether_whole_numbers_are_classes_or_labels():
    outputs, targets = torch.tensor([[3.0, -1.0], [3.0, 1.0]]), torch.tensor([[1, 0], [0, 0]])
    assert example_errors(binary_cross_entropy, outputs, targets).tolist() == [0.0, 1.0]
    assert example_errors(squared_error, outputs, targets) is None
    assert example_errors(cross_entropy, outputs, torch.tensor([0, 1])).tolist() == [False, True]
    assert example_errors(binary_cross_entropy, outputs[:, :1], torch.tensor([1, 0])).tolist() == [False, True]
