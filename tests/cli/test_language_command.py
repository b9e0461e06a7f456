"""Language models from the command line: two folders, a text, a report."""

import json

import pytest
from hugging_face_folders import TEXT, gpt_neox, save_folder, save_tokenizer
from typer.testing import CliRunner

import isthmus
from isthmus.cli.main import app
from isthmus.models.load import load_model
from isthmus.weights.checkpoint import save_weights


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("birds")
    for seed in (0, 1):
        save_tokenizer(save_folder(gpt_neox(seed), folder / f"neox{seed}"))
        weights = load_model(f"gpt:layers=1,width=8,heads=2,length=16,vocabulary={len(set(TEXT))}").state_dict()
        save_weights({key: tensor * (1 + seed) for key, tensor in weights.items()}, folder / f"gpt{seed}.safetensors")
    (folder / "birds.txt").write_text(TEXT)
    return folder


def test_two_folders_are_measured_on_a_text_with_their_own_tokenizer_and_the_report_speaks_of_tokens(files, tmp_path):
    text = f"{files}/birds.txt:length=12"
    status, out, err = run(
        "measure", files / "neox0", files / "neox1", "--model", f"hf:{files}/neox0", "--data", text,
        "--out", tmp_path / "run", "--layers", "block",
    )  # fmt: skip
    assert status == 0, err
    assert "gpt_neox.embed_in" in out
    result = isthmus.load_run(tmp_path / "run")
    assert result.attrs["model"] == "hf:neox0"
    assert result.attrs["data_name"] == "birds.txt:length=12,tokenizer=neox0"
    assert result.attrs["tokens_per_example"] == 12
    words = len(TEXT.split())
    assert result.attrs["num_examples"] == (words - 1) // 12
    page = (tmp_path / "run" / "report.html").read_text()
    assert "nats per token" in page
    assert f"{(words - 1) // 12} windows of 12 tokens" in page
    assert "outputs do not depend on later tokens" in page
    assert str(files) not in (tmp_path / "run" / "run.json").read_text()


def test_a_character_model_by_name_is_measured_on_characters(files):
    status, out, err = run(
        "measure", files / "gpt0.safetensors", files / "gpt1.safetensors", "--model", "gpt:heads=2",
        "--data", f"{files}/birds.txt:length=16", "--sweep", "full", "--json",
    )  # fmt: skip
    assert status == 0, err
    printed = json.loads(out)
    assert printed["attributes"]["data_name"] == "birds.txt:length=16,tokenizer=characters"
    assert 0 < printed["rows"][0]["error_rate"] <= 1


def test_a_mistake_is_answered_before_anything_runs(files):
    arguments = ["measure", files / "neox0", files / "neox1", "--data", f"{files}/birds.txt:length=12", "--model"]
    status, _, err = run(*arguments, "gpt:layers=1")
    assert status == 2
    assert "the option 'heads' of gpt" in err
    status, _, err = run(*arguments, "hf:no/such-model")
    assert status == 2
    assert "without a network give a folder" in err


def test_models_are_listed_with_their_options():
    status, out, _ = run("models")
    assert status == 0
    assert "layers=12, width=768, heads=12, length=256, vocabulary=50257, dropout=0.2" in out
    assert "inputs=needed" in out
    assert "hf:ID@REVISION" in out


def test_checkpoints_are_inspected_with_the_layers_of_their_folder(files):
    status, out, err = run("inspect", files / "neox0", files / "neox1", "--model", f"hf:{files}/neox0", "--json")
    assert status == 0, err
    assert json.loads(out)[-1]["layer"] == "all"
