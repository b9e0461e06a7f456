"""`alphas="auto"`: the maximum of every curve, found and not only met on a grid."""

import shutil

import numpy as np
import pytest
import torch
import xarray as xr
from cases import CASES
from torch import nn

import isthmus
from isthmus.runs.refine import next_positions, num_rounds


class Bump(nn.Module):
    """Two weights whose output is a curve of known shape: -(w - peak)^2 summed."""

    def __init__(self):
        super().__init__()
        self.one = nn.Linear(1, 1, bias=False)
        self.two = nn.Linear(1, 1, bias=False)

    def forward(self, x):
        return -((self.one(x) - 0.3) ** 2) - (self.two(x) - 0.85) ** 2


def bump_result(**options):
    a, b = ({f"{k}.weight": torch.tensor([[value]]) for k in ("one", "two")} for value in (0.0, 1.0))
    data = (torch.ones(3, 1), torch.zeros(3, 1))
    return isthmus.measure(Bump, a, b, data, loss=lambda y, _: y[:, 0], dtype="float64", **options)


def test_the_maximum_of_every_curve_is_found_to_the_tolerance():
    # Minus a square minus its chord is largest half-way, wherever the peak is.
    assert (abs(bump_result(alphas="auto:0.001", baseline="cut").alpha_at_loss_barrier - 0.5) <= 0.001).all()
    result = bump_result(alphas="auto:0.001")
    found = {(h, m): float(result.alpha_at_loss_barrier.sel(host=h, moving=m)) for h in "ab" for m in ("one", "two")}
    for (host, moving), alpha in found.items():
        peak = {"one": 0.3, "two": 0.85}[moving]
        assert abs(alpha - (peak if host == "a" else 1 - peak)) <= 0.001, (host, moving)
    # The full curve peaks at the mean of the two peaks.
    assert abs(float(result.alpha_at_loss_barrier.sel(host="a", moving="all")) - 0.575) <= 0.001


def test_the_midpoint_stands_beside_the_refined_maximum_and_never_above_it():
    result = bump_result(alphas="auto")
    assert (result.loss_midpoint_barrier <= result.loss_barrier).all()
    np.testing.assert_array_equal(result.loss_midpoint_barrier, result.loss_excess.sel(alpha=0.5))
    above_the_grid = result.loss_barrier - result.loss_excess.max("alpha")
    assert float(above_the_grid.sel(host="a", moving="one")) > 0


def test_every_refined_excess_is_what_a_plain_grid_measures_there():
    case = next(case for case in CASES if case.name == "cnn")
    a, b = case.weights(0), case.weights(1)
    result = isthmus.measure(case.build, a, b, case.data(30), alphas="auto")
    alphas = np.unique(result.refined_alpha.sel(moving="conv2"))
    plain = isthmus.measure(case.build, a, b, case.data(30), alphas=alphas.tolist())
    for host in "ab":
        at = dict(zip(alphas, plain.loss_excess.sel(host=host, moving="conv2").values, strict=True))
        cut = result.sel(host=host, moving="conv2")
        assert [at[alpha] for alpha in cut.refined_alpha.values] == cut.loss_refined_excess.values.tolist()


@pytest.mark.parametrize("engine", ["shared", "direct"])
def test_an_interrupted_refinement_resumes_to_the_same_bytes(tmp_path, engine):
    case = CASES[0]
    a, b = case.weights(0), case.weights(1)
    data = {"one": case.data(30), "two": case.data(20, seed=4)}

    def run(folder):
        return isthmus.measure(
            case.build, a, b, data, sweep="full", alphas="auto", engine=engine, batch_size=8, out=folder, resume=True
        )

    whole = run(tmp_path / "whole")
    xr.testing.assert_identical(isthmus.load_run(tmp_path / "whole").drop_attrs(), whole.drop_attrs())
    shutil.copytree(tmp_path / "whole", tmp_path / "cut")
    for file in sorted((tmp_path / "cut" / "examples").rglob("p*.parquet"))[1::3]:
        file.unlink()
    for name in ("results.parquet", "refined.parquet"):
        (tmp_path / "cut" / name).unlink()
    record = tmp_path / "cut" / "run.json"
    record.write_text(record.read_text().replace('"complete": true', '"complete": false'))
    run(tmp_path / "cut")
    for file in sorted((tmp_path / "whole").rglob("*.parquet")):
        again = tmp_path / "cut" / file.relative_to(tmp_path / "whole")
        assert again.read_bytes() == file.read_bytes(), file.name


def test_rounds_halve_the_distance_until_the_tolerance():
    assert num_rounds((0.0, 0.5, 1.0), 0.5) == 0
    assert num_rounds((0.0, 0.5, 1.0), 0.24) == 2
    assert num_rounds((0.0, 0.5, 1.0), None) == 0


def test_a_maximum_at_an_end_has_one_neighbour_and_a_curve_of_nan_none():
    assert next_positions((0.0, 0.5, 1.0), np.array([3.0, 1.0, 0.2])) == (0.0, 0.25)
    assert next_positions((1.0, 0.5, 0.0), np.array([3.0, 1.0, 0.2])) == (0.75, 1.0)
    assert next_positions((0.0, 0.5, 1.0), np.array([np.nan, 1.0, 0.2])) == (0.0, 0.0)


@pytest.mark.parametrize("text", ["automatic", "auto:", "auto:0", "auto:0.6", "auto:x"])
def test_what_is_no_tolerance_is_refused(text):
    with pytest.raises(isthmus.InputError, match=r"auto:0\.01"):
        bump_result(alphas=text)


def test_a_refined_maximum_is_not_offered_with_a_precision():
    with pytest.raises(isthmus.InputError, match="no alphas 'auto' with it"):
        bump_result(alphas="auto", precision=0.1)
