"""mergekit run on our recipes: the bytes of our file. It needs an environment of its own (docs/merging.md)."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import torch
import transformers
from cases import CASES
from hugging_face_folders import SIZES, WORDS, gpt2, save_folder, save_tokenizer, scattered
from safetensors.torch import load_file, save_file

import isthmus
from isthmus.layers.rules import layer_partition
from isthmus.merging.average import average
from isthmus.merging.mergekit import save_recipe
from isthmus.weights.state import entry_kinds

MERGEKIT = os.environ.get("ISTHMUS_MERGEKIT") or shutil.which("mergekit-yaml")
pytestmark = [
    pytest.mark.slow,  # each run imports torch, transformers and peft in a process of its own
    pytest.mark.skipif(MERGEKIT is None, reason="no mergekit: set ISTHMUS_MERGEKIT=/path/to/bin/mergekit-yaml"),
]


def llama(seed):
    """A Llama with grouped queries, whose head is not tied."""
    sizes = SIZES | {"num_hidden_layers": 3}
    config = transformers.LlamaConfig(vocab_size=len(WORDS), num_key_value_heads=1, max_position_embeddings=16, **sizes)
    return scattered(transformers.LlamaForCausalLM(config), seed)


def run_mergekit(recipe, out, command="mergekit-yaml"):
    done = subprocess.run(
        [Path(MERGEKIT).with_name(command), recipe, out], capture_output=True, text=True, check=False,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return load_file(out / "model.safetensors")


def averaged(place, build, dtype):
    """Every other layer of two folders averaged: by isthmus, and by mergekit from the recipe."""
    models = [build(seed).to(dtype) for seed in (0, 1)]
    for name, model in zip("ab", models, strict=True):
        save_tokenizer(save_folder(model, place / name))
    layers, kinds = layer_partition("module", models[0]), entry_kinds(models[0])
    alphas = dict.fromkeys(list(layers)[::2], 0.5)
    average(place / "a", place / "b", layers=alphas, model=f"hf:{place / 'a'}", out=place / "ours")
    shares = {label: (1 - alpha, alpha) for label, alpha in alphas.items()}
    save_recipe(place / "r.yml", shares, layers, kinds, [place / "a", place / "b"])
    moved = {key for label in alphas for key in layers[label]}
    return load_file(place / "ours" / "model.safetensors"), run_mergekit(place / "r.yml", place / "theirs"), moved


def bits(tensor):
    return tensor.reshape(-1).view(torch.uint8)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("build", [gpt2, llama])
def test_networks_in_half_precision_have_equal_bytes(tmp_path, build, dtype):
    ours, theirs, moved = averaged(tmp_path, build, dtype)
    assert ours.keys() == theirs.keys()
    assert ("lm_head.weight" in ours) == (build is llama)  # GPT-2's is tied and stands in no file
    assert 0 < len(moved & ours.keys()) < len(ours)
    assert all(torch.equal(bits(ours[key]), bits(theirs[key])) for key in ours)


@pytest.mark.filterwarnings("ignore:few examples carry the cost")
def test_a_certified_merge_has_the_bytes_of_its_recipe(tmp_path):
    a, other = gpt2(0).bfloat16(), gpt2(1).bfloat16()
    mixed = {key: torch.lerp(tensor, other.state_dict()[key], 0.6) for key, tensor in a.state_dict().items()}
    for name, weights in (("a", a.state_dict()), ("b", mixed)):
        other.load_state_dict(weights)
        save_tokenizer(save_folder(other, tmp_path / name))
    tokens = torch.randint(len(WORDS), (80, 11), generator=torch.Generator().manual_seed(1))
    halves = [(part[:, :-1], part[:, 1:]) for part in tokens.split(40)]
    found = isthmus.merge(
        f"hf:{tmp_path / 'a'}", tmp_path / "a", tmp_path / "b", *halves, tolerance=0.5, out=tmp_path / "merged",
        mergekit=tmp_path / "r.yml",
    )  # fmt: skip
    assert found.layers
    ours, theirs = (
        load_file(tmp_path / "merged" / "model.safetensors"),
        run_mergekit(tmp_path / "r.yml", tmp_path / "t"),
    )
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(bits(ours[key]), bits(theirs[key])) for key in ours)


@pytest.mark.filterwarnings("ignore:few examples carry the cost")
def test_a_soup_is_that_of_its_recipe_but_for_the_last_place_of_few_numbers(tmp_path):
    a, others = gpt2(0).bfloat16(), [gpt2(seed).bfloat16() for seed in (1, 2)]
    save_tokenizer(save_folder(a, tmp_path / "a"))
    for name, other in zip("bc", others, strict=True):
        near = {key: torch.lerp(t, other.state_dict()[key], 0.4) for key, t in a.state_dict().items()}
        other.load_state_dict(near)
        save_tokenizer(save_folder(other, tmp_path / name))
    tokens = torch.randint(len(WORDS), (80, 11), generator=torch.Generator().manual_seed(1))
    halves = [(part[:, :-1], part[:, 1:]) for part in tokens.split(40)]
    found = isthmus.merge(
        f"hf:{tmp_path / 'a'}", tmp_path / "a", [tmp_path / "b", tmp_path / "c"], *halves, tolerance=5.0, num_random=0,
        out=tmp_path / "merged", mergekit=tmp_path / "r.yml",
    )  # fmt: skip
    assert all(found.joined.values())
    ours, theirs = (
        load_file(tmp_path / "merged" / "model.safetensors"),
        run_mergekit(tmp_path / "r.yml", tmp_path / "t"),
    )
    assert ours.keys() == theirs.keys()
    steps = [(ours[key].view(torch.int16).int() - theirs[key].view(torch.int16).int()).abs() for key in ours]
    assert max(int(step.max()) for step in steps) <= 1
    assert sum(int((step > 0).sum()) for step in steps) < 0.01 * sum(step.numel() for step in steps)


def test_in_float32_bits_agree_wherever_the_difference_is_exact(tmp_path):
    ours, theirs, moved = averaged(tmp_path, llama, torch.float32)
    a, b = (load_file(tmp_path / name / "model.safetensors") for name in "ab")
    num_differing = 0
    for key in ours:
        if key not in moved:
            assert torch.equal(ours[key], theirs[key])
            continue
        exact = (b[key] - a[key]).double() == b[key].double() - a[key].double()
        assert torch.equal(ours[key][exact], theirs[key][exact])
        larger = torch.maximum(a[key].abs(), b[key].abs())
        unit = torch.nextafter(larger, torch.tensor(torch.inf)) - larger
        assert ((ours[key] - theirs[key]).abs() <= unit).all()
        num_differing += int((ours[key] != theirs[key]).sum())
    assert num_differing  # else the documents may promise more


def test_files_of_a_network_with_statistics_and_counters(tmp_path):
    case = CASES[2]
    module = case.build()
    layers, kinds = layer_partition("module", module), entry_kinds(module)
    paths = [tmp_path / f"{name}.safetensors" for name in "ab"]
    counters = {key: tensor for key, tensor in case.weights(0).items() if not tensor.is_floating_point()}
    assert counters
    for path, seed in zip(paths, (0, 1), strict=True):
        # mergekit refuses files whose counters differ.
        weights = case.weights(seed) | counters
        save_file({k: t.bfloat16() if t.is_floating_point() else t for k, t in weights.items()}, path)
    alphas = dict.fromkeys(("conv1", "layer1.0.conv1", "fc"), 0.5)
    save_recipe(tmp_path / "r.yml", dict.fromkeys(alphas, (0.5, 0.5)), layers, kinds, paths)
    made = average(*paths, layers=alphas, model=case.build).weights
    theirs = run_mergekit(tmp_path / "r.yml", tmp_path / "out", "mergekit-pytorch")
    assert theirs.keys() == made.keys()
    assert all(torch.equal(bits(theirs[key].to(tensor.dtype)), bits(tensor)) for key, tensor in made.items())
