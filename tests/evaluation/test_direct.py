"""The direct engine against an evaluation written out by hand."""

import numpy as np
import pytest
import torch
from cases import CASES
from torch import nn
from torch.nn import functional

from isthmus.data.examples import Examples
from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.direct import DirectEngine
from isthmus.evaluation.losses.loss import cross_entropy
from isthmus.evaluation.network import Network
from isthmus.evaluation.output import USUAL_OUTPUT
from isthmus.layers.rules import layer_partition
from isthmus.paths.linear import Segment
from isthmus.weights.state import entry_kinds

CPU = torch.device("cpu")


def engine_of(case, batch_size=4, dtype=torch.float32, model=None):
    model = model or case.build()
    a, b = case.weights(0), case.weights(1)
    segment = Segment.between(a, b, layer_partition("module", model), entry_kinds(model))
    return DirectEngine(Network.from_model(model, cross_entropy, CPU, dtype), segment, BatchSize(batch_size))


def examples_of(case, n=12):
    inputs, targets = case.data(n)
    return Examples(inputs, targets, "random", "data")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_losses_and_errors_are_those_of_the_model_with_the_blend_loaded(case):
    engine, examples = engine_of(case, batch_size=12), examples_of(case)
    labels = tuple(engine.segment.layers)
    points = [engine.segment.point("a", labels[:2], 0.5), engine.segment.point("b", labels, 0.25)]
    for number, block in enumerate(engine.blocks(points, examples, set())):
        model = case.build()
        model.load_state_dict(engine.segment.weights(points[number]))
        with torch.no_grad():
            outputs = USUAL_OUTPUT(model.eval()(examples.inputs))
        expected = functional.cross_entropy(outputs, examples.targets, reduction="none")
        assert block.points == (number,)
        np.testing.assert_array_equal(block.loss[0], expected.numpy())
        np.testing.assert_array_equal(block.error[0], (outputs.argmax(1) != examples.targets).numpy())


@pytest.mark.parametrize("batch_size", [1, 5, 12, 100])
def test_the_batch_size_changes_no_value_beyond_rounding(batch_size):
    case = CASES[3]
    engine = engine_of(case, batch_size)
    point = engine.segment.point("a", tuple(engine.segment.layers), 0.5)
    (block,) = engine.blocks([point], examples_of(case), set())
    (whole,) = engine_of(case, 12).blocks([point], examples_of(case), set())
    np.testing.assert_allclose(block.loss, whole.loss, rtol=1e-5)


def test_the_order_of_the_examples_permutes_the_results_and_changes_none():
    case = CASES[3]
    examples, order = examples_of(case), torch.randperm(12, generator=torch.Generator().manual_seed(0))
    engine = engine_of(case, batch_size=1)
    point = engine.segment.point("a", ("fc",), 0.5)
    (block,) = engine.blocks([point], examples, set())
    (other,) = engine.blocks([point], examples.take(order), set())
    np.testing.assert_array_equal(block.loss[:, order], other.loss)


def test_units_that_are_done_are_not_computed_again():
    engine = engine_of(CASES[0])
    points = [engine.segment.point("a", (), 0.0), engine.segment.point("b", (), 0.0)]
    assert [block.points for block in engine.blocks(points, examples_of(CASES[0]), {(0, 0)})] == [(1,)]


class Crowded(nn.Module):
    """Runs out of memory above two examples: a fault that cannot be caused otherwise on a large machine."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(12, 10)

    def forward(self, x):
        if len(x) > 2:
            raise torch.OutOfMemoryError("out of memory")
        return self.fc(x)


def test_out_of_memory_halves_the_batch_and_goes_on():
    case = CASES[0]
    weights = [{"fc.weight": torch.randn(10, 12), "fc.bias": torch.randn(10)} for _ in range(2)]
    model = Crowded()
    segment = Segment.between(*weights, layer_partition("module", model), entry_kinds(model))
    batch_size = BatchSize(9)
    engine = DirectEngine(Network.from_model(model, cross_entropy, CPU, torch.float32), segment, batch_size)
    (block,) = engine.blocks([segment.point("a", (), 0.0)], examples_of(case), set())
    assert block.loss.shape == (1, 12)
    assert (batch_size.size, batch_size.halvings) == (2, 2)


def test_memory_that_does_not_even_hold_one_example_is_an_error():
    size = BatchSize(2)

    def work(_):
        raise torch.OutOfMemoryError("out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        size.attempt(work)
    with pytest.raises(RuntimeError, match="another"):
        BatchSize(4).attempt(lambda _: (_ for _ in ()).throw(RuntimeError("another failure")))


def test_the_users_model_keeps_mode_weights_and_dtype():
    case = CASES[2]
    model = case.build().train()
    model.layer1.eval()
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    engine = engine_of(case, dtype=torch.float64, model=model)
    list(engine.blocks([engine.segment.point("a", (), 0.0)], examples_of(case), set()))
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(before[key], tensor) for key, tensor in model.state_dict().items())
    assert model.conv1.weight.dtype == torch.float32
    assert model.conv1.weight.requires_grad


def test_dropout_is_off_though_the_model_was_left_in_training_mode():
    case = CASES[5]
    engine = engine_of(case, model=case.build().train())
    point = engine.segment.point("a", (), 0.0)
    first, again = (next(iter(engine.blocks([point], examples_of(case), set()))) for _ in range(2))
    np.testing.assert_array_equal(first.loss, again.loss)
