"""Arithmetic other than plain float32: memory format, reduced precision, compiled stages."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from pairs_of_networks import CPU, Pair
from torch import nn
from torch._dynamo.utils import counters

from isthmus.errors import InputError
from isthmus.evaluation.arithmetic.layout import convolution_keys, lay_out
from isthmus.evaluation.arithmetic.reduced import float32_products, reduction_checks
from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.engines import engine_of
from isthmus.evaluation.stages import compiling
from isthmus.evaluation.stages.compiling import compiled_network
from isthmus.models.load import load_model
from isthmus.runs.request.settings import settings_of


class FlattensByView(nn.Module):
    """Takes for granted that the values of a convolution lie channels first."""

    def __init__(self):
        super().__init__()
        self.conv, self.out = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(256, 4)

    def forward(self, x):
        return self.out(self.conv(x).view(len(x), -1))


def images(number=6, channels=3):
    return torch.randn(number, channels, 8, 8, generator=torch.Generator().manual_seed(0))


def network(spec="resnet18_no_norm:width=4", dtype=torch.float32, number=6):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = load_model(spec)
        return model, Pair.of(model, images(number), dtype=dtype)


def moved(pair):
    """The pair in the memory format that a measurement would choose, and its check."""
    first, second, checks = lay_out(pair.network, pair.segment.first, pair.segment.second, pair.examples)
    segment = pair.segment
    layout = type(segment)(first, second, segment.position_a, segment.layers, segment.kinds)
    return Pair(pair.network, layout, pair.examples), checks


def is_channels_last(tensor):
    last = tensor.is_contiguous(memory_format=torch.channels_last)
    return last and not tensor.is_contiguous()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_convolutions_run_channels_last_and_a_blend_has_the_format_of_its_ends(dtype):
    pair, (check,) = moved(network(dtype=dtype)[1])
    assert check.passed
    assert check.check == "convolutions run channels last, with the same outputs"
    ends, blend = pair.segment.first, pair.segment.weights(pair.segment.point("a", tuple(pair.segment.layers), 0.3))
    assert sum(is_channels_last(tensor) for tensor in ends.values()) == 17  # all but three of 1 x 1 and the linear one
    assert {key: t.stride() for key, t in blend.items()} == {key: t.stride() for key, t in ends.items()}
    module = dict(pair.network.module.named_parameters())
    assert {key: t.stride() for key, t in module.items()} == {key: t.stride() for key, t in ends.items()}


def test_a_convolution_of_one_channel_keeps_its_format_since_a_blend_could_take_another():
    with torch.random.fork_rng(devices=[]):
        pair, _ = moved(Pair.of(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(72, 4)), images(channels=1)))
    blend = pair.segment.weights(pair.segment.point("a", tuple(pair.segment.layers), 0.3))
    assert {k: t.stride() for k, t in blend.items()} == {k: t.stride() for k, t in pair.segment.first.items()}


def test_both_engines_agree_to_the_bit_channels_last_and_with_channels_first_within_rounding():
    plain = network()[1]
    points = plain.points(("single",), alphas=(0.5,))
    before = plain.direct(points)[0]
    pair, _ = moved(plain)
    direct, shared = pair.direct(points)[0], pair.shared(points)[0]
    np.testing.assert_array_equal(direct, shared)
    np.testing.assert_allclose(direct, before, rtol=1e-4, atol=1e-5)


def test_a_network_whose_code_needs_channels_first_keeps_them():
    with torch.random.fork_rng(devices=[]):
        pair, (check,) = moved(Pair.of(FlattensByView(), images()))
    assert check.check == "convolutions run in the order of the model, not channels last"
    assert "view size is not compatible" in check.detail
    assert not any(is_channels_last(tensor) for tensor in pair.segment.first.values() if tensor.ndim == 4)


@pytest.mark.parametrize(("case", "dtype"), [("float64", torch.float64), ("rows", torch.float32)])
def test_the_rule_leaves_other_types_and_inputs_alone(case, dtype):
    with torch.random.fork_rng(devices=[]):
        model, inputs = (nn.Conv2d(3, 4, 8), images()) if case == "float64" else (nn.Linear(5, 4), torch.randn(6, 5))
        pair = Pair.of(model, inputs, dtype=dtype)
    assert lay_out(pair.network, pair.segment.first, pair.segment.second, pair.examples)[2] == []


def test_convolutions_are_found_by_type_and_not_by_name():
    model = nn.ModuleDict({"conv": nn.Linear(2, 2), "other": nn.Conv2d(1, 1, 1), "up": nn.ConvTranspose2d(1, 1, 1)})
    assert convolution_keys(model) == {"other.weight", "up.weight"}


def small_network():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.Linear(5, 4)
        return model, Pair.of(model, torch.randn(6, 5), dtype=torch.bfloat16)


def test_bfloat16_states_how_far_its_losses_are_from_float32():
    model, pair = small_network()
    segment, full = pair.segment, type(pair.network).from_model(model, pair.network.loss, CPU, torch.float32)
    points = [segment.point("a", tuple(segment.layers), alpha) for alpha in (0.0, 1.0, 0.5)]
    exact = Pair(full, segment, pair.examples).direct(points, 6)[0].astype(np.float64)
    difference = pair.direct(points, 6)[0] - exact
    of_mean, of_example = np.abs(difference.mean(axis=1)).max(), np.abs(difference).max()
    assert of_example > of_mean > 0
    (check,) = reduction_checks("bfloat16", pair.network, model, segment, pair.examples)
    assert check.passed == bool((np.abs(difference.mean(axis=1)) <= 0.01 * exact.mean(axis=1).clip(min=1)).all())
    assert check.detail == (
        "a, b and their midpoint on 6 examples: "
        f"largest difference of a mean loss {of_mean:.2g}, of an example's loss {of_example:.2g}"
    )


def test_a_reduction_that_changes_a_mean_loss_by_more_than_a_hundredth_fails_its_check():
    model, pair = small_network()
    loss = pair.network.loss
    doubled = replace(pair.network, loss=lambda o, t: loss(o, t) * (1 + (o.dtype == torch.bfloat16)))
    (check,) = reduction_checks("bfloat16", doubled, model, pair.segment, pair.examples)
    assert not check.passed


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_full_precision_needs_no_such_check(dtype):
    model, pair = network()
    assert reduction_checks(dtype, pair.network, model, pair.segment, pair.examples) == []


def test_tf32_on_a_processor_is_float32_and_says_so_and_changes_no_setting():
    model, pair = network()
    (check,) = reduction_checks("tf32", pair.network, model, pair.segment, pair.examples)
    assert check.detail == "a processor has no TF32: everything is computed in float32"
    before = torch.get_float32_matmul_precision()
    with float32_products("tf32", CPU):
        assert torch.get_float32_matmul_precision() == before


@pytest.mark.parametrize(("dtype", "inside"), [("tf32", ("high", True)), ("float32", ("highest", False))])
def test_on_an_accelerator_products_are_full_unless_tf32_is_asked_for_and_the_setting_is_put_back(dtype, inside):
    def settings():
        return torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32

    before = settings()
    with float32_products(dtype, torch.device("cuda")):
        assert settings() == inside
    assert settings() == before


def test_stages_are_compiled_once_whatever_points_follow_and_not_for_every_batch_size():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 4))
        pair = Pair.of(model, torch.randn(8, 5))
    size = BatchSize(4)
    plain = pair.staged()
    torch._dynamo.reset()
    counters.clear()
    compiled, note = compiled_network(plain, pair.network, pair.segment, pair.examples, size)
    assert note.startswith("compiled, which changes outputs by at most ")
    graphs = counters["stats"]["unique_graphs"]
    assert graphs == len(plain.stages)
    points = pair.points(("single", "pairs"), alphas=(0.1, 0.5, 0.9))
    found, expected = pair.shared(points, compiled)[0], pair.direct(points)[0]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert counters["stats"]["unique_graphs"] == graphs
    for batch_size in (3, 5, 7):  # and a last batch of 2, of 3, of 1
        pair.shared(points, compiled, batch_size)
    assert counters["stats"]["unique_graphs"] == 3 * graphs  # the first size, all others, and one example alone


def test_what_was_compiled_before_decides_nothing(monkeypatch):
    given = []
    monkeypatch.setattr(compiling.torch, "compile", lambda function, **_: given.append(function) or function)
    with torch.random.fork_rng(devices=[]):
        pair = Pair.of(nn.Linear(5, 4), torch.randn(6, 5))
    for _ in range(2):
        compiled_network(pair.staged(), pair.network, pair.segment, pair.examples, BatchSize(4))
    first, second = (type(function).forward.__code__ for function in given)
    assert first is not second  # by which the compiler remembers sizes


def test_stages_that_cannot_be_compiled_stay_as_they_are_and_the_note_says_why(monkeypatch):
    def broken(function, **_):
        def fails(*_):
            raise RuntimeError("no compiler found")

        return fails

    monkeypatch.setattr(compiling.torch, "compile", broken)
    with torch.random.fork_rng(devices=[]):
        pair = Pair.of(nn.Linear(5, 4), torch.randn(6, 5))
    chosen = engine_of("shared", pair.network, pair.segment, pair.examples, BatchSize(4), None, compiled=True)
    assert chosen.note.endswith("; not compiled: RuntimeError: no compiler found")
    assert len(list(chosen.engine.blocks(pair.points(("single",)), pair.examples, set()))) == 2


def test_stages_that_compute_something_else_when_compiled_stay_as_they_are(monkeypatch):
    monkeypatch.setattr(compiling.torch, "compile", lambda function, **_: lambda *a: [t * 1.5 for t in function(*a)])
    with torch.random.fork_rng(devices=[]):
        pair = Pair.of(nn.Linear(5, 4), torch.randn(6, 5))
    staged, note = compiled_network(pair.staged(), pair.network, pair.segment, pair.examples, BatchSize(4))
    assert note.startswith("not compiled: outputs differ by 0.5 ")
    assert staged.stages[0].function is not None


@pytest.mark.parametrize("other", [{"engine": "direct"}, {"batch_norm": "recalibrate"}])
def test_compile_without_stages_is_refused(other):
    with pytest.raises(InputError, match="stages to compile: the shared engine") as raised:
        settings_of(compile=True, **other)
    assert "--compile (compile= in Python)" in str(raised.value)
