"""Texts in tables: tokens of the model's own tokenizer, padded at their ends, with labels, tags or texts as targets."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from hugging_face_folders import VOCABULARY, save_bert_tokenizer, save_tokenizer

from isthmus.data.load import load_examples
from isthmus.errors import InputError, UnknownNameError

REVIEWS = "text,label,idx\na bird in the hand,1,7\ntwo,0,8\n"


@pytest.fixture
def reviews(tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text(REVIEWS, encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path):
    return save_bert_tokenizer(tmp_path / "bert")


def words_of(tokens):
    return [" ".join(VOCABULARY[number] for number in row) for row in tokens]


def test_texts_are_framed_and_padded_and_the_mask_goes_along(reviews, folder):
    examples = load_examples(f"{reviews}:tokenizer={folder}")
    assert words_of(examples.inputs["input_ids"]) == [
        "[CLS] a bird in the hand [SEP]",
        "[CLS] two [SEP] [PAD] [PAD] [PAD] [PAD]",
    ]
    assert examples.inputs["attention_mask"].tolist() == [[1] * 7, [1, 1, 1, 0, 0, 0, 0]]
    assert examples.targets.tolist() == [1, 0]
    assert examples.notes == ("columns left out: idx",)
    assert examples.name == "reviews.csv:tokenizer=bert"
    assert load_examples(str(reviews), tokenizer=str(folder)).content_hash == examples.content_hash


def test_a_length_pads_all_and_cuts_long_texts_which_is_said(reviews, folder):
    wide = load_examples(f"{reviews}:tokenizer={folder},length=9")
    assert wide.inputs["input_ids"].shape == (2, 9)
    cut = load_examples(f"{reviews}:tokenizer={folder},length=4")
    assert words_of(cut.inputs["input_ids"]) == ["[CLS] a bird [SEP]", "[CLS] two [SEP] [PAD]"]
    assert cut.notes == ("1 of 2 texts are longer than 4 tokens and cut there", "columns left out: idx")
    assert cut.name == "reviews.csv:length=4,tokenizer=bert"


def test_texts_longer_than_the_tokenizer_or_512_tokens_are_cut_and_said(tmp_path, folder):
    (tmp_path / "long.csv").write_text("text,label\n" + "bird " * 700 + ",0\n")
    by_default = load_examples(f"{tmp_path}/long.csv:tokenizer={folder}")
    assert by_default.inputs["input_ids"].shape == (1, 512)
    assert by_default.notes == ("1 of 1 texts are longer than 512 tokens and cut there",)
    stated = save_bert_tokenizer(tmp_path / "stated", model_max_length=16)
    assert load_examples(f"{tmp_path}/long.csv:tokenizer={stated}").inputs["input_ids"].shape == (1, 16)


@pytest.mark.parametrize(
    ("first", "second"), [("text", "text_pair"), ("sentence1", "sentence2"), ("premise", "hypothesis")]
)
def test_pairs_have_one_sequence_with_types(tmp_path, folder, first, second):
    pq.write_table(pa.table({first: ["a bird"], second: ["the hand"], "label": [2]}), tmp_path / "pairs.parquet")
    examples = load_examples(f"{tmp_path}/pairs.parquet:tokenizer={folder}")
    assert words_of(examples.inputs["input_ids"]) == ["[CLS] a bird [SEP] the hand [SEP]"]
    assert examples.inputs["token_type_ids"].tolist() == [[0, 0, 0, 0, 1, 1, 1]]
    assert examples.notes == ()


def test_columns_of_other_names_are_chosen(tmp_path, folder):
    (tmp_path / "own.tsv").write_text("review\tanswer\tstars\n2 021\tthe hand\tgood\ntwo\tbird\tbad\n")
    chosen = f"{tmp_path}/own.tsv:text=review,pair=answer,label=stars,names=bad/good,tokenizer={folder}"
    examples = load_examples(chosen)
    assert words_of(examples.inputs["input_ids"])[0] == "[CLS] [UNK] [UNK] [SEP] the hand [SEP]"
    assert (examples.targets.tolist(), examples.class_names) == ([1, 0], ("bad", "good"))
    with pytest.raises(UnknownNameError, match="a column: one of review, answer, stars"):
        load_examples(f"{tmp_path}/own.tsv:text=reviews,label=stars,tokenizer={folder}")


def test_a_text_of_digits_stays_a_text(tmp_path, folder):
    (tmp_path / "own.csv").write_text("text,label\n007,1\n")
    assert words_of(load_examples(f"{tmp_path}/own.csv:tokenizer={folder}").inputs["input_ids"]) == [
        "[CLS] [UNK] [SEP]"
    ]


def test_labels_that_are_words_take_their_numbers_from_the_configuration_beside_the_tokenizer(tmp_path, folder):
    (tmp_path / "own.csv").write_text("text,label\na bird,good\ntwo,bad\n")
    with pytest.raises(InputError, match=r"class numbers\n +got 'bad', 'good'(.|\n)*names=negative/positive"):
        load_examples(f"{tmp_path}/own.csv:tokenizer={folder}")
    (folder / "config.json").write_text(json.dumps({"id2label": {"0": "bad", "1": "good"}, "model_type": "bert"}))
    examples = load_examples(f"{tmp_path}/own.csv:tokenizer={folder}")
    assert (examples.targets.tolist(), examples.class_names) == ([1, 0], ("bad", "good"))


def test_tags_of_words_stand_at_the_first_token_of_each(tmp_path, folder):
    rows = {"tokens": [["a", "bird"], ["the", "hand", "in"]], "ner_tags": [[3, 4], [5, 6, 7]]}
    pq.write_table(pa.table(rows), tmp_path / "tags.parquet")
    examples = load_examples(f"{tmp_path}/tags.parquet:tokenizer={folder}")
    assert words_of(examples.inputs["input_ids"])[0] == "[CLS] a bird [SEP] [PAD]"
    assert examples.targets.tolist() == [[-100, 3, 4, -100, -100], [-100, 5, 6, 7, -100]]
    pq.write_table(pa.table(rows | {"ner_tags": [[3, 4], [5, 6]]}), tmp_path / "tags.parquet")
    with pytest.raises(InputError, match=r"one tag for each word\n +got 2 tags for more words in row 1"):
        load_examples(f"{tmp_path}/tags.parquet:tokenizer={folder}")


def test_a_word_of_several_tokens_has_its_tag_once(tmp_path):
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    pieces = {"[PAD]": 0, "[UNK]": 1, "bi": 2, "##rd": 3, "a": 4}
    words = Tokenizer(models.WordPiece(pieces, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]")
    fast.save_pretrained(tmp_path / "pieces")
    pq.write_table(pa.table({"words": [["bird", "a", "a"]], "tags": [[7, 8, 9]]}), tmp_path / "tags.parquet")
    examples = load_examples(f"{tmp_path}/tags.parquet:tokenizer={tmp_path}/pieces")
    assert examples.inputs["input_ids"].tolist() == [[2, 3, 4, 4]]
    assert examples.targets.tolist() == [[7, -100, 8, 9]]


def test_a_text_to_be_written_is_the_target(tmp_path, folder):
    (tmp_path / "own.csv").write_text("text,summary\na bird in the hand,a bird\ntwo,the hand is two\n")
    examples = load_examples(f"{tmp_path}/own.csv:target=summary,tokenizer={folder}")
    written = [VOCABULARY.index(word) for word in ("[CLS]", "a", "bird", "[SEP]")]
    assert examples.targets[0].tolist() == [*written, -100, -100]
    assert examples.targets.shape == (2, 6)
    assert examples.inputs["input_ids"].shape == (2, 7)
    causal = load_examples(f"{tmp_path}/own.csv:target=text,tokenizer={folder}")
    ids, mask = causal.inputs["input_ids"], causal.inputs["attention_mask"]
    assert torch.equal(causal.targets, ids.where(mask == 1, torch.tensor(-100)))
    with pytest.raises(InputError, match="a target that is a text, or labels"):
        load_examples(f"{tmp_path}/own.csv:target=text,label=summary,tokenizer={folder}")


def test_a_tokenizer_that_pads_on_the_left_does_so_for_masks_tags_and_targets(tmp_path, reviews):
    folder = save_bert_tokenizer(tmp_path / "left", padding_side="left")
    examples = load_examples(f"{reviews}:tokenizer={folder}")
    assert words_of(examples.inputs["input_ids"])[1] == "[PAD] [PAD] [PAD] [PAD] [CLS] two [SEP]"
    assert examples.inputs["attention_mask"][1].tolist() == [0, 0, 0, 0, 1, 1, 1]
    causal = load_examples(f"{reviews}:tokenizer={folder},target=text")
    assert causal.targets[1, :4].tolist() == [-100] * 4


def test_a_tokenizer_without_a_padding_token_is_said(tmp_path, reviews):
    folder = save_tokenizer(tmp_path / "words")
    examples = load_examples(f"{reviews}:tokenizer={folder}")
    assert (
        examples.notes[0] == "the tokenizer has no padding token: padded with token 0, which attention_mask leaves out"
    )


def test_the_padding_token_of_rows_of_numbers_is_the_tokenizers(tmp_path):
    folder = save_bert_tokenizer(tmp_path / "bert", pad_token="[MASK]")
    pq.write_table(pa.table({"input_ids": [[7, 8], [9]], "label": [0, 1]}), tmp_path / "own.parquet")
    examples = load_examples(f"{tmp_path}/own.parquet", tokenizer=str(folder))
    assert examples.inputs["input_ids"].tolist() == [[7, 8], [9, VOCABULARY.index("[MASK]")]]


def test_texts_without_a_tokenizer_are_refused(reviews, tmp_path):
    with pytest.raises(InputError, match=r"a tokenizer for the texts\n +got none\n +where reviews.csv"):
        load_examples(str(reviews))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"a tokenizer in hf:empty(.|\n)*where data reviews.csv"):
        load_examples(f"{reviews}:tokenizer={tmp_path}/empty")
