"""`subspace_noise()` against an evaluation that shares nothing with it, and its promises."""

import json

import numpy as np
import pytest
import torch
import xarray as xr
from cases import CASES, Case
from torch import nn
from torch.nn import functional

import isthmus
from isthmus.errors import InputError
from isthmus.questions.study.folder import load_study
from isthmus.weights.trajectory import load_trajectory

MLP = CASES[0]
BATCH_NORM = CASES[2]
DATA = MLP.data(40)


def trajectory(folder, case, seeds, spoilt=None):
    for number, seed in enumerate(seeds):
        weights = case.weights(seed) | (spoilt or {})
        isthmus.save_weights(weights, folder / f"{number}ep.safetensors")
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("trainings")
    return [trajectory(root / name, MLP, (7, *seeds)) for name, seeds in (("a", (0, 1)), ("b", (2, 3, 4)))]


@pytest.fixture(scope="module")
def study(folders):
    return isthmus.subspace_noise(MLP.build, *folders, DATA, sigmas=(0.0, 0.25, 0.5, 1.0), num_draws=3, dtype="float64")


def loss_of(weights, data=DATA, case=MLP):
    model = case.build().double()
    model.load_state_dict(weights)
    with torch.no_grad():
        losses = functional.cross_entropy(model.eval()(data[0].double()), data[1], reduction="none")
    return float(losses.mean())


def test_every_row_is_as_long_and_lies_where_it_says(folders):
    """The dense way, over the 10 numbers of the last bias: a projector from the pseudo-inverse, a fresh model."""
    found = isthmus.subspace_noise(
        MLP.build, *folders, DATA, sigmas=(0.7,), num_draws=2, dtype="float64", layers="tensor", sigma_unit="absolute"
    )
    seeds = (7, 0, 1, 7, 2, 3, 4)
    S = torch.stack([MLP.weights(seed)["fc.bias"].double() for seed in seeds], dim=1)
    projector = S @ torch.linalg.pinv(S)
    rank = int(torch.linalg.matrix_rank(S))
    row = found.sel(moving="fc.bias")
    assert (int(row["rank"]), int(row.null_dimension), int(row.num_parameters)) == (rank, 10 - rank, 10)
    assert rank == 6
    a, b = ({key: t.double() for key, t in MLP.weights(seed).items()} for seed in (1, 4))
    for draw in range(2):
        gaussian = isthmus_gaussian(draw)
        pieces = {"training": projector @ gaussian, "null": gaussian - projector @ gaussian, "random": gaussian}
        for kind, piece in pieces.items():
            for name, host in (("a", a), ("b", b)):
                moved = host | {"fc.bias": host["fc.bias"] + 0.7 * piece / piece.norm()}
                cell = row.loss.sel(host=name, kind=kind, sigma=0.7, draw=draw)
                assert abs(float(cell) - loss_of(moved)) < 1e-10, (kind, name, draw)
    d = b["fc.bias"] - a["fc.bias"]
    towards = a | {"fc.bias": a["fc.bias"] + 0.7 * d / d.norm()}
    assert abs(float(row.loss.sel(host="a", kind="averaging", sigma=0.7, draw=0)) - loss_of(towards)) < 1e-10
    assert abs(float(row.fraction.sel(sigma=0.7)) - 0.7 / float(d.norm())) < 1e-12


def isthmus_gaussian(draw):
    from isthmus.paths.direction import RandomDirection

    return RandomDirection(0, draw).part("fc.bias", torch.empty(10, dtype=torch.float64))


def test_averaging_is_the_segment_and_both_hosts_meet_half_way(folders, study):
    barrier = isthmus.measure(
        MLP.build, *(f / name for f, name in zip(folders, ("2ep.safetensors", "3ep.safetensors"), strict=True)), DATA,
        alphas=(0.25, 0.5, 1.0), dtype="float64",
    )  # fmt: skip
    averaging = study.sel(kind="averaging", draw=0)
    for alpha in (0.25, 0.5, 1.0):
        np.testing.assert_array_equal(averaging.loss.sel(sigma=alpha).values, barrier.loss.sel(alpha=alpha).values)
    full = averaging.sel(moving="all").loss
    assert float(full.sel(host="a", sigma=0.5)) == float(full.sel(host="b", sigma=0.5))
    assert float(full.sel(host="a", sigma=1.0)) == float(study.loss_b)
    np.testing.assert_array_equal(study.distance.values, barrier.distance.values)


