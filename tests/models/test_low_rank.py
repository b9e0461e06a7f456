"""Adapters of one base: averaging their factors is not averaging the merged weights, and both are what a loop says."""

import json

import pytest
import torch
from hugging_face_folders import gpt2, save_folder
from safetensors.torch import save_file
from torch.nn import functional

import isthmus
from isthmus.errors import InputError
from isthmus.models.load import load_model

PATHS = ("transformer.h.0.attn.c_attn", "transformer.h.0.mlp.c_fc")
CONFIG = {"peft_type": "LORA", "r": 2, "lora_alpha": 6, "base_model_name_or_path": "base", "fan_in_fan_out": True}


def factors(seed):
    """A and B of two modules of a GPT-2."""
    random = torch.Generator().manual_seed(seed)
    shapes = {PATHS[0]: (8, 24), PATHS[1]: (8, gpt2(0).get_submodule(PATHS[1]).weight.shape[1])}
    return {
        path: (torch.randn(2, inputs, generator=random), torch.randn(outputs, 2, generator=random))
        for path, (inputs, outputs) in shapes.items()
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("adapters")
    save_folder(gpt2(0), place / "base")
    for seed, name in ((1, "a"), (2, "b")):
        (place / name).mkdir()
        entries = {}
        for path, (down, up) in factors(seed).items():
            entries |= {f"base_model.model.{path}.lora_A.weight": down, f"base_model.model.{path}.lora_B.weight": up}
        save_file(entries, place / name / "adapter_model.safetensors")
        (place / name / "adapter_config.json").write_text(json.dumps(CONFIG))
    return place


TOKENS = torch.randint(10, (12, 6), generator=torch.Generator().manual_seed(3))
DATA = (TOKENS[:, :-1], TOKENS[:, 1:])


def loss_with(changes):
    """The base with a change of some weights, in a plain forward pass."""
    model = gpt2(0).eval()
    with torch.no_grad():
        for path, change in changes.items():
            model.get_submodule(path).weight += change.T
        logits = model(DATA[0]).logits
    return float(functional.cross_entropy(logits.flatten(0, 1), DATA[1].flatten()))


def test_the_layers_of_an_adapters_network_are_the_adapted_modules(folder):
    model = load_model(f"hf:{folder / 'a'}")
    assert set(model.state_dict()) == {f"{path}.lora_{letter}" for path in PATHS for letter in "AB"}
    assert set(isthmus.layer_partition("module", model)) == set(PATHS)


def test_factors_and_merged_weights_are_averaged_each_as_a_loop_says(folder):
    a, b = factors(1), factors(2)
    files = [folder / name / "adapter_model.safetensors" for name in "ab"]
    of_factors = isthmus.measure(f"hf:{folder / 'a'}", *files, DATA)
    of_merged = isthmus.measure(f"hf:{folder / 'base'}", folder / "a", folder / "b", DATA)
    for path in PATHS:
        other = next(p for p in PATHS if p != path)
        kept = {other: 3 * a[other][1] @ a[other][0]}
        middle = [(x + y) / 2 for x, y in zip(a[path], b[path], strict=True)]
        product, mean = 3 * middle[1] @ middle[0], 3 * (a[path][1] @ a[path][0] + b[path][1] @ b[path][0]) / 2
        found = [float(r.loss.sel(host="a", moving=path, alpha=0.5)) for r in (of_factors, of_merged)]
        assert found[0] == pytest.approx(loss_with(kept | {path: product}), abs=2e-6)
        assert found[1] == pytest.approx(loss_with(kept | {path: mean}), abs=2e-6)
        assert abs(found[0] - found[1]) > 1e-3
    assert float(of_factors.loss_a) == pytest.approx(float(of_merged.loss_a), abs=2e-6)


def test_a_folder_of_an_adapter_is_not_taken_for_factors(folder):
    with pytest.raises(InputError, match=r"adapter_model\.safetensors|keys"):
        isthmus.measure(f"hf:{folder / 'a'}", folder / "a", folder / "b", DATA)
