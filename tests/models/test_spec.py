"""What the user may write for a network, and what the answer to a mistake is."""

import subprocess
import sys
from pathlib import Path

import pytest

from isthmus.errors import InputError, UnknownNameError
from isthmus.hugging_face import HuggingFaceSource
from isthmus.models.spec import ModelFunction, RegisteredModel, parse_model_spec


def test_a_name_with_options_is_read():
    parsed = parse_model_spec("resnet18_no_norm:width=16, classes=100")
    assert isinstance(parsed, RegisteredModel)
    assert (parsed.name, dict(parsed.options)) == ("resnet18_no_norm", {"width": 16, "classes": 100})
    assert dict(parse_model_spec("cnn").options) == {}


def test_the_last_colon_parts_the_file_from_the_function():
    assert parse_model_spec("my:folder/net.py:build") == ModelFunction(Path("my:folder/net.py"), "build")


def test_a_fraction_is_read_where_one_is_meant():
    parsed = parse_model_spec("gpt:layers=2,dropout=0.1")
    assert dict(parsed.options) == {"layers": 2, "dropout": 0.1}
    assert dict(parse_model_spec("gpt:dropout=0").options) == {"dropout": 0.0}


def test_a_folder_of_hugging_face_wins_over_an_id_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert parse_model_spec("hf:EleutherAI/pythia-410m@step1000") == HuggingFaceSource(
        "EleutherAI/pythia-410m", "step1000"
    )
    (tmp_path / "mine@home").mkdir()
    assert parse_model_spec("hf:mine@home") == HuggingFaceSource("mine@home")
    assert parse_model_spec("hf:mine@home").is_folder


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("resnet18_nonorm", "Did you mean 'resnet18_no_norm'?"),
        ("", "got ''"),
        ("cnn:widht=3", "Did you mean 'width'?"),
    ],
)
def test_an_unknown_network_or_option_is_answered_with_what_there_is(text, message):
    with pytest.raises(UnknownNameError) as caught:
        parse_model_spec(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cnn:", "expected options after the colon"),
        ("cnn:width", "expected option=value"),
        ("cnn:width=0", "expected a positive integer for width"),
        ("cnn:width=-4", "expected a positive integer for width"),
        ("cnn:width=1.5", "expected a positive integer for width"),
        ("cnn:width=", "expected a positive integer for width"),
        ("cnn:width=²", "expected a positive integer for width"),
        ("cnn:width=4,width=8", "expected the option 'width' once"),
        ("cnn:width=4,", "expected option=value"),
        ("gpt:dropout=1", "expected a fraction of at least 0 and below 1 for dropout"),
        ("gpt:dropout=-0.1", "expected a fraction of at least 0"),
        ("gpt:dropout=nan", "expected a fraction of at least 0"),
        ("hf:", "expected hf:FOLDER that is there, or hf:ID"),
        ("hf:./no/such/folder", "expected hf:FOLDER that is there, or hf:ID"),
        ("hf:one/two/three", "expected hf:FOLDER that is there, or hf:ID"),
        ("net.py", "expected path/to/file.py:function"),
        ("net.py:", "expected path/to/file.py:function"),
        ("net.py:two words", "expected path/to/file.py:function"),
    ],
)
def test_a_malformed_specification_is_refused_in_four_parts(text, message):
    with pytest.raises(InputError) as caught:
        parse_model_spec(text)
    assert str(caught.value).startswith(message)
    assert caught.value.where == "--model"
    assert caught.value.remedy


def test_reading_a_specification_does_not_import_torch():
    code = "import sys, isthmus.models.spec; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