def test_no_noise_is_the_host_and_the_rise_is_counted_from_it(study):
    assert (study.loss_rise.sel(sigma=0) == 0).all()
    for host in ("a", "b"):
        mean = study.loss.sel(host=host).mean("draw") - study[f"loss_{host}"]
        np.testing.assert_allclose(study.loss_rise.sel(host=host).values, mean.values, rtol=0, atol=1e-12)
    noise = study.sel(kind=["training", "null", "random"])
    np.testing.assert_allclose(noise.loss.std("draw", ddof=1).values, noise.loss_rise_spread.values, atol=1e-12)
    assert study.loss_rise_spread.sel(kind="averaging").isnull().all()
    assert (study.loss_rise_low <= study.loss_rise).all()
    assert (study.loss_rise <= study.loss_rise_high).all()
    assert (study.loss.sel(kind="averaging").std("draw") == 0).all()


def test_the_shared_initialisation_counts_once_and_every_snapshot_of_both_counts(study):
    assert int(study.num_snapshots) == 7
    assert int(study["rank"].sel(moving="all")) == 6
    np.testing.assert_array_equal(study["rank"] + study.null_dimension, study.num_parameters)


def test_both_engines_seeds_and_batches_agree_and_the_seed_matters(folders, study):
    options = {"sigmas": (0.25,), "num_draws": 3, "dtype": "float64", "sweep": "full"}
    direct = isthmus.subspace_noise(MLP.build, *folders, DATA, engine="direct", batch_size=7, **options)
    expected = study.loss.sel(moving=["all"], sigma=[0.25])
    np.testing.assert_allclose(direct.loss.values, expected.values, rtol=1e-12)
    other = isthmus.subspace_noise(MLP.build, *folders, DATA, seed=1, **options)
    for kind in ("training", "null", "random"):
        assert (other.loss.sel(kind=kind) != expected.sel(kind=kind).values).all()
    assert (other.loss.sel(kind="averaging") == expected.sel(kind="averaging").values).all()


def test_single_precision_agrees_with_double(folders, study):
    single = isthmus.subspace_noise(MLP.build, *folders, DATA, sigmas=(0.0, 0.25, 0.5, 1.0), num_draws=3)
    np.testing.assert_allclose(single.loss.values, study.loss.values, rtol=1e-4)


def test_exchanging_the_networks_exchanges_the_hosts(folders, study):
    swapped = isthmus.subspace_noise(
        MLP.build, *folders[::-1], DATA, sigmas=(0.0, 0.25, 0.5, 1.0), num_draws=3, dtype="float64"
    )
    np.testing.assert_allclose(study.loss.values, swapped.loss.sel(host=["b", "a"]).values, rtol=1e-9)


class Frozen(nn.Module):
    """A bias of two numbers that many snapshots span, a layer that never moves, and one that is always zero."""

    def __init__(self):
        super().__init__()
        self.first, self.frozen, self.zero = nn.Linear(3, 2), nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)

    def forward(self, x):
        return self.frozen(self.first(x)) + self.zero(x[:, :2])


FROZEN = Case("frozen", Frozen, (3,), classes=2)
STILL = {"frozen.weight": torch.eye(2), "zero.weight": torch.zeros(2, 2)}


@pytest.mark.parametrize("unit", ["distance", "absolute"])
def test_empty_spaces_are_reported_and_not_faked(tmp_path, unit):
    a, b = (trajectory(tmp_path / name, FROZEN, seeds, STILL) for name, seeds in (("a", range(4)), ("b", range(5, 9))))
    found = isthmus.subspace_noise(Frozen, a, b, FROZEN.data(20), num_draws=2, layers="tensor", sigma_unit=unit)
    nan = found.loss_rise.isnull().all(["host", "sigma"])
    bias = found.sel(moving="first.bias")
    assert (int(bias["rank"]), int(bias.null_dimension)) == (2, 0)
    assert nan.sel(moving="first.bias", kind="null")
    assert not nan.sel(moving="first.bias", kind=["training", "random", "averaging"]).any()
    frozen = found.sel(moving="frozen.weight")
    assert (int(frozen["rank"]), int(frozen.null_dimension), float(frozen.distance)) == (1, 3, 0.0)
    zero = found.sel(moving="zero.weight")
    assert (int(zero["rank"]), int(zero.null_dimension)) == (0, 4)
    assert nan.sel(moving="zero.weight", kind="training")
    assert bool(nan.sel(moving="frozen.weight", kind="averaging")) == (unit == "absolute")
    assert found.fraction.sel(moving="frozen.weight").isnull().all() == (unit == "absolute")


