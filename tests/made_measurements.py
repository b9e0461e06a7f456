"""Made-up measurements of every shape that the report has to show."""

import json
from collections.abc import Sequence

import numpy as np
import xarray as xr

from isthmus.measures.averaging import averaging_alpha, rise_rows, rises_asked
from isthmus.sweeps.spec import sweeps_of

SWEEPS = ["single", "cumulative:shallow_first", "cumulative:random:0,1", "window:2", "pairs"]

MANIFEST = {
    "isthmus_version": "0.1.0",
    "torch_version": "2.13.0",
    "hash_a": "a1" * 32,
    "hash_b": "b2" * 32,
    "name_a": "first.safetensors",
    "name_b": "second.safetensors",
    "data_hash": "d4" * 32,
    "data_name": "cifar10",
    "model": "resnet18_no_norm",
    "layer_rule": "module",
    "loss": "cross_entropy",
    "baseline": "models",
    "batch_norm": "interpolate",
    "dtype": "float32",
    "device": "cpu",
    "engine": "direct",
    "seed": 0,
    "num_examples": 512,
    "interval_target": "distribution",
    "run_id": "0123456789abcdef",
    "self_checks": json.dumps([
        {"check": "alpha 0 and 1 reproduce the two networks", "passed": True, "detail": "largest difference 0"},
        {"check": "two passes over the data give the same losses", "passed": False, "detail": "differ by 1e-3"},
    ]),
    "warnings": json.dumps(["weights of a hold NaN in layer conv1"]),
    "settings": json.dumps({"alphas": [0.0, 0.5, 1.0], "sweep": ["single"], "precision": None}),
}


def resnet_layers(count: int) -> list[str]:
    """Names as torchvision would give them, `count` of them, deep ones long."""
    names = ["conv1"]
    for stage in range(1, 9):
        for block in range(2):
            names += [f"layer{stage}.{block}.conv1", f"layer{stage}.{block}.conv2", f"layer{stage}.{block}.bn2"]
            names += [f"layer{stage}.{block}.downsample.0"] if block == 1 else []
    return [*names[: count - 1], "fc"]


