"""Texts: classification, tagging, masked language models, and sequence to sequence, with networks of transformers."""

import csv
import json
import random
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from torch import Tensor, nn

from worked.example import Example, trained_pair
from worked.files import save_folders

THINGS, GOOD, BAD = ["film", "book", "song", "play"], ["fine", "lovely", "bright"], ["dull", "weak", "grey"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = [*SPECIAL, "the", "was", "and", "a", *THINGS, *GOOD, *BAD]
NUM_EXAMPLES, NOT_COUNTED = 24, -100
SIZES = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24}
BERT = {"vocab_size": len(WORDS), "max_position_embeddings": 24, "hidden_dropout_prob": 0.0, **SIZES}
T5 = {"d_model": 16, "d_kv": 8, "d_ff": 24, "num_layers": 1, "num_heads": 2, "decoder_start_token_id": 0}


def save_tokenizer(folder: str) -> None:
    """A tokenizer of words, framed as BERT's."""
    words = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    frame = [(word, WORDS.index(word)) for word in ("[CLS]", "[SEP]")]
    words.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=frame)
    names = {"unk_token": "[UNK]", "pad_token": "[PAD]", "mask_token": "[MASK]"}
    transformers.PreTrainedTokenizerFast(tokenizer_object=words, **names).save_pretrained(folder)


def reviews() -> list[tuple[str, int]]:
    """Sentences with the class of their last word."""
    draw = random.Random(0)
    found = []
    for number in range(NUM_EXAMPLES):
        label = number % 2
        extra = f"and {draw.choice(THINGS)} " * draw.randrange(3)
        found.append((f"the {draw.choice(THINGS)} {extra}was {draw.choice(GOOD if label else BAD)}", label))
    return found


def save_reviews() -> None:
    """They as a CSV file."""
    with Path("reviews.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *reviews()])


def tokens(text: str) -> Tensor:
    """The tokens of one text."""
    return torch.tensor([[WORDS.index(word) for word in ("[CLS]", *text.split(), "[SEP]")]])


def labelled_loss(rows: list[tuple[Tensor, Tensor]], network: nn.Module, number: int | None = None) -> Tensor:
    """The network's own loss, of one row or the mean over all."""
    chosen = rows if number is None else [rows[number]]
    return torch.stack([network(input_ids=ids, labels=labels).loss for ids, labels in chosen]).mean()


def classified() -> tuple[nn.Module, nn.Module]:
    """BERT on a CSV of texts with labels."""
    save_reviews()
    torch.manual_seed(0)
    config = transformers.BertConfig(**BERT, num_labels=2)
    start = transformers.BertForSequenceClassification(config)
    pair = trained_pair(start, partial(labelled_loss, class_rows()), NUM_EXAMPLES)
    save_folders(pair)
    save_tokenizer("a")
    return pair[0], pair[1]


def class_rows() -> list[tuple[Tensor, Tensor]]:
    """Tokens and classes."""
    return [(tokens(text), torch.tensor([label])) for text, label in reviews()]


def kind_of(word: str) -> int:
    """Tags: a thing, a judgement, or neither."""
    return 1 if word in THINGS else 2 if word in {*GOOD, *BAD} else 0


def tagged() -> tuple[nn.Module, nn.Module]:
    """BERT on JSON lines of words with a tag each."""
    words = [text.split() for text, _ in reviews()]
    rows = [{"tokens": row, "ner_tags": [kind_of(word) for word in row]} for row in words]
    Path("tags.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    torch.manual_seed(0)
    start = transformers.BertForTokenClassification(transformers.BertConfig(**BERT, num_labels=3))
    pair = trained_pair(start, partial(labelled_loss, tag_rows()), NUM_EXAMPLES)
    save_folders(pair)
    save_tokenizer("a")
    return pair[0], pair[1]


def tag_rows() -> list[tuple[Tensor, Tensor]]:
    """Tokens, and the tags of those that are words."""
    rows = []
    for text, _ in reviews():
        tags = [NOT_COUNTED, *map(kind_of, text.split()), NOT_COUNTED]
        rows.append((tokens(text), torch.tensor([tags])))
    return rows


def masked_rows() -> list[tuple[Tensor, Tensor]]:
    """Tokens with some of them masked, and what stood there."""
    draw = torch.Generator().manual_seed(0)
    rows = []
    for text, _ in reviews():
        ids = tokens(text)
        hidden = torch.rand(ids.shape, generator=draw) < 0.3
        hidden[:, [0, -1]] = False
        hidden[:, 2] = True
        rows.append((ids.masked_fill(hidden, WORDS.index("[MASK]")), ids.masked_fill(~hidden, NOT_COUNTED)))
    return rows


def masked() -> tuple[nn.Module, nn.Module]:
    """BERT as a masked language model, on a Parquet file of tokens and labels."""
    rows = masked_rows()
    columns = {"input_ids": [ids[0].tolist() for ids, _ in rows], "labels": [labels[0].tolist() for _, labels in rows]}
    pq.write_table(pa.table(columns), "masked.parquet")
    torch.manual_seed(0)
    start = transformers.BertForMaskedLM(transformers.BertConfig(**BERT))
    pair = trained_pair(start, partial(labelled_loss, rows), NUM_EXAMPLES)
    save_folders(pair)
    save_tokenizer("a")
    return pair[0], pair[1]


def written_rows() -> list[tuple[Tensor, Tensor]]:
    """Texts, and what they are to be turned into: their last two words."""
    return [(tokens(text), tokens(" ".join(text.split()[-2:]))) for text, _ in reviews()]


def written() -> tuple[nn.Module, nn.Module]:
    """T5 on a CSV of texts and summaries."""
    with Path("summaries.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [(text, " ".join(text.split()[-2:])) for text, _ in reviews()]
        csv.writer(file).writerows([("text", "summary"), *rows])
    torch.manual_seed(0)
    start = transformers.T5ForConditionalGeneration(
        transformers.T5Config(vocab_size=len(WORDS), dropout_rate=0.0, **T5)
    )
    pair = trained_pair(start, partial(labelled_loss, written_rows()), NUM_EXAMPLES)
    save_folders(pair)
    save_tokenizer("a")
    return pair[0], pair[1]


def mean_of(rows: list[tuple[Tensor, Tensor]], network: nn.Module) -> float:
    """The mean loss as a number."""
    return float(labelled_loss(rows, network))


TEXTS = {
    "classification": Example(
        "Text classification: BERT, a CSV of texts",
        "folders a and b as save_pretrained writes them, a with its tokenizer; reviews.csv with text and label",
        "isthmus measure a b --model hf:a --data reviews.csv",
        classified,
        lambda network: mean_of(class_rows(), network),
    ),
    "tagging": Example(
        "Tagging: BERT, JSON lines of words and tags",
        "folders a and b; tags.jsonl with tokens (words) and ner_tags (a number each)",
        "isthmus measure a b --model hf:a --data tags.jsonl",
        tagged,
        lambda network: mean_of(tag_rows(), network),
    ),
    "masked": Example(
        "A masked language model: BERT, Parquet of tokens",
        "folders a and b; masked.parquet with input_ids and labels, -100 where nothing is masked",
        "isthmus measure a b --model hf:a --data masked.parquet",
        masked,
        lambda network: mean_of(masked_rows(), network),
    ),
    "t5": Example(
        "Sequence to sequence: T5, a CSV of texts and summaries",
        "folders a and b; summaries.csv with text and summary",
        "isthmus measure a b --model hf:a --data summaries.csv:target=summary",
        written,
        lambda network: mean_of(written_rows(), network),
    ),
}