def test_noise_leaves_buffers_alone_and_averaging_takes_them_along(tmp_path):
    a, b = (trajectory(tmp_path / name, BATCH_NORM, seeds) for name, seeds in (("a", (0, 3)), ("b", (1, 8))))
    options = {"sigmas": (0.5,), "num_draws": 2, "sweep": "full", "dtype": "float64"}
    found = isthmus.subspace_noise(BATCH_NORM.build, a, b, BATCH_NORM.data(), **options)
    half = found.loss.sel(kind="averaging", moving="all", sigma=0.5, draw=0)
    assert float(half.sel(host="a")) == float(half.sel(host="b"))
    mean = {key: (x.double() + BATCH_NORM.weights(8)[key].double()) / 2 for key, x in BATCH_NORM.weights(3).items()}
    assert abs(float(half.sel(host="a")) - loss_of(mean, BATCH_NORM.data(), BATCH_NORM)) < 1e-9
    other_statistics = {key: t for key, t in BATCH_NORM.weights(8).items() if "running" in key}
    c = trajectory(tmp_path / "c", BATCH_NORM, (0, 3), other_statistics)
    moved = isthmus.subspace_noise(BATCH_NORM.build, c, b, BATCH_NORM.data(), **options)
    assert (moved.loss.sel(host="a") != found.loss.sel(host="a")).all(), "the host's own statistics are used"
    np.testing.assert_allclose(moved.loss.sel(host="b", kind="random"), found.loss.sel(host="b", kind="random"))


def test_a_study_is_saved_with_what_tells_it_from_others(folders, tmp_path):
    options = {"sigmas": (0.0, 0.5), "num_draws": 2, "sweep": "full", "out": tmp_path / "study"}
    made = isthmus.subspace_noise(MLP.build, *folders, DATA, **options)
    again = isthmus.subspace_noise(MLP.build, *map(load_trajectory, folders), DATA, **options)
    xr.testing.assert_identical(made, again)
    loaded = load_study(tmp_path / "study")
    xr.testing.assert_equal(loaded, made)
    assert loaded.attrs == made.attrs
    assert (made.attrs["study"], made.attrs["name_a"], made.attrs["sigma_unit"]) == ("subspace", "a", "distance")
    assert json.loads(made.attrs["settings"])["num_draws"] == 2
    assert str(folders[0]) not in json.dumps(made.attrs)
    other = trajectory(tmp_path / "other", MLP, (6, 0, 1))
    with pytest.raises(InputError, match=r"another study: settings \(snapshots_hash\) differ"):
        isthmus.subspace_noise(MLP.build, other, folders[1], DATA, **options)


def test_a_single_checkpoint_several_splits_and_other_models_are_refused(folders, tmp_path):
    with pytest.raises(InputError, match=r"a folder of checkpoints named by their step[\s\S]*a file[\s\S]*network b"):
        isthmus.subspace_noise(MLP.build, folders[0], folders[1] / "0ep.safetensors", DATA)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"a folder without one[\s\S]*network a"):
        isthmus.subspace_noise(MLP.build, tmp_path / "empty", folders[1], DATA)
    with pytest.raises(InputError, match="no such folder"):
        isthmus.subspace_noise(MLP.build, tmp_path / "absent", folders[1], DATA)
    with pytest.raises(InputError, match="one split"):
        isthmus.subspace_noise(MLP.build, *folders, {"train": DATA, "test": DATA})
    mixed = trajectory(tmp_path / "mixed", MLP, (0, 1))
    isthmus.save_weights(CASES[1].weights(0), mixed / "0ep.safetensors")
    with pytest.raises(InputError, match="mixed/0ep"):
        isthmus.subspace_noise(MLP.build, mixed, folders[1], DATA)
