"""Distributed checkpoints and adapters: the tensors that were saved, without running what a pickle asks for."""

import json
import pickle
import warnings

import pytest
import torch
from hugging_face_folders import gpt2, save_folder
from safetensors.torch import save_file
from torch import nn
from torch.distributed import checkpoint as dcp

from isthmus.errors import InputError
from isthmus.weights.checkpoint import load_checkpoint
from isthmus.weights.formats.plain_pickle import plain_pickle

WEIGHTS = {"fc.weight": torch.randn(4, 3), "fc.bias": torch.zeros(4, dtype=torch.bfloat16), "n": torch.tensor(3)}


@pytest.fixture
def saved(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dcp.save({"model": WEIGHTS, "step": 3}, checkpoint_id=tmp_path / "dcp", no_dist=True)
    return tmp_path / "dcp"


def test_a_distributed_checkpoint_holds_what_was_saved(saved):
    found = load_checkpoint(saved)
    assert found.weights.keys() == WEIGHTS.keys()
    assert all(torch.equal(found.weights[key], tensor) for key, tensor in WEIGHTS.items())
    assert found.weights["fc.bias"].dtype == torch.bfloat16
    assert "read from a distributed checkpoint" in found.notes


def test_a_damaged_or_missing_part_is_refused(saved):
    part = next(saved.glob("*.distcp"))
    whole = part.read_bytes()
    part.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"ends before|damaged"):
        load_checkpoint(saved)
    part.unlink()
    with pytest.raises(InputError, match=f"no {part.name}"):
        load_checkpoint(saved)


def test_metadata_that_points_outside_the_folder_is_refused(saved):
    metadata = (saved / ".metadata").read_bytes()
    part = next(saved.glob("*.distcp")).name.encode()
    (saved / ".metadata").write_bytes(metadata.replace(part, b"../" + part[3:]))
    with pytest.raises(InputError, match="the name of a file in the folder dcp"):
        load_checkpoint(saved)


class Runs:
    def __reduce__(self):
        return exec, ("raise SystemExit('a pickle ran')",)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_is_followed_and_nothing_in_it_runs(protocol):
    found = plain_pickle(pickle.dumps({"a": Runs(), "b": [1, (2.5, None)], "c": {"d": True}}, protocol), "mine")
    names = dict(found)
    assert names["a"].name.endswith(".exec")
    assert names["b"] == [1, (2.5, None)]
    assert names["c"] == [("d", True)]


@pytest.mark.parametrize("data", [b"", b"\x80\x04.", b"\x80\x04K\x01K\x02.", b"not a pickle", pickle.dumps(1)[:-1]])
def test_what_is_no_pickle_is_refused(data):
    with pytest.raises(InputError, match="copy the folder again"):
        plain_pickle(data, "mine")


CONFIG = {"peft_type": "LORA", "r": 2, "lora_alpha": 6, "base_model_name_or_path": "base"}
BASE = {"body.q.weight": torch.randn(5, 4), "body.k.weight": torch.randn(5, 4), "head.weight": torch.randn(3, 5)}
A, B = torch.randn(2, 4), torch.randn(5, 2)
Q = "base_model.model.body.q"


def save_adapter(folder, entries, **config):
    (folder / "base").mkdir(exist_ok=True)
    save_file(BASE, folder / "base" / "model.safetensors")
    (folder / "adapter").mkdir()
    save_file(
        {key: tensor.contiguous() for key, tensor in entries.items()}, folder / "adapter/adapter_model.safetensors"
    )
    (folder / "adapter" / "adapter_config.json").write_text(json.dumps(CONFIG | config))
    return folder / "adapter"


@pytest.mark.parametrize(
    ("config", "scale"),
    [
        ({}, 3), ({"use_rslora": True}, 6 / 2**0.5), ({"alpha_pattern": {"q": 4}}, 2),
        ({"rank_pattern": {"body.q": 3}}, 2), ({"rank_pattern": {"k": 3}}, 3),
    ],
)  # fmt: skip
def test_an_adapter_is_merged_into_its_base(tmp_path, config, scale):
    entries = {f"{Q}.lora_A.weight": A, f"{Q}.lora_B.weight": B, "base_model.model.head.weight": torch.ones(3, 5)}
    found = load_checkpoint(save_adapter(tmp_path, entries, **config))
    torch.testing.assert_close(found.weights["body.q.weight"], BASE["body.q.weight"] + scale * B @ A)
    assert torch.equal(found.weights["body.k.weight"], BASE["body.k.weight"])
    assert torch.equal(found.weights["head.weight"], torch.ones(3, 5))
    assert any("an adapter of 1 modules was merged into its base 'base', and 1 whole" in note for note in found.notes)


