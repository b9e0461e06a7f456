"""Recipes for mergekit, resolved by our own reading of its rule: the first filter that is part of a tensor's name."""

from itertools import product

import pytest
import torch
from cases import CASES
from hugging_face_folders import gpt2
from safetensors.torch import load_file, save_file

import isthmus
from isthmus.errors import InputError
from isthmus.layers.rules import layer_partition
from isthmus.merging.average import average
from isthmus.merging.mergekit import filters_of, recipe_of, resolved, save_recipe
from isthmus.weights.state import entry_kinds

RESNET = CASES[2]
MODULE = RESNET.build()
LAYERS, KINDS = layer_partition("module", MODULE), entry_kinds(MODULE)


def shares_of(text, names):
    """What share of each tensor is which model's, read from the YAML alone."""
    weights = []
    for block in text.split("  - model: ")[1:]:
        rules, fallback = [], None
        for line in block.splitlines():
            if "{filter: " in line:
                text, _, value = line.partition("{filter: ")[2].rpartition(", value: ")
                rules.append((text.strip('"'), float(value.rstrip("}"))))
            elif "{value: " in line or line.strip().startswith("weight: "):
                fallback = float(line.rpartition(": ")[2].rstrip("}"))
        weights.append([resolved(rules, fallback, name) for name in names])
    return {name: tuple(weight / sum(of) for weight in of) for name, *of in zip(names, *weights, strict=True)}


def half(labels, alpha=0.5):
    """Shares of a host and a donor in some layers."""
    return dict.fromkeys(labels, (1 - alpha, alpha))


@pytest.mark.parametrize("alpha", [0.5, 0.3])
@pytest.mark.parametrize("keeps_statistics", [False, True])
@pytest.mark.parametrize("chosen", [("conv1",), ("bn1", "layer1.0.conv1", "fc"), tuple(LAYERS), ()])
def test_every_tensor_gets_the_weight_that_it_has_in_the_file(tmp_path, alpha, keeps_statistics, chosen):
    policy = "host" if keeps_statistics else "interpolate"
    paths = [tmp_path / f"{name}.safetensors" for name in "ab"]
    for path, seed in zip(paths, (0, 1), strict=True):
        save_file(RESNET.weights(seed), path)
    save_recipe(tmp_path / "r.yml", half(chosen, alpha), LAYERS, KINDS, paths, keeps_statistics=keeps_statistics)
    text = (tmp_path / "r.yml").read_text()
    assert "slerp" not in text
    assert "merge_method: linear" in text
    assert text.count("filter") < 100
    a, b = (load_file(path) for path in paths)
    made = average(a, b, layers=dict.fromkeys(chosen, alpha), model=RESNET.build, batch_norm=policy).weights
    for key, shares in shares_of(text, list(a)).items():
        mixed = sum(share * weights[key].double() for share, weights in zip(shares, (a, b), strict=False))
        torch.testing.assert_close(mixed.to(a[key].dtype), made[key], msg=key)


def test_a_name_within_another_is_told_from_it():
    names = [
        ".".join(parts) for parts in product(("conv1", "layer1.0.conv1", "xconv1"), ("weight", "bias", "weight_g"))
    ]
    for wanted in range(2 ** len(names)):
        values = {(name,): float(wanted >> number & 1) for number, name in enumerate(names)}
        filters = filters_of(values, ["conv1.", "layer1.0.conv1.", "xconv1."], 0.0)
        assert all(resolved(filters, 0.0, name) == value for (name,), value in values.items())


def test_folders_are_proven_with_and_without_the_name_of_the_models_body():
    model = gpt2(0)
    layers, kinds = layer_partition("module", model), entry_kinds(model)
    moved = [label for label in layers if ".h.0." in label]
    stored = [key for key in model.state_dict() if key != "lm_head.weight"]
    recipe = recipe_of(half(moved), layers, kinds, stored, is_model=True)
    for name in stored:
        short = name.removeprefix("transformer.")
        assert recipe.shares(name) == recipe.shares(short) == ((0.5, 0.5) if short.startswith("h.0.") else (1.0, 0.0))


def test_bfloat16_is_computed_wide_and_written_as_it_was(tmp_path):
    for name, seed in (("a", 0), ("b", 1)):
        save_file({k: t.bfloat16() for k, t in RESNET.weights(seed).items()}, tmp_path / f"{name}.safetensors")
    save_recipe(tmp_path / "r.yml", half(["fc"]), LAYERS, KINDS, [tmp_path / f"{n}.safetensors" for n in "ab"])
    assert (tmp_path / "r.yml").read_text().endswith("dtype: float32\nout_dtype: bfloat16\n")


@pytest.mark.parametrize("keeps_statistics", [False, True])
def test_of_several_networks_every_tensor_is_the_mean_of_those_in_its_layer(tmp_path, keeps_statistics):
    paths = [tmp_path / f"{name}.safetensors" for name in "abcd"]
    for seed, path in enumerate(paths):
        save_file(RESNET.weights(seed), path)
    members = {"conv1": (0, 1, 2, 3), "layer1.0.conv1": (0, 2), "bn1": (0, 1, 3), "fc": (0, 3)}
    shares = {label: [(number in of) / len(of) for number in range(4)] for label, of in members.items()}
    save_recipe(tmp_path / "r.yml", shares, LAYERS, KINDS, paths, keeps_statistics=keeps_statistics)
    found = shares_of((tmp_path / "r.yml").read_text(), list(RESNET.weights(0)))
    for label in LAYERS:
        for key in LAYERS[label]:
            is_kept = key.endswith("num_batches_tracked") or (keeps_statistics and "running" in key)
            assert found[key] == (tuple(shares[label]) if label in shares and not is_kept else (1.0, 0.0, 0.0, 0.0)), (
                key
            )


@pytest.mark.parametrize(
    ("change", "message"),
    [(lambda w: {f"net.{k}": t for k, t in w.items()}, "same names"), (None, "on disk")],
)
def test_networks_that_mergekit_could_not_read_so_are_refused(tmp_path, change, message):
    save_file(RESNET.weights(0), tmp_path / "a.safetensors")
    other = RESNET.weights(1)
    if change is not None:
        save_file(change(other), tmp_path / "b.safetensors")
        other = tmp_path / "b.safetensors"
    with pytest.raises(InputError, match=message):
        save_recipe(tmp_path / "r.yml", half(["fc"]), LAYERS, KINDS, [tmp_path / "a.safetensors", other])
    assert not (tmp_path / "r.yml").exists()


def test_merge_writes_the_recipe_of_what_it_merged(tmp_path):
    case = CASES[0]
    a, b = case.weights(0), case.weights(0)
    b["fc.bias"] += torch.linspace(0, 0.1, 10)
    paths = [tmp_path / f"{name}.safetensors" for name in "ab"]
    for path, weights in zip(paths, (a, b), strict=True):
        save_file(weights, path)
    found = isthmus.merge(
        case.build, *paths, case.data(99, seed=1), case.data(99, seed=2), tolerance=1.0, mergekit=tmp_path / "r.yml",
        num_random=0,
    )  # fmt: skip
    shares = shares_of((tmp_path / "r.yml").read_text(), list(a))
    assert {key for key, (_, share) in shares.items() if share} == {
        key for key in a if key.rpartition(".")[0] in found.layers
    }
