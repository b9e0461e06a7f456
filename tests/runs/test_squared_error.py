"""Measuring under the squared error: it is the targets that decide whether there are errors."""

import pytest
import torch
from cases import CASES

import isthmus
from isthmus.report.values import values_shown
from isthmus.results.units import loss_unit

LINEAR = next(case for case in CASES if case.name == "deep_linear")


def measured(targets, loss="squared_error", **options):
    inputs, _ = LINEAR.data(8)
    return isthmus.measure(LINEAR.build, LINEAR.weights(0), LINEAR.weights(1), (inputs, targets), loss=loss, **options)


def test_class_numbers_have_errors_and_classes_and_the_losses_of_one_hot_targets():
    _, classes = LINEAR.data(8)
    numbers, vectors = measured(classes), measured(torch.nn.functional.one_hot(classes, 10).float())
    assert (numbers.loss == vectors.loss).all()
    assert numbers.error_rate.equals(measured(classes, loss="cross_entropy").error_rate)
    assert isthmus.is_layerwise_connected(numbers, 1.0) == "connected"
    assert "label" in isthmus.class_barriers(numbers).dims
    assert values_shown(numbers) == ["loss_barrier", "error_barrier"]


def test_float_targets_have_neither_errors_nor_classes():
    result = measured(torch.randn((8, 10), generator=torch.Generator().manual_seed(0)))
    assert not [name for name in result if "error" in str(name)]
    assert values_shown(result) == ["loss_barrier"]
    assert loss_unit(result) == "unit of squared_error"
    with pytest.raises(isthmus.InputError, match="no errors"):
        isthmus.is_layerwise_connected(result)
    with pytest.raises(isthmus.InputError, match="data with class numbers"):
        isthmus.class_barriers(result)


def test_targets_of_another_shape_are_refused_before_measuring():
    with pytest.raises(
        isthmus.InputError, match=r"squared_error takes(.|\n)*got \(8,\) float32 for outputs of shape \(n, 10\)"
    ):
        measured(torch.zeros(8))