def test_weights_stored_as_inputs_by_outputs_take_the_transpose(tmp_path):
    entries = {f"{Q}.lora_A.weight": torch.randn(2, 5), f"{Q}.lora_B.weight": torch.randn(4, 2)}
    found = load_checkpoint(save_adapter(tmp_path, entries, fan_in_fan_out=True))
    change = 3 * (entries[f"{Q}.lora_B.weight"] @ entries[f"{Q}.lora_A.weight"]).T
    torch.testing.assert_close(found.weights["body.q.weight"], BASE["body.q.weight"] + change)


@pytest.mark.parametrize(
    ("entries", "config", "message"),
    [
        ({f"{Q}.lora_A.weight": A}, {}, "lora_A alone for 'body.q'"),
        ({f"{Q}x.lora_A.weight": A, f"{Q}x.lora_B.weight": B}, {}, "'body.qx', which the base lacks"),
        ({f"{Q}.lora_A.weight": A.T, f"{Q}.lora_B.weight": B}, {}, "the adapter's own base"),
        ({"base_model.model.head.weight": torch.ones(9, 5)}, {}, "other names or shapes"),
        ({}, {"use_dora": True}, "DoRA(.|\n)*merge_and_unload"),
        ({}, {"peft_type": "IA3"}, "IA3(.|\n)*merge_and_unload"),
        ({}, {"base_model_name_or_path": None}, "fill in base_model_name_or_path"),
        ({}, {"r": "two"}, "r and lora_alpha"),
        ({}, {"r": 0}, "ranks from 1"),
        ({}, {"r": -2, "use_rslora": True}, "ranks from 1"),
        ({}, {"r": 10**400}, "ranks from 1"),
        ({}, {"rank_pattern": {"body.*": 0}}, "ranks from 1"),
        ({}, {"lora_alpha": float("inf")}, "alphas that are finite"),
        ({}, {"alpha_pattern": {"body.*": float("nan")}}, "alphas that are finite"),
    ],
)  # fmt: skip
def test_adapters_that_do_not_fit_are_refused(tmp_path, entries, config, message):
    with pytest.raises(InputError, match=message):
        load_checkpoint(save_adapter(tmp_path, entries, **config))


def test_an_adapter_over_a_folder_of_hugging_face_gives_the_outputs_of_the_sum(tmp_path):
    """GPT-2 keeps weights as (inputs, outputs), and its checkpoint lacks the prefix that the adapter's keys have."""
    model = gpt2(0)
    save_folder(model, tmp_path / "base")
    module = model.transformer.h[0].attn.c_attn
    factors = {"lora_A.weight": torch.randn(2, 8), "lora_B.weight": torch.randn(24, 2)}
    (tmp_path / "adapter").mkdir()
    path = "base_model.model.transformer.h.0.attn.c_attn"
    save_file({f"{path}.{name}": t for name, t in factors.items()}, tmp_path / "adapter/adapter_model.safetensors")
    (tmp_path / "adapter/adapter_config.json").write_text(json.dumps(CONFIG | {"fan_in_fan_out": True}))
    with torch.no_grad():
        module.weight += 3 * (factors["lora_B.weight"] @ factors["lora_A.weight"]).T
    found = load_checkpoint(tmp_path / "adapter").weights
    fresh = gpt2(1)
    missing = fresh.load_state_dict(found, strict=False)
    assert not missing.unexpected_keys
    tokens = torch.tensor([[1, 2, 3]])
    torch.testing.assert_close(fresh.eval()(tokens).logits, model.eval()(tokens).logits)


def test_the_module_of_a_linear_layer_is_enough(tmp_path):
    """A base that is one file beside the adapter."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 5))
    torch.save(net.state_dict(), tmp_path / "base.pt")
    (tmp_path / "adapter").mkdir()
    save_file(
        {"base_model.model.0.lora_A.weight": A, "base_model.model.0.lora_B.weight": B},
        tmp_path / "adapter/adapter_model.safetensors",
    )
    (tmp_path / "adapter/adapter_config.json").write_text(json.dumps(CONFIG | {"base_model_name_or_path": "base.pt"}))
    found = load_checkpoint(tmp_path / "adapter").weights
    torch.testing.assert_close(found["0.weight"], net[0].weight.detach() + 3 * B @ A)
