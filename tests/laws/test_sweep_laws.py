"""Laws of sweeps over every registered network and both engines: equal groups give equal bits."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
import torch
from cases import CASES, Case
from test_laws import Quadratic

import isthmus
from isthmus.layers.rules import layer_partition
from isthmus.paths.linear import Segment
from isthmus.weights.state import entry_kinds

ORDERS = ["shallow_first", "deep_first", "ends_first", "random7"]
SWEEPS = [
    "single",
    "cumulative:shallow_first",
    "cumulative:deep_first",
    "cumulative:ends_first",
    "cumulative:random:7",
    "window:1",
    "window:2",
    "pairs",
]
MOST_LAYERS = 10
"""Above it pairs are measured of the coarser partition `block`, to keep the tests short."""


@dataclass(frozen=True)
class Measured:
    """A network measured by every sweep at once."""

    case: Case
    engine: str

    def result(self):
        """All sweeps in one plan."""
        case = self.case
        few = len(layer_partition(case.rule, case.build())) <= MOST_LAYERS
        return isthmus.measure(
            case.build, case.weights(0), case.weights(1), case.data(3), sweep=SWEEPS, alphas=(0.25,),
            layers=case.rule if few else "block", engine=self.engine,
        )  # fmt: skip


@pytest.fixture(
    scope="module",
    params=[Measured(case, engine) for case in CASES for engine in ("shared", "direct")],
    ids=lambda measured: f"{measured.case.name}-{measured.engine}",
)
def result(request):
    return request.param.result()


def losses(result, label):
    return result.loss.sel(moving=label).values


def layers_of(result):
    return [str(label) for label in result.moving[result["sweep"] == "single"].values]


@pytest.mark.parametrize("order", ORDERS)
def test_cumulative_with_all_layers_is_full_and_a_group_of_one_is_single(result, order):
    layers = layers_of(result)
    last = f"{order}:{len(layers):02}"
    np.testing.assert_array_equal(losses(result, last), losses(result, "all"))
    np.testing.assert_array_equal(result.loss_barrier.sel(moving=last), result.loss_barrier.sel(moving="all"))
    first = result.sel(moving=f"{order}:01")
    np.testing.assert_array_equal(first.loss.values, losses(result, str(first.layers_moved.values)))
    assert str(first.layers_moved.values) in layers


def test_a_window_of_one_is_single_and_a_window_of_two_is_its_pair(result):
    layers = layers_of(result)
    for layer in layers:
        np.testing.assert_array_equal(losses(result, f"window1:{layer}"), losses(result, layer))
    for one, other in pairwise(layers):
        np.testing.assert_array_equal(losses(result, f"window2:{one}"), losses(result, f"{one}+{other}"))


def test_sweeps_differ_where_their_groups_do(result):
    """The laws above are not those of a measurement in which nothing moves."""
    layers = layers_of(result)
    assert len({losses(result, label).tobytes() for label in (*layers, "all")}) == len(layers) + 1


def test_the_interaction_is_what_the_losses_say(result):
    """R_ij - R_i - R_j from the means of the losses, which are summed in another order."""
    layers, found = layers_of(result), isthmus.interactions(result, alpha=0.25)
    assert found.interaction.dims == ("host", "layer", "other_layer")
    at = result.sel(alpha=0.25)
    for host in ("a", "b"):
        own = float(result[f"loss_{host}"])
        rise = {label: float(at.loss.sel(host=host, moving=label)) - own for label in at.moving.values}
        cells = found.sel(host=host)
        for i, one in enumerate(layers):
            assert abs(float(cells.rise.sel(layer=one)) - rise[one]) < 1e-6 * (1 + abs(rise[one]))
            assert np.isnan(cells.interaction.sel(layer=one, other_layer=one))
            for other in layers[i + 1 :]:
                expected = rise[f"{one}+{other}"] - rise[one] - rise[other]
                got = float(cells.interaction.sel(layer=one, other_layer=other))
                assert abs(got - expected) < 1e-6 * (1 + abs(expected))
                assert got == float(cells.interaction.sel(layer=other, other_layer=one))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_pair_of_a_layer_with_itself_is_the_layer_alone(case):
    model = case.build()
    segment = Segment.between(case.weights(0), case.weights(1), layer_partition("module", model), entry_kinds(model))
    for layer in segment.layers:
        assert segment.point("a", (layer, layer), 0.3) == segment.point("a", (layer,), 0.3)


@pytest.mark.parametrize("engine", ["shared", "direct"])
@pytest.mark.parametrize("alpha", [0.3, 0.5, 1.0])
def test_on_a_quadratic_loss_the_interaction_is_the_cross_term(alpha, engine):
    """R_ij - R_i - R_j = alpha^2 d_i^T A d_j for the loss 1/2 w^T A w, whatever the networks."""
    random = torch.Generator().manual_seed(4)
    a, b = ({k: torch.randn(n, generator=random).double() for k, n in (("w1", 3), ("w2", 2))} for _ in range(2))
    result = isthmus.measure(
        Quadratic, a, b, (torch.ones(2, 1).double(), torch.zeros(2, 1)), loss=lambda outputs, _: outputs[:, 0],
        sweep=["single", "pairs"], alphas=(alpha,), dtype="float64", engine=engine,
    )  # fmt: skip
    A, d = Quadratic().A, {k: b[k] - a[k] for k in a}
    expected = alpha**2 * float(d["w1"] @ A[:3, 3:] @ d["w2"])
    found = isthmus.interactions(result, alpha)
    assert abs(expected) > 0.01
    for host in ("a", "b"):
        cell = found.sel(host=host, layer="w1", other_layer="w2")
        assert abs(float(cell.interaction) - expected) < 1e-12
        assert float(cell.interaction_low) == float(cell.interaction) == float(cell.interaction_high)
        for k, block in (("w1", slice(0, 3)), ("w2", slice(3, 5))):
            near, far = (a, b) if host == "a" else (b, a)
            w, step = torch.cat([near["w1"], near["w2"]]), far[k] - near[k]
            rise = alpha * step @ A[block] @ w + alpha**2 / 2 * step @ A[block, block] @ step
            assert abs(float(found.rise.sel(host=host, layer=k)) - float(rise)) < 1e-12
