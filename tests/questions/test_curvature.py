"""Slopes, curvatures and traces, against finite differences and the whole Hessian of small networks."""

import numpy as np
import pytest
import torch
from pairs_of_networks import CPU, Pair
from torch import nn
from torch.nn import functional

from isthmus.data.examples import Examples
from isthmus.errors import InputError
from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.losses.loss import cross_entropy
from isthmus.evaluation.network import Network
from isthmus.questions.curvature.check import curvature_check
from isthmus.questions.curvature.derivatives import directional_derivatives
from isthmus.questions.curvature.trace import hessian_traces
from isthmus.weights.state import Kind, tensors_of, tied_keys


class Tied(nn.Module):
    """One matrix, read at both ends under two keys."""

    def __init__(self):
        super().__init__()
        self.embedding, self.middle, self.head = nn.Embedding(7, 5), nn.Linear(5, 5), nn.Linear(5, 7, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, tokens):
        return self.head(self.middle(self.embedding(tokens)).tanh().mean(1))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.joint, self.fc = nn.Linear(6, 18), nn.Linear(6, 4)

    def forward(self, x):
        q, k, v = self.joint(x).reshape(len(x), 1, 3, 18).chunk(3, dim=-1)
        return self.fc(functional.scaled_dot_product_attention(q, k, v).mean((1, 2)))


class Smooth(nn.Module):
    """Three layers, one of them never used."""

    def __init__(self):
        super().__init__()
        self.first, self.last, self.idle = nn.Linear(4, 3), nn.Linear(3, 4), nn.Linear(2, 2)

    def forward(self, x):
        return self.last(self.first(x).tanh())


def pair_of(model, inputs):
    return Pair.of(model, inputs, dtype=torch.float64)


def tokens(n):
    return torch.randint(0, 7, (n, 5))


CASES = {Smooth: lambda n: torch.randn(n, 4), Tied: tokens, Attention: lambda n: torch.randn(n, 3, 6)}


def ends(pair, label):
    """Weights of the first network, and the direction to the second in one layer (in all of them for None)."""
    host = pair.segment.weights(pair.segment.point("a", (), 0.0))
    donor = pair.segment.weights(pair.segment.point("b", (), 0.0))
    keys = [k for name in pair.segment.layers for k in pair.segment.layers[name] if label in {None, name}]
    parameters = [k for k in keys if pair.segment.kinds[k] is Kind.PARAMETER]
    return {k: t.double() for k, t in host.items()}, {k: (donor[k] - host[k]).double() for k in parameters}


def loss_along(pair, weights, direction, t):
    moved = weights | {key: weights[key] + t * step for key, step in direction.items()}
    inputs, targets = pair.examples.batch(0, len(pair.examples), CPU, torch.float64)
    return pair.network.result(moved, inputs, targets).loss.mean().item()


@pytest.mark.parametrize("model", CASES, ids=lambda model: model.__name__)
def test_slope_and_curvature_are_those_of_finite_differences(model):
    torch.manual_seed(1)
    pair = pair_of(model(), CASES[model](6))
    for label in (None, *pair.segment.layers):
        weights, direction = ends(pair, label)
        (found,) = directional_derivatives(pair.network, weights, [direction], pair.examples, BatchSize(4))
        up, here, down = (loss_along(pair, weights, direction, t) for t in (1e-4, 0.0, -1e-4))
        assert found.slope == pytest.approx((up - down) / 2e-4, rel=1e-6, abs=1e-9)
        assert found.curvature == pytest.approx((up - 2 * here + down) / 1e-8, rel=1e-5, abs=2e-7)


def test_a_tied_parameter_counts_once():
    torch.manual_seed(2)
    pair = pair_of(Tied(), tokens(6))
    weights, both = ends(pair, "embedding")
    assert set(both) == {"embedding.weight", "head.weight"}
    one = {"embedding.weight": both["embedding.weight"]}
    found = directional_derivatives(pair.network, weights, [both, one], pair.examples, BatchSize(6))
    assert found[0] == found[1]
    assert found[0].slope != 0


