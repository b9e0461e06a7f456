"""Theorem 4.1 and its consequences: closed forms and signs that need no number of the paper."""

import numpy as np
import pytest
import torch
from cases import CASES
from torch import nn

import isthmus
from isthmus.evaluation.losses.loss import squared_error
from isthmus.evaluation.network import Network
from isthmus.layers.rules import layer_partition
from isthmus.models.networks.deep_linear import deep_linear_network
from isthmus.paths.linear import Segment
from isthmus.questions.convexity.measure import second_differences
from isthmus.questions.theorem.example import PATHS, DiagonalExample
from isthmus.questions.theorem.pairs import LinearPair, make_linear_pair, measure_pair
from isthmus.questions.theorem.study import measure_paths
from isthmus.sweeps.grid import grid_of
from isthmus.sweeps.spec import sweeps_of
from isthmus.weights.state import entry_kinds

ALPHAS = (0.0, 0.3, 0.5, 1.0)


def losses_of_cuts(pair, alphas):
    """Mean losses over (host, moving, alpha), the full network first, by the parts that `measure` is made of."""
    module = deep_linear_network(pair.widths)
    network = Network.from_model(module, squared_error, torch.device("cpu"), torch.float64)
    segment = Segment.between(pair.a, pair.b, layer_partition("module", module), entry_kinds(module))
    grid, points = grid_of(segment, sweeps_of("single"), ("a", "b"), alphas, far_ends=False)
    found = [network.result(segment.weights(point), pair.inputs, pair.targets).loss.mean() for point in points]
    return np.array(found)[grid.rows]


@pytest.fixture(scope="module")
def hundred_pairs():
    """Losses along every cut of 100 random pairs of two to five layers."""
    return [losses_of_cuts(make_linear_pair(seed, fitted=False), ALPHAS) for seed in range(100)]


def test_no_layer_of_a_hundred_deep_linear_pairs_has_a_negative_second_difference(hundred_pairs):
    count = 0
    for losses in hundred_pairs:
        cuts = losses[:, 1:].reshape(-1, len(ALPHAS))
        assert (second_differences(cuts.T, ALPHAS) >= -1e-12 * cuts.max()).all()
        count += len(cuts)
    assert count > 500


def test_no_cut_lies_above_its_chord_yet_half_way_some_lie_above_the_mean_of_the_networks(hundred_pairs):
    alphas, above_models = np.array(ALPHAS), 0
    for losses in hundred_pairs:
        cuts, models = losses[:, 1:], losses[:, 0, 0].mean()
        chords = (1 - alphas) * cuts[..., :1] + alphas * cuts[..., -1:]
        assert (cuts <= chords + 1e-12 * cuts.max()).all()
        above_models += int((cuts[..., ALPHAS.index(0.5)] > models).sum())
    assert above_models > 50


def test_measure_gives_the_losses_of_the_hundred_pairs(hundred_pairs):
    for seed in (0, 41):
        result = measure_pair(make_linear_pair(seed, fitted=False), ALPHAS)
        np.testing.assert_allclose(result.loss.values, hundred_pairs[seed], rtol=1e-13)
        assert (single(isthmus.convexity(result))["convexity"] == "convex").all()


def single(result):
    return result.sel(moving=result["sweep"] == "single")


def test_moving_all_layers_of_networks_that_fit_the_same_data_rises_above_the_chord():
    verdicts, highest = [], []
    for seed in range(5):
        result = measure_pair(make_linear_pair(seed))
        verdicts.append(isthmus.convexity(result)["convexity"])
        highest.append(float(result.loss_excess.sel(moving="all", host="a").max() / result.loss_a))
    assert all((single(v) == "convex").all() for v in verdicts)
    assert sum(str(v.sel(moving="all", host="a").values) == "not convex" for v in verdicts) > 2
    assert min(highest) > 0


def test_the_pairs_repeat_for_a_seed_and_differ_between_seeds():
    first, again, other = make_linear_pair(3), make_linear_pair(3), make_linear_pair(4)
    assert torch.equal(first.a["fc.weight"], again.a["fc.weight"])
    assert not torch.equal(first.a["fc.weight"], first.b["fc.weight"])
    assert first.widths != other.widths


def test_two_layers_at_once_break_convexity():
    """L = (1 - w1 w2)^2 from (1/2, 2) to (2, 1/2): half-way (1 - 1.25^2)^2, and 0 at both ends."""
    ends = [
        {"hidden1.weight": torch.tensor([[w1]]).double(), "fc.weight": torch.tensor([[w2]]).double()}
        for w1, w2 in ((0.5, 2.0), (2.0, 0.5))
    ]
    inputs = torch.tensor([[1.0], [-1.0]]).double()
    result = isthmus.measure(
        deep_linear_network((1, 1, 1)), *ends, (inputs, inputs), loss="squared_error", alphas=5, dtype="float64"
    )
    assert abs(float(result.loss.sel(host="a", moving="all", alpha=0.5)) - (1 - 1.25**2) ** 2) < 1e-12
    assert abs((1 - 1.25**2) ** 2 - 0.3164) < 5e-5
    verdict = isthmus.convexity(result)["convexity"]
    assert (verdict.sel(moving="all") == "not convex").all()
    assert (verdict.sel(moving=["hidden1", "fc"]) == "convex").all()


