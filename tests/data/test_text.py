"""Text in tokens, and tokens in windows."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from hugging_face_folders import TEXT, WORDS, gpt_neox, save_folder, save_tokenizer
from hypothesis import given
from hypothesis import strategies as st

from isthmus.data.load import load_examples, load_splits
from isthmus.data.spec import parse_data_spec
from isthmus.data.text import text_windows
from isthmus.data.tokens import character_tokens, characters_of
from isthmus.errors import InputError, UnknownNameError


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "birds.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def text_of(examples):
    return "".join(examples.class_names[number] for number in examples.inputs.flatten())


@given(st.integers(2, 200), st.integers(1, 30))
def test_windows_do_not_overlap_and_every_token_but_the_first_and_the_rest_is_a_target_once(size, length):
    tokens = np.arange(size)
    if size <= length:
        with pytest.raises(InputError, match=f"at least {length + 1} tokens"):
            text_windows(tokens, length, "count", "data")
        return
    examples = text_windows(tokens, length, "count", "data")
    left_out = size - 1 - len(examples) * length
    assert 0 <= left_out < length
    assert examples.inputs.flatten().tolist() == tokens[: len(examples) * length].tolist()
    assert torch.equal(examples.targets, examples.inputs + 1)
    assert examples.num_tokens == length


def test_a_text_file_comes_in_characters_by_default_and_says_so(file):
    examples = load_examples(f"{file}:length=20")
    assert text_of(examples) == TEXT[: 20 * len(examples)]
    assert "".join(examples.class_names) == "".join(sorted(set(TEXT)))
    assert (examples.name, examples.split) == ("birds.txt:length=20,tokenizer=characters", "data")
    assert load_examples(str(file)).inputs.shape == (len(TEXT) // 256, 256)
    part = load_examples(f"{file}[1:3]:length=20")
    assert part.name == "birds.txt[1:3]:length=20,tokenizer=characters"
    assert torch.equal(part.inputs, examples.inputs[1:3])


def test_another_text_is_read_with_the_vocabulary_it_is_given(file, tmp_path):
    (tmp_path / "other.txt").write_text("a bush in the bird .")
    own = load_examples(f"{tmp_path}/other.txt:length=4")
    given_one = load_examples(f"{tmp_path}/other.txt:length=4,vocabulary={file}")
    assert text_of(own) == text_of(given_one)
    assert not torch.equal(own.inputs, given_one.inputs)
    assert given_one.class_names == load_examples(f"{file}:length=4").class_names
    assert given_one.name == "other.txt:length=4,tokenizer=characters,vocabulary=birds.txt"


def test_an_unknown_character_is_named_with_its_line(file, tmp_path):
    (tmp_path / "other.txt").write_text("a bird\nin the hôté\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"got 'ô' in line 2 \(2 unknown characters\)\n +where other.txt") as caught:
        load_examples(f"{tmp_path}/other.txt:length=4,vocabulary={file}")
    assert "vocabulary=FILE" in caught.value.remedy


def test_characters_beyond_the_basic_plane_are_one_token_each():
    vocabulary = characters_of(["😀 ab"])
    assert character_tokens("b😀😀 ", vocabulary, "faces").tolist() == [2, 3, 3, 0]


def test_a_text_that_is_too_short_or_in_another_encoding_is_refused(file, tmp_path):
    with pytest.raises(InputError, match=f"at least 1001 tokens.*\n +got {len(TEXT)} tokens") as caught:
        load_examples(f"{file}:length=1000")
    assert "length=64" in caught.value.remedy
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    with pytest.raises(InputError, match="a text in UTF-8"):
        load_examples(f"{tmp_path}/latin.txt:length=1")


def test_a_tokenizer_of_a_folder_gives_its_own_tokens_and_no_special_ones(file, tmp_path):
    folder = save_tokenizer(tmp_path / "words")
    examples = load_examples(f"{file}:tokenizer={folder},length=5")
    words = [WORDS[number] for number in examples.inputs.flatten()]
    assert words == TEXT.split()[: len(words)]
    assert examples.class_names is None
    assert examples.name == "birds.txt:length=5,tokenizer=words"
    by_default = load_examples(f"{file}:length=5", tokenizer=str(folder))
    assert torch.equal(by_default.inputs, examples.inputs)
    assert by_default.name == examples.name
    in_characters = load_examples(f"{file}:length=5,tokenizer=characters", tokenizer=str(folder))
    assert text_of(in_characters) == TEXT[: in_characters.inputs.numel()]


def test_a_folder_without_a_tokenizer_is_refused(file, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"a tokenizer .*in hf:empty") as caught:
        load_examples(f"{file}:tokenizer={tmp_path / 'empty'}")
    assert caught.value.where == "data birds.txt"


def test_the_known_texts_are_cut_into_their_usual_splits(tmp_path):
    (tmp_path / "tiny_shakespeare").mkdir()
    (tmp_path / "tiny_shakespeare" / "input.txt").write_text("abcde" * 19 + "fghij")
    options = {"data_root": tmp_path}
    train = load_examples("tiny_shakespeare:train:length=5", **options)
    rest = load_examples("tiny_shakespeare:length=4", **options)
    assert (len(train), train.split, rest.split) == (17, "train", "validation")
    assert text_of(rest) == "abcdefgh"
    assert train.class_names == rest.class_names == tuple("abcdefghij")
    both = load_splits([f"tiny_shakespeare:{split}:length=4" for split in ("train", "validation")], **options)
    assert list(both) == ["train", "validation"]
    (tmp_path / "wikitext2").mkdir()
    for split, lines in {"train": ["", " = A =\n", " b c\n"], "validation": [" d\n"], "test": [" b\n", ""]}.items():
        pq.write_table(pa.table({"text": lines}), tmp_path / "wikitext2" / f"{split}-00000-of-00001.parquet")
    articles = load_examples("wikitext2:train:length=3", **options)
    assert text_of(articles) == " \n = A =\n b c\n"[: articles.inputs.numel()]
    assert "".join(articles.class_names) == "\n =Abcd"
    assert load_examples("wikitext2:length=2", **options).split == "test"


def test_a_known_text_that_is_absent_is_asked_for_by_its_folder(tmp_path):
    with pytest.raises(InputError, match=r"the data set tiny_shakespeare in .*with one file input\.txt"):
        load_examples("tiny_shakespeare", data_root=tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tiny_shakespeare:length=0", "a number of tokens, at least 1"),
        ("tiny_shakespeare:length=x", "a number of tokens, at least 1"),
        ("tiny_shakespeare:tokenizer=folder,vocabulary=file", "a vocabulary of characters alone"),
    ],
)
def test_malformed_options_of_a_text_are_refused_before_anything_is_read(text, message):
    with pytest.raises(InputError, match=message):
        parse_data_spec(text)


def test_splits_and_options_that_a_text_has_not_are_named():
    with pytest.raises(UnknownNameError, match="train, validation"):
        parse_data_spec("tiny_shakespeare:test")
    with pytest.raises(UnknownNameError, match="tokenizer, vocabulary, length"):
        parse_data_spec("wikitext2:normalization=true")
    with pytest.raises(UnknownNameError, match="normalization"):
        parse_data_spec("cifar10:length=4")


def test_a_folder_without_a_tokenizer_is_not_taken_for_a_text_without_tokens(tmp_path):
    save_folder(gpt_neox(0), tmp_path / "model")
    with pytest.raises(InputError, match=r"no files of a tokenizer(.|\n)*tokenizer=characters"):
        load_examples(f"shakespeare_small:train:length=16,tokenizer={tmp_path / 'model'}")