def make_measurement(
    layers: int | Sequence[str] = 21,
    alphas: Sequence[float] = (0.5,),
    hosts: Sequence[str] = ("a", "b"),
    splits: Sequence[str] | None = None,
    errors: bool = True,
    full: float = 2.2,
    scale: float = 0.08,
    half_width: float = 0.03,
    identical: bool = False,
    seed: int = 0,
) -> xr.Dataset:
    """A measurement whose numbers are drawn, not measured."""
    rng = np.random.default_rng(seed)
    names = ["all", *(resnet_layers(layers) if isinstance(layers, int) else layers)]
    dims = (["split"] if splits else []) + ["host", "moving"]
    shape = ([len(splits)] if splits else []) + [len(hosts), len(names)]
    alpha = np.asarray(alphas, dtype=np.float64)
    height = rng.normal(0.4 * scale, scale, size=shape)
    height[..., 0] = full * rng.uniform(0.97, 1.03, size=shape[:-1])
    if identical:
        height = np.zeros(shape)
    bump = 4 * alpha * (1 - alpha)
    variables = {}
    for kind, factor in (("loss", 1.0), ("error", 0.3)) if errors else (("loss", 1.0),):
        tilt = 0.0 if identical else 0.01 * factor
        excess = factor * height[..., None] * bump + tilt * (1 - 2 * alpha)
        name = "loss" if kind == "loss" else "error_rate"
        variables[name] = ([*dims, "alpha"], excess + 0.3)
        variables[f"{kind}_excess"] = ([*dims, "alpha"], excess)
        at = excess.argmax(-1)
        half = np.zeros(shape) if identical else factor * half_width * rng.uniform(0.5, 1.5, size=shape)
        variables[f"{kind}_barrier"] = (dims, excess.max(-1))
        variables[f"{kind}_barrier_low"] = (dims, excess.max(-1) - half)
        variables[f"{kind}_barrier_high"] = (dims, excess.max(-1) + half)
        variables[f"alpha_at_{kind}_barrier"] = (dims, alpha[at])
        variables[f"{kind}_barrier_at_end"] = (dims, np.isin(alpha[at], [0.0, 1.0]))
        for end in "ab":
            variables[f"{kind}_{end}"] = (dims[:-2], np.full(shape[:-2], 0.3))
        for rise in rises_asked(alphas):
            rows = rise_rows(rise, alphas, alphas)
            best = np.array(rows, dtype=int)[excess[..., rows].argmax(-1)] if rows else np.zeros(shape, dtype=int)
            top = np.take_along_axis(excess, best[..., None], -1)[..., 0] if rows else np.full(shape, np.nan)
            variables[f"{kind}_{rise}"] = (dims, top)
            variables[f"{kind}_{rise}_low"] = (dims, top - half)
            variables[f"{kind}_{rise}_high"] = (dims, top + half)
            if kind == "loss":
                variables[f"loss_{rise}_effective_examples"] = (dims, np.full(shape, 300.0))
            if rise == "largest_rise":
                variables[f"alpha_at_{kind}_{rise}"] = (dims, alpha[best])
    variables["loss_barrier_effective_examples"] = (dims, np.full(shape, 300.0))
    variables["num_examples"] = (dims, np.full(shape, 512))
    rise = variables["loss_rise"][1]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(rise[..., :1] > 0, (len(names) - 1) * rise / rise[..., :1], np.nan)
    share[..., 0] = np.nan
    for end, shift in (("", 0.0), ("_low", -0.1), ("_high", 0.1)):
        variables[f"loss_rise_share{end}"] = (dims, share + shift)
    distance = np.zeros(len(names)) if identical else rng.uniform(1, 9, size=len(names))
    distance[0] = np.sqrt((distance[1:] ** 2).sum())
    variables["distance"] = (["moving"], distance)
    variables["relative_distance"] = (["moving"], distance / 10)
    variables["cosine"] = (["moving"], np.cos(distance / 10))
    variables["cosine_status"] = (["moving"], np.array(["defined"] * len(names), dtype=object))
    variables["num_parameters"] = (["moving"], rng.integers(100, 2_000_000, size=len(names)))
    coords = {
        "host": list(hosts),
        "moving": names,
        "alpha": alpha,
        "sweep": ("moving", ["full"] + ["single"] * (len(names) - 1)),
        "layers_moved": ("moving", ["+".join(names[1:]), *names[1:]]),
        "rise_alpha": averaging_alpha(alphas),
    }
    if splits:
        coords["split"] = list(splits)
    return xr.Dataset(variables, coords=coords, attrs=dict(MANIFEST, model="resnet18_no_norm"))


def make_classes(result: xr.Dataset, count: int = 10, seed: int = 1) -> xr.Dataset:
    """Barriers of every class for the same splits, hosts and layers."""
    rng = np.random.default_rng(seed)
    dims = [*(["split"] if "split" in result.dims else []), "label", "host", "moving"]
    sizes = {**result.sizes, "label": count}
    shape = [sizes[dim] for dim in dims]
    variables = {}
    for kind in ("loss", "error"):
        value = rng.normal(0.05, 0.2, size=shape)
        for name, shift in (("", 0.0), ("_low", -0.1), ("_high", 0.1)):
            variables[f"{kind}_barrier{name}"] = (dims, value + shift)
    coords = {dim: result[dim] for dim in dims if dim != "label"}
    coords["label"] = np.arange(count)
    coords["label_name"] = ("label", [f"class {i}" for i in range(count)])
    return xr.Dataset(variables, coords=coords)


def with_cells(result: xr.Dataset, **cells: float) -> xr.Dataset:
    """The result with the values of `conv1` into host a set by hand."""
    changed = result.copy(deep=True)
    for name, value in cells.items():
        changed[name].loc[{"moving": "conv1", "host": "a"}] = value
    return changed


def many_sweeps(layers: int = 6, sweeps: list[str] = SWEEPS, **options: object) -> xr.Dataset:
    """A made-up measurement of several sweeps."""
    names = resnet_layers(layers)
    groups = [group for sweep in sweeps_of(sweeps) for group in sweep.groups(names)]
    made = make_measurement([group.label for group in groups[1:]], **options)
    return made.assign_coords(
        sweep=("moving", [group.sweep for group in groups]),
        layers_moved=("moving", ["+".join(group.layers) for group in groups]),
    )
