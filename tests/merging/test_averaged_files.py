"""The averaged file holds the very network that was measured, and goes on in other tools."""

import json

import numpy as np
import pytest
import torch
import transformers
from cases import CASES
from hugging_face_folders import gpt2, save_folder, save_tokenizer
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

import isthmus
from isthmus.errors import InputError, UnknownNameError
from isthmus.merging.average import average
from isthmus.merging.choice import layers_of_row, layers_of_text
from isthmus.weights.state import content_hash

RESNET = CASES[2]
A, B = RESNET.weights(0), RESNET.weights(1)


@pytest.mark.parametrize("batch_norm", ["interpolate", "host"])
@pytest.mark.parametrize("layers", [["conv1"], ["conv1", "fc"], None])
def test_the_file_has_the_loss_of_the_row_that_was_measured(tmp_path, batch_norm, layers):
    data = RESNET.data(20)
    sweep = "single" if layers != ["conv1", "fc"] else "pairs"
    row = "all" if layers is None else "+".join(layers)
    measured = isthmus.measure(RESNET.build, A, B, data, sweep=sweep, alphas=[0.3], batch_norm=batch_norm)
    for model in (RESNET.build, None):
        made = average(
            A, B, layers=layers, alpha=0.3, model=model, batch_norm=batch_norm, out=tmp_path / f"{model}.safetensors"
        )
        read = load_file(tmp_path / f"{model}.safetensors")
        assert read.keys() == A.keys()
        assert all(torch.equal(read[key], made.weights[key]) for key in read)
        alone = isthmus.measure(RESNET.build, read, A, data, sweep="full")
        assert float(alone.loss_a) == float(measured.loss.sel(host="a", moving=row, alpha=0.3))


def test_every_layer_may_have_an_alpha_of_its_own_and_patterns_name_many():
    made = average(A, B, layers={"conv1": 0.25, "layer1.*": 1.0}, model=RESNET.build)
    torch.testing.assert_close(
        made.weights["conv1.weight"], A["conv1.weight"] + 0.25 * (B["conv1.weight"] - A["conv1.weight"])
    )
    assert torch.equal(made.weights["layer1.0.conv1.weight"], B["layer1.0.conv1.weight"])
    assert torch.equal(made.weights["fc.weight"], A["fc.weight"])
    assert set(made.alphas.values()) == {0.25, 1.0}
    assert next(iter(made.alphas)) == "conv1"


@pytest.mark.parametrize(("a", "b"), [(A, B), (B, A)])
def test_the_ends_are_the_two_networks_to_the_bit_and_counters_stay(a, b):
    for alpha, end in ((0.0, a), (1.0, b)):
        made = average(a, b, alpha=alpha)
        integer = [key for key in A if "num_batches" in key]
        assert all(torch.equal(made.weights[key], end[key]) for key in A if key not in integer)
        assert all(torch.equal(made.weights[key], a[key]) for key in integer)


def test_types_of_the_file_stay_and_numbers_are_blended_in_float32():
    a, b = ({"w": torch.full((3,), x, dtype=torch.bfloat16), "n": torch.tensor(3)} for x in (1.0, 1.0078125))
    made = average(a, b, alpha=0.5)
    assert made.weights["w"].dtype == torch.bfloat16
    assert made.weights["n"].dtype == torch.int64
    assert torch.equal(made.weights["w"], torch.full((3,), 1.00390625).to(torch.bfloat16))


def test_the_header_says_from_what_it_was_made(tmp_path):
    for name, weights in (("a", A), ("b", B)):
        save_file(weights, tmp_path / f"{name}.safetensors")
    average(tmp_path / "a.safetensors", tmp_path / "b.safetensors", layers="conv1,fc", out=tmp_path / "m.safetensors")
    with safe_open(tmp_path / "m.safetensors", "pt") as file:
        facts = json.loads(file.metadata()["isthmus"])
    assert facts["alphas"] == {"conv1": 0.5, "fc": 0.5}
    assert (facts["a"], facts["b"]) == ("a.safetensors", "b.safetensors")
    assert facts["hash_a"] != facts["hash_b"]


