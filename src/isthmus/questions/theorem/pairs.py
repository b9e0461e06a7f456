"""Pairs of random deep linear networks that fit the same data, and the loss along every cut between them."""

from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn

from isthmus.models.networks.deep_linear import deep_linear_network
from isthmus.questions.convexity.answer import convexity
from isthmus.results.studies import THEOREM_CUTS
from isthmus.results.variables import Values, with_dimensions
from isthmus.runs.measure import measure
from isthmus.runs.request.settings import Alphas
from isthmus.sweeps.group import FULL_NETWORK

NUM_PAIRS = 12
NUM_EXAMPLES = 32  # more than the widest layer, so that the least squares of the last layer have one solution
ALPHAS = 21  # odd, so that half-way is one of them
NOISE = 0.3  # no network of a pair fits the targets exactly, as in practice


@dataclass(frozen=True)
class LinearPair:
    """Two deep linear networks of equal widths and the data that both fit.

    Attributes:
        widths: Numbers in an example, units of the hidden layers, number of outputs.
        a: Weights of the one, float64.
        b: Weights of the other.
        inputs: Shape (32, widths[0]).
        targets: Shape (32, widths[-1]).
    """

    widths: tuple[int, ...]
    a: dict[str, Tensor]
    b: dict[str, Tensor]
    inputs: Tensor
    targets: Tensor


def make_linear_pair(seed: int, *, fitted: bool = True) -> LinearPair:
    """Draw a pair.

    Two to five layers of two to six units; targets are a random linear function of the inputs and noise.

    Args:
        seed: Fixes everything.
        fitted: Whether the last layer of each network is the least-squares fit to the targets; else it is random too.

    Returns:
        The pair.
    """
    random = torch.Generator().manual_seed(seed)
    num_layers = int(torch.randint(2, 6, (), generator=random))
    widths = tuple(torch.randint(2, 7, (num_layers + 1,), generator=random).tolist())

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=random, dtype=torch.float64)

    inputs = normal(NUM_EXAMPLES, widths[0])
    teacher = normal(widths[0], widths[-1]) * widths[0] ** -0.5
    targets = inputs @ teacher + NOISE * normal(NUM_EXAMPLES, widths[-1])
    networks = []
    for _ in "ab":
        # So that outputs are of order 1 whatever the widths.
        weights = {key: normal(*t.shape) * t.shape[1] ** -0.5 for key, t in _built(widths).state_dict().items()}
        if fitted:
            features = inputs
            for key in list(weights)[:-1]:
                features = features @ weights[key].T
            # By SVD: behind a narrower layer the features are not of full rank.
            weights["fc.weight"] = torch.linalg.lstsq(features, targets, driver="gelsd").solution.T.contiguous()
        networks.append(weights)
    return LinearPair(widths, networks[0], networks[1], inputs, targets)


def measure_pair(pair: LinearPair, alphas: Alphas = ALPHAS) -> xr.Dataset:
    """Every cut of a pair under the squared error, its excess counted from the cut's own ends.

    Args:
        pair: The networks and their data.
        alphas: Positions, or how many points of [0, 1].

    Returns:
        As `isthmus.measure`, in float64.
    """
    data = (pair.inputs, pair.targets)
    options = {"alphas": alphas, "loss": "squared_error", "baseline": "cut", "dtype": "float64", "engine": "direct"}
    return measure(_built(pair.widths), pair.a, pair.b, data, device="cpu", **options)  # type: ignore[arg-type]


def measure_cuts(num_pairs: int = NUM_PAIRS, seed: int = 0) -> xr.Dataset:
    """The cuts of many fitted pairs.

    Args:
        num_pairs: How many.
        seed: Of the first; the others follow.

    Returns:
        Over (cut, alpha): `relative_excess`, the excess over the cut's own chord as a fraction of the largest loss on
        the cut. Over cut: `pair`, `num_layers`, `host`, `moving` ("all" once a pair), `convexity` and
        `midpoint_over_models`, the loss half-way minus the mean of the two networks' losses.
    """
    parts = [_cuts(measure_pair(make_linear_pair(seed + number)), number) for number in range(num_pairs)]
    return xr.concat(parts, dim="cut").assign_attrs(num_pairs=num_pairs, seed=seed)


def _cuts(result: xr.Dataset, number: int) -> xr.Dataset:
    # The way between the complete networks is the same from both.
    kept = [(h, m) for m in result["moving"].values for h in result["host"].values if (h, m) != ("b", FULL_NETWORK)]
    rows = [result.sel(host=host, moving=moving) for host, moving in kept]
    verdicts = convexity(result)["convexity"]
    models = (float(result.loss_a) + float(result.loss_b)) / 2
    values: Values = {
        "relative_excess": np.array([row.loss_excess / row.loss.max() for row in rows]),
        "midpoint_over_models": np.array([float(row.loss.sel(alpha=0.5)) - models for row in rows]),
        "convexity": np.array([str(verdicts.sel(host=h, moving=m).values) for h, m in kept], dtype=object),
    }
    coordinates: Values = {
        "alpha": result["alpha"].values,
        "pair": np.full(len(kept), number),
        "num_layers": np.full(len(kept), result.sizes["moving"] - 1),
        "host": np.array([h for h, _ in kept], dtype=object),
        "moving": np.array([m for _, m in kept], dtype=object),
    }
    return xr.Dataset(with_dimensions(values, THEOREM_CUTS), with_dimensions(coordinates, THEOREM_CUTS))


def _built(widths: tuple[int, ...]) -> nn.Module:
    # The initial weights are never used, and drawing them must not move the user's random numbers.
    with torch.random.fork_rng(devices=[]):
        return deep_linear_network(widths)
