"""Folders of Hugging Face as models and as checkpoints; ids without a network."""

import json
import sys

import pytest
import torch
import transformers
from hugging_face_folders import gpt2, gpt_neox, save_folder, vit
from safetensors.torch import load_file, save_file

from isthmus.errors import InputError
from isthmus.hugging_face import hugging_face_source, snapshot_folder, transformers_package
from isthmus.models.load import load_model
from isthmus.models.pretrained import model_settings, renamed_weights
from isthmus.runs.request.inputs import fitted_weights, named_model, read_weights
from isthmus.weights.checkpoint import load_checkpoint

BUILDERS = {"gpt_neox": gpt_neox, "gpt2": gpt2, "vit": vit}
each_model = pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)


def inputs_of(model):
    if model.config.model_type == "vit":
        return torch.randn(2, 3, 8, 8)
    return torch.randint(model.config.vocab_size, (2, 5))


def same_weights(found, model):
    expected = model.state_dict()
    return found.keys() == expected.keys() and all(torch.equal(found[key], expected[key]) for key in expected)


@each_model
def test_a_folder_gives_the_model_of_its_configuration_and_its_weights(build, tmp_path):
    original = build(1).eval()
    folder = save_folder(original, tmp_path / "mine")
    model = load_model(f"hf:{folder}").eval()
    assert type(model) is type(original)
    assert not same_weights(model.state_dict(), original)
    loaded = fitted_weights(*read_weights(folder, "a"), model)
    assert (loaded.name, same_weights(loaded.weights, original)) == ("mine", True)
    model.load_state_dict(loaded.weights)
    inputs = inputs_of(original)
    with torch.no_grad():
        assert torch.equal(model(inputs).logits, original(inputs).logits)


@each_model
def test_a_folder_of_torch_files_holds_the_same_weights_as_one_of_safetensors(build, tmp_path):
    folder = save_folder(build(1), tmp_path / "safe")
    weights = load_file(folder / "model.safetensors")
    (tmp_path / "torch").mkdir()
    torch.save(weights, tmp_path / "torch" / "pytorch_model.bin")
    found, expected = load_checkpoint(tmp_path / "torch").weights, load_checkpoint(f"hf:{folder}").weights
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[key], expected[key]) for key in expected)


def test_names_of_published_checkpoints_are_understood_and_noted():
    model = gpt2(1)
    published = {k.removeprefix("transformer."): t for k, t in model.state_dict().items() if k != "lm_head.weight"}
    published["h.0.attn.bias"] = torch.ones(1, 1, 16, 16)
    other, state = gpt2(2), torch.random.get_rng_state()
    found, notes = renamed_weights(published, other, "published")
    assert same_weights(found, model)
    assert "renamed or left out" in notes[0]
    assert torch.equal(torch.random.get_rng_state(), state)
    own = model.state_dict()
    assert renamed_weights(own, model, "own")[0] is own


def test_a_network_of_transformers_is_found_in_a_training_module():
    model = gpt2(1)
    weights = {f"lit.model.{key}": t for key, t in model.state_dict().items()} | {"loss.weight": torch.ones(3)}
    fitted = fitted_weights(weights, "a", (), gpt2(2))
    assert same_weights(fitted.weights, model)
    assert "loss.weight" in fitted.notes[-1]


def test_half_precision_of_a_published_checkpoint_keeps_its_values():
    published = {f"gpt_neox.{k}" if "embed_out" in k else k: t.half() for k, t in gpt_neox(1).state_dict().items()}
    published["gpt_neox.layers.0.attention.bias"] = torch.ones(1, 1, 16, 16, dtype=torch.bool)
    found, _ = renamed_weights(published, gpt_neox(2), "published")
    key = "gpt_neox.layers.0.mlp.dense_h_to_4h.weight"
    assert torch.equal(found[key].float(), published[key].float())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.pop("h.0.ln_1.weight"), "1 missing: transformer.h.0.ln_1.weight"),
        (lambda w: w.update({"h.1.ln_1.weight": torch.zeros(8)}), "1 unexpected: "),
        (lambda w: w.update({"wpe.weight": torch.zeros(9, 8)}), "1 of another shape: transformer.wpe.weight"),
    ],
)
def test_what_the_rules_leave_over_is_named(change, message):
    published = {k.removeprefix("transformer."): t for k, t in gpt2(1).state_dict().items() if k != "lm_head.weight"}
    change(published)
    with pytest.raises(InputError, match=message) as caught:
        renamed_weights(published, gpt2(2), "published")
    assert "GPT2LMHeadModel" in str(caught.value)


def test_a_folder_s_path_is_nobody_else_s_business_but_its_heads_are(tmp_path):
    folders = [save_folder(gpt_neox(1), tmp_path / name / "same") for name in ("one", "two")]
    other = save_folder(gpt_neox(1, rotary_pct=0.5), tmp_path / "three" / "same")
    first, second, third = (named_model(f"hf:{folder}", {}) for folder in (*folders, other))
    assert first.name == "hf:same"
    assert first.hash == second.hash
    assert repr(first.module) == repr(third.module)
    assert first.hash != third.hash
    assert "_name_or_path" not in model_settings(first.module)
    assert model_settings(torch.nn.Linear(1, 1)) == {}