@pytest.mark.parametrize("shard", ["1KB", "5GB"])
def test_folders_of_hugging_face_give_a_folder_that_transformers_reads(tmp_path, shard):
    models = [gpt2(seed) for seed in (0, 1)]
    for name, model in zip("ab", models, strict=True):
        transformers.utils.logging.disable_progress_bar()
        model.save_pretrained(tmp_path / name, max_shard_size=shard)
        save_tokenizer(tmp_path / name)
    average(tmp_path / "a", tmp_path / "b", layers="transformer.h.0.*", out=tmp_path / "merged")
    merged = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    transformers.AutoTokenizer.from_pretrained(tmp_path / "merged")
    shards = [sorted(file.name for file in (tmp_path / place).glob("*.safetensors")) for place in ("a", "merged")]
    assert shards[0] == shards[1]
    assert (len(shards[0]) > 1) == (shard == "1KB")
    states = [model.state_dict() for model in (*models, merged)]
    for key in states[0]:
        moved = key.startswith("transformer.h.0.")
        expected = torch.lerp(states[0][key], states[1][key], 0.5) if moved else states[0][key]
        torch.testing.assert_close(states[2][key], expected)
    assert merged.lm_head.weight is merged.transformer.wte.weight  # tied as before
    assert sum(p.numel() for p in merged.parameters()) == sum(p.numel() for p in models[0].parameters())
    card = (tmp_path / "merged" / "README.md").read_text()
    assert card.startswith('---\nbase_model:\n- "a"\n- "b"\ntags:\n- merge')


@pytest.mark.parametrize("by_name", [False, True])
def test_a_tied_tensor_is_written_once_as_the_host_has_it(tmp_path, by_name):
    for name, seed in (("a", 0), ("b", 1)):
        save_folder(gpt2(seed), tmp_path / name)
    model = f"hf:{tmp_path / 'a'}" if by_name else None
    made = average(tmp_path / "a", tmp_path / "b", model=model, out=tmp_path / "merged")
    stored, written = (load_file(tmp_path / place / "model.safetensors") for place in ("a", "merged"))
    assert written.keys() == stored.keys()
    assert "lm_head.weight" not in written
    assert ("lm_head.weight" in made.weights) == by_name
    if by_name:
        assert torch.equal(made.weights["lm_head.weight"], written["transformer.wte.weight"])


def test_the_network_that_is_returned_is_the_one_that_was_written(tmp_path):
    plain = average(A, B, alpha=0.3, model=RESNET.build)
    made = average(A, B, alpha=0.3, model=RESNET.build, out=tmp_path / "m.safetensors")
    assert list(made.weights) == list(plain.weights) == list(RESNET.build().state_dict())
    assert content_hash(made.weights) == content_hash(plain.weights)
    assert content_hash(load_file(tmp_path / "m.safetensors")) == content_hash(plain.weights)


def test_a_row_of_a_run_names_its_layers(tmp_path):
    isthmus.measure(RESNET.build, A, B, RESNET.data(8), sweep="cumulative:shallow_first", out=tmp_path / "run")
    layers = layers_of_row(tmp_path / "run", "shallow_first:03")
    assert len(layers) == 3
    assert list(average(A, B, layers=layers, model=RESNET.build).alphas) == layers
    with pytest.raises(UnknownNameError, match="shallow_first:99"):
        layers_of_row(tmp_path / "run", "shallow_first:99")
    with pytest.raises(InputError, match="--row"):
        layers_of_row(tmp_path / "run", None)


def test_a_text_names_layers_and_alphas():
    assert layers_of_text("conv1,fc", 0.5) == "conv1,fc"
    assert layers_of_text("conv1=0.3,layer*=1", 0.5) == {"conv1": 0.3, "layer*": 1.0}
    with pytest.raises(InputError, match="a number after ="):
        layers_of_text("conv1=half", 0.5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": "conv9"}, "conv9"),
        ({"layers": {"conv1": float("nan")}}, "a finite number"),
        ({"batch_norm": "recalibrate"}, "add --model NAME and --recalibrate-on DATA"),
        ({"repair": True, "model": RESNET.build}, "no data"),
        ({"batch_norm": "anew"}, "a policy for BatchNorm"),
        ({"rule": "block"}, "add --model"),
    ],
)
def test_what_cannot_be_averaged_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        average(A, B, **options)


def test_nothing_is_written_over_and_nothing_half(tmp_path):
    (tmp_path / "there.safetensors").write_text("mine")
    with pytest.raises(InputError, match="a name that is free"):
        average(A, B, out=tmp_path / "there.safetensors")
    assert (tmp_path / "there.safetensors").read_text() == "mine"
    for name, message in (("m.pt", "safetensors"), ("folder", "ends in .safetensors")):
        with pytest.raises(InputError, match=message):
            average(A, B, out=tmp_path / name)
    with pytest.raises(InputError, match=r"equal|keys"):
        average(A, nn.Linear(2, 2).state_dict(), out=tmp_path / "m.safetensors")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["there.safetensors"]


def test_two_folders_that_are_no_pair_leave_no_folder(tmp_path):
    save_folder(gpt2(0), tmp_path / "a")
    save_file({"x": torch.zeros(1)}, tmp_path / "b.safetensors")
    with pytest.raises(InputError):
        average(tmp_path / "a", tmp_path / "b.safetensors", out=tmp_path / "merged")
    assert not (tmp_path / "merged").exists()
    assert np.all([not file.name.startswith(".merged") for file in tmp_path.iterdir()])
