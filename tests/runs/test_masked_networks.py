"""Networks with infinities in a buffer that is saved: a causal mask, the same in both."""

import pytest
import torch
import xarray as xr
from torch import nn

import isthmus
from isthmus.weights.checkpoint import save_weights

WIDTH, LENGTH = 6, 4


class Causal(nn.Module):
    """One attention over a row of tokens, under a mask of minus infinities."""

    def __init__(self, saved):
        super().__init__()
        self.embed = nn.Linear(1, WIDTH)
        self.project = nn.Linear(WIDTH, 3 * WIDTH)
        self.readout = nn.Linear(LENGTH * WIDTH, 3)
        mask = torch.full((LENGTH, LENGTH), float("-inf")).triu(1)
        self.register_buffer("mask", mask, persistent=saved)

    def forward(self, x):
        query, key, value = self.project(self.embed(x[..., None])).chunk(3, dim=-1)
        scores = query @ key.transpose(1, 2) + self.mask
        return self.readout((scores.softmax(-1) @ value).flatten(1))


def weights(seed, saved):
    torch.manual_seed(seed)
    return {key: t.clone() for key, t in Causal(saved).state_dict().items()}


def data():
    random = torch.Generator().manual_seed(9)
    return torch.randn((24, LENGTH), generator=random), torch.randint(3, (24,), generator=random)


def measured(saved, **options):
    return isthmus.measure(lambda: Causal(saved), weights(0, saved), weights(1, saved), data(), **options)


@pytest.mark.parametrize("engine", ["shared", "direct"])
@pytest.mark.parametrize("options", [{"alphas": (0.3, 0.5, 1.0)}, {"directions": 2}, {"baseline": "cut"}])
def test_a_saved_mask_of_infinities_changes_no_number(engine, options):
    with_mask, without = (measured(saved, engine=engine, **options) for saved in (True, False))
    names = [name for name in without.data_vars if name.startswith(("loss", "error", "random", "averaging"))]
    assert with_mask["loss"].notnull().all()
    for name in names:
        xr.testing.assert_equal(with_mask[name], without[name])


def test_a_saved_mask_of_infinities_is_worth_no_warning(recwarn):
    measured(saved=True)
    assert not [w for w in recwarn if "infinite" in str(w.message)]


def test_infinities_that_only_one_network_has_are_warned_of():
    a, b = weights(0, saved=True), weights(1, saved=True)
    with pytest.warns(isthmus.IsthmusWarning, match=r"network b holds NaN or infinite weights in mask"):
        isthmus.measure(lambda: Causal(saved=True), a | {"mask": a["mask"].nan_to_num()}, b, data(), sweep="full")


def test_noise_and_curvature_leave_the_mask_alone(tmp_path):
    folders = {}
    for saved in (True, False):
        folders[saved] = [tmp_path / f"{saved}-{name}" for name in "ab"]
        for seed, folder in enumerate(folders[saved]):
            for epoch in range(3):
                save_weights(weights(10 * seed + epoch, saved), folder / f"{epoch}ep.safetensors")
    noise, bends = (
        [study(lambda s=saved: Causal(s), *folders[saved], saved) for saved in (True, False)]
        for study in (_noise, _curvature)
    )
    for with_mask, without in (noise, bends):
        assert with_mask["loss_rise" if "sigma" in without.dims else "predicted_rise"].notnull().any()
        xr.testing.assert_allclose(with_mask.drop_attrs(), without.drop_attrs(), rtol=1e-12)


def _noise(build, a, b, _saved):
    return isthmus.subspace_noise(build, a, b, data(), sigmas=(0.0, 0.5), num_draws=2)


def _curvature(build, _a, _b, saved):
    return isthmus.curvature(build, weights(0, saved), weights(1, saved), data(), num_probes=2)