def test_an_id_without_a_network_is_answered_with_give_a_folder():
    for ask in (
        lambda: load_model("hf:no/such-model@step1000"),
        lambda: snapshot_folder(hugging_face_source("hf:no/such-model", "a"), "a"),
        lambda: load_checkpoint("hf:no/such-model@step1000"),
    ):
        with pytest.raises(InputError) as caught:
            ask()
        assert "hf:no/such-model" in caught.value.expected
        assert caught.value.remedy.startswith("without a network give a folder")


def test_a_folder_without_a_configuration_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="a configuration in hf:empty") as caught:
        load_model(f"hf:{tmp_path / 'empty'}")
    assert "save_pretrained" in caught.value.remedy


def test_code_in_a_folder_never_runs(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "own", "auto_map": {"AutoConfig": "own.Config"}}')
    (tmp_path / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Config: ...\n")
    with pytest.raises(InputError) as caught:
        load_model(f"hf:{tmp_path}")
    assert "isthmus runs no code of a checkpoint" in caught.value.remedy
    assert not (tmp_path / "ran").exists()


def test_a_configuration_that_names_no_class_is_refused(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "t5"}')
    with pytest.raises(InputError, match=r"`architectures` name a class(.|\n)*got .*t5 without them"):
        load_model(f"hf:{tmp_path}")


def test_without_transformers_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    for spec in ("gpt:layers=1", "vit:layers=1", "hf:some/id"):
        with pytest.raises(InputError, match=r"pip install 'isthmus\[hf\]'"):
            load_model(spec)
    with pytest.raises(InputError, match="the package transformers"):
        transformers_package("here")


def test_several_safetensors_files_without_an_index_are_refused_and_an_empty_folder_too(tmp_path):
    with pytest.raises(InputError, match=r"(?s)pytorch_model\.bin.*no such file"):
        load_checkpoint(tmp_path)
    for name in ("one", "two"):
        save_file({"w": torch.zeros(1)}, tmp_path / f"{name}.safetensors")
    with pytest.raises(InputError, match="2 files and no index"):
        load_checkpoint(tmp_path)
    save_file({"w": torch.ones(1)}, tmp_path / "model.safetensors")
    assert load_checkpoint(tmp_path).weights["w"] == 1


SMALL = {
    "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 12, "vocab_size": 20,
    "max_position_embeddings": 16, "num_labels": 3, "image_size": 8, "patch_size": 4, "d_model": 8, "encoder_layers": 1,
    "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 8,
    "decoder_ffn_dim": 8, "d_kv": 4, "d_ff": 8, "num_layers": 1, "num_heads": 2, "num_mel_bins": 4, "pad_token_id": 0,
    "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 2, "max_source_positions": 8,
    "max_target_positions": 8,
}  # fmt: skip
STAGES = {
    "num_encoder_blocks": 1, "depths": [1], "sr_ratios": [1], "hidden_sizes": [8], "patch_sizes": [3], "strides": [2],
    "num_attention_heads": [1], "mlp_ratios": [1], "decoder_hidden_size": 8, "num_labels": 3,
}  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "BertForSequenceClassification", "BertForTokenClassification", "BertForMaskedLM", "BertForQuestionAnswering",
        "T5ForConditionalGeneration", "BartForConditionalGeneration", "WhisperForConditionalGeneration", "CLIPModel",
        "SegformerForSemanticSegmentation", "ViTForImageClassification", "GPT2ForSequenceClassification", "BertModel",
    ],
)  # fmt: skip
def test_the_class_that_the_configuration_names_is_built_and_takes_the_folder_s_weights(name, tmp_path):
    kind = getattr(transformers, name)
    config = kind.config_class(**(STAGES if name.startswith("Segformer") else {} if name == "CLIPModel" else SMALL))
    if name == "CLIPModel":
        config = kind.config_class(text_config=SMALL, vision_config=SMALL, projection_dim=8)
    original = kind(config)
    folder = save_folder(original, tmp_path / "mine")
    model = load_model(f"hf:{folder}")
    assert type(model) is kind
    fitted = fitted_weights(*read_weights(folder, "a"), model)
    assert same_weights(fitted.weights, original)


def test_a_class_that_transformers_does_not_have_is_refused_by_name(tmp_path):
    folder = save_folder(vit(1), tmp_path / "mine")
    text = (folder / "config.json").read_text().replace("ViTForImageClassification", "ViTForPainting")
    (folder / "config.json").write_text(text)
    with pytest.raises(InputError, match=r"ViTForPainting, which transformers .* does not have"):
        load_model(f"hf:{folder}")


def test_a_configuration_without_a_class_gives_that_of_its_task(tmp_path):
    folder = save_folder(vit(1), tmp_path / "mine")
    config = json.loads((folder / "config.json").read_text())
    del config["architectures"]
    (folder / "config.json").write_text(json.dumps(config))
    assert type(load_model(f"hf:{folder}")) is transformers.ViTForImageClassification