@pytest.mark.parametrize(("a", "b", "y"), [(0.25, 4.0, 1.0), (1.0, 2.0, 1.0), (3.0, 0.5, 2.5), (1.0, 1.02, 1.0)])
def test_the_minimal_example_is_measured_as_its_closed_form_says(a, b, y):
    example = DiagonalExample(a, b, y)
    paths = measure_paths(example)
    scale = np.maximum(1.0, paths.closed_form.max("alpha"))
    assert (abs(paths.loss - paths.closed_form) <= 1e-12 * scale).all()
    assert paths.convexity.values.tolist() == ["not convex", "convex", "convex"]
    np.testing.assert_allclose(example.loss(paths.w1.values, paths.w2.values), paths.loss.values, atol=1e-12 * y**2)


def test_the_minimal_example_has_the_known_values_half_way():
    half, r = np.array(0.5), 16.0
    example = DiagonalExample(0.25, 4.0, 3.0)
    known = {
        "both layers": 9 * (r + 1 / r - 2) ** 2 / 16,
        "layer 2 into a": 9 * (1 - 1 / r) ** 2 / 4,
        "layer 2 into b": 9 * (r - 1) ** 2 / 4,
    }
    assert known.keys() == PATHS.keys()
    for path, value in known.items():
        assert abs(float(example.loss_along(path, half)) - value) < 1e-12 * value
    plain = DiagonalExample(0.25, 4.0)
    assert [round(float(plain.loss_along(path, half)), 4) for path in PATHS] == [12.3596, 0.2197, 56.25]
    assert [round(float(DiagonalExample(1, 2).loss_along(path, half)), 4) for path in PATHS][:2] == [0.0156, 0.0625]


@pytest.mark.parametrize(
    ("case", "loss"),
    [*((case, "cross_entropy") for case in CASES), (CASES[1], "squared_error")],
    ids=lambda value: getattr(value, "name", value),
)
def test_the_last_layer_of_every_registered_network_is_convex_and_said_to_be(case, loss):
    last = list(case.weights(0))[-1].rpartition(".")[0]
    groups = {"body": [], "last": []}
    for key in case.weights(0):
        groups["last" if key.startswith(f"{last}.") else "body"].append(key)
    result = isthmus.measure(
        case.build, case.weights(0), case.weights(1), case.data(6), alphas=(0.3, 0.5, 1.0), loss=loss, engine="direct",
        layers=isthmus.LayerPartition(groups),
    )  # fmt: skip
    found = isthmus.last_layer_convexity(result)
    assert found.attrs["applies"] == 1, found.attrs["note"]
    assert found["moving"].values.tolist() == ["last"]
    assert (found["convexity"] == "convex").all()


class Quadratic(nn.Module):
    """1/2 w^T A w as the output, for a loss that is the output itself."""

    def __init__(self):
        super().__init__()
        root = torch.randn((4, 4), generator=torch.Generator().manual_seed(3), dtype=torch.float64)
        self.w1, self.w2 = nn.Parameter(torch.zeros(3)), nn.Parameter(torch.zeros(1))
        self.register_buffer("A", root + root.T, persistent=False)

    def forward(self, x):
        w = torch.cat([self.w1, self.w2])
        return (0.5 * w @ self.A @ w) * x


def test_on_a_quadratic_loss_every_second_difference_is_the_curvature_along_the_cut_on_any_grid():
    random = torch.Generator().manual_seed(4)
    a, b = ({k: torch.randn(n, generator=random).double() for k, n in (("w1", 3), ("w2", 1))} for _ in range(2))
    result = isthmus.measure(
        Quadratic, a, b, (torch.ones(1, 1).double(), torch.zeros(1, 1)), loss=lambda outputs, _: outputs[:, 0],
        alphas=(0.1, 0.75, 0.3, 1.5), dtype="float64",
    )  # fmt: skip
    found = isthmus.convexity(result)
    assert found["alpha"].values.tolist() == [0.1, 0.3, 0.75]
    A = Quadratic().A
    for moving in ("all", "w1", "w2"):
        d = torch.cat([(b[k] - a[k]) * (moving in {"all", k}) for k in ("w1", "w2")])
        expected = float(d @ A @ d)
        np.testing.assert_allclose(found.second_difference.sel(moving=moving).values, expected, rtol=0, atol=1e-11)
        negative = expected < 0
        # One example has no interval, so a dent stays undecided.
        assert str(found["convexity"].sel(host="a", moving=moving).values) == ("undecided" if negative else "convex")


def test_a_fitted_network_is_at_the_least_squares_minimum_of_its_last_layer():
    pair: LinearPair = make_linear_pair(7)
    features = pair.inputs
    for key in list(pair.a)[:-1]:
        features = features @ pair.a[key].T
    residual = features @ pair.a["fc.weight"].T - pair.targets
    assert float((features.T @ residual).abs().max()) < 1e-10