def test_batch_size_and_company_change_nothing_beyond_rounding():
    torch.manual_seed(3)
    pair = pair_of(Smooth(), torch.randn(13, 4))
    directions = [ends(pair, label)[1] for label in (None, *pair.segment.layers)]
    weights = ends(pair, None)[0]
    together = directional_derivatives(pair.network, weights, directions, pair.examples, BatchSize(13))
    for size in (1, 4):
        (alone,) = zip(*(directional_derivatives(pair.network, weights, [d], pair.examples, BatchSize(size))
                         for d in directions), strict=True)  # fmt: skip
        np.testing.assert_allclose([d.slope for d in alone], [d.slope for d in together], rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(
            [d.curvature for d in alone], [d.curvature for d in together], rtol=1e-12, atol=1e-15
        )


def test_weights_and_module_are_left_as_they_are():
    torch.manual_seed(4)
    pair = pair_of(Smooth(), torch.randn(5, 4))
    weights, direction = ends(pair, None)
    before = {key: tensor.clone() for key, tensor in weights.items()}
    directional_derivatives(pair.network, weights, [direction], pair.examples, BatchSize(5))
    assert all(torch.equal(before[key], tensor) and not tensor.requires_grad for key, tensor in weights.items())
    assert not any(p.requires_grad or p.grad is not None for p in pair.network.module.parameters())


class Once(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad):
        return 2 * grad


class OnceDifferentiable(Smooth):
    def forward(self, x):
        return self.last(Once.apply(self.first(x)))


def counted_errors(outputs, targets):
    return (outputs.argmax(1) != targets).double()


class Rough(Smooth):
    """Kinks, and a softmax that rounds to float32 on the way."""

    def forward(self, x):
        return self.last(self.first(x).relu().softmax(1, dtype=torch.float32).to(x.dtype))


def checked(model, loss=cross_entropy, n=30):
    torch.manual_seed(5)
    built = model()
    pair = Pair.of(built, CASES.get(model, CASES[Smooth])(n), loss=loss)
    weights, direction = ends(pair, None)
    return curvature_check(pair.network, built, weights, direction, pair.examples)


@pytest.mark.parametrize(
    ("model", "loss", "got"),
    [
        (OnceDifferentiable, cross_entropy, "a second derivative that differs from the function's"),
        (Smooth, counted_errors, "does not change with the weights"),
    ],
)
def test_what_cannot_be_differentiated_twice_is_refused(model, loss, got):
    with pytest.raises(InputError, match="can be differentiated twice") as raised:
        checked(model, loss)
    assert got in raised.value.got


class Refuses(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return Backward.apply(x)

    @staticmethod
    def backward(ctx, grad):
        return Backward.apply(grad)


class Backward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, grad):
        raise NotImplementedError("derivative of the backward pass is not implemented")


class RefusesTwice(Smooth):
    def forward(self, x):
        return self.last(Refuses.apply(self.first(x)))


def test_an_operator_that_refuses_a_second_derivative_is_named():
    torch.manual_seed(5)
    pair = pair_of(RefusesTwice(), torch.randn(5, 4))
    weights, direction = ends(pair, None)
    with pytest.raises(InputError, match="derivative of the backward pass is not implemented"):
        directional_derivatives(pair.network, weights, [direction], pair.examples, BatchSize(5))


@pytest.mark.parametrize("model", [*CASES, Rough], ids=lambda model: model.__name__)
def test_sound_networks_pass_the_check(model):
    assert checked(model).passed


def test_weights_that_are_nan_fail_the_check_and_are_not_refused():
    torch.manual_seed(5)
    built = Smooth()
    pair = Pair.of(built, torch.randn(5, 4))
    weights, direction = ends(pair, None)
    broken = weights | {"last.bias": torch.full((4,), float("nan"))}
    assert not curvature_check(pair.network, built, broken, direction, pair.examples).passed


def layer_hessians(pair, weights, layers):
    """The block of the Hessian of the mean loss that belongs to each layer."""
    inputs = pair.examples.inputs.double()

    def block(keys):
        def loss(*values):
            moved = weights | dict(zip(keys, values, strict=True))
            outputs = torch.func.functional_call(pair.network.module, moved, (inputs,))
            return pair.network.loss(outputs, pair.examples.targets).mean()

        parts = torch.autograd.functional.hessian(loss, tuple(weights[key] for key in keys))
        sizes = [weights[key].numel() for key in keys]
        rows = [torch.cat([p.reshape(n, -1) for p in row], dim=1) for row, n in zip(parts, sizes, strict=True)]
        return torch.cat(rows)

    return {label: block(keys) for label, keys in layers.items()}


@pytest.mark.parametrize("num_examples", [20, 130])
def test_the_trace_is_that_of_the_hessian_within_its_standard_error(num_examples):
    torch.manual_seed(6)
    pair = pair_of(Smooth(), torch.randn(num_examples, 4))
    weights, _ = ends(pair, None)
    layers = {label: pair.segment.layers[label] for label in ("first", "last")}
    found = hessian_traces(pair.network, weights, layers, pair.examples, BatchSize(16), num_probes=200, seed=0)
    for label, block in layer_hessians(pair, weights, layers).items():
        variance = 2 * (block.square().sum() - block.diagonal().square().sum()).item()
        assert abs(found[label].value - block.trace().item()) < 3 * found[label].error
        if num_examples == 20:
            assert found[label].error == pytest.approx((variance / 200) ** 0.5, rel=0.25)
        else:
            assert found[label].error > (variance / 200) ** 0.5


class Diagonal(nn.Module):
    """Outputs whose sum of squares has a diagonal Hessian, another one for each example."""

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Parameter(torch.zeros(3)), nn.Parameter(torch.zeros(2))

    def forward(self, x):
        return x * torch.cat([self.one, self.two])


@pytest.mark.parametrize("num_examples", [3, 64, 131])
def test_the_trace_of_a_diagonal_hessian_is_exact_however_examples_are_shared_out(num_examples):
    torch.manual_seed(7)
    model, inputs = Diagonal(), torch.randn(num_examples, 5).double()
    network = Network.from_model(model, lambda outputs, _: outputs.square().sum(1), CPU, torch.float64)
    examples = Examples(inputs, torch.zeros(num_examples), "random", "test")
    found = hessian_traces(
        network, tensors_of(model), {"one": ["one"], "two": ["two"]}, examples, BatchSize(7), num_probes=4, seed=1
    )
    expected = 2 * inputs.square().mean(0)
    assert found["one"].value == pytest.approx(expected[:3].sum().item(), rel=1e-12)
    assert found["two"].value == pytest.approx(expected[3:].sum().item(), rel=1e-12)
    if num_examples == 3:
        assert found["one"].error == pytest.approx(0, abs=1e-12)


def test_the_seed_fixes_the_trace_and_matters_and_no_probe_gives_nan():
    torch.manual_seed(8)
    pair = pair_of(Smooth(), torch.randn(6, 4))
    weights, _ = ends(pair, None)
    layers = {"first": pair.segment.layers["first"], "idle": pair.segment.layers["idle"], "none": ()}
    one, again, other = (
        hessian_traces(pair.network, weights, layers, pair.examples, BatchSize(6), 2, seed) for seed in (0, 0, 1)
    )
    assert one == again
    assert one["first"] != other["first"]
    assert (one["idle"].value, one["none"].value) == (0, 0)
    (nothing,) = hessian_traces(pair.network, weights, {"first": ()}, pair.examples, BatchSize(6), 0, 0).values()
    assert np.isnan([nothing.value, nothing.error]).all()


def test_the_tied_network_of_these_tests_is_tied():
    assert tied_keys(Tied()) == [("embedding.weight", "head.weight")]
