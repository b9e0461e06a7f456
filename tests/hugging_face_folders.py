"""Tiny folders of Hugging Face, as `save_pretrained` writes them."""

from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors

TEXT = "a bird in the hand is worth two in the bush .\nthe hand is in the bush ,\na bird is worth two .\n" * 6
WORDS = sorted(set(TEXT.replace("\n", " ").split()) | {"[UNK]"})
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
VOCABULARY = SPECIAL + [word for word in WORDS if word not in SPECIAL]
SIZES = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 12}


def gpt_neox(seed: int, **options) -> torch.nn.Module:
    """A GPT-NeoX, the class of Pythia."""
    config = transformers.GPTNeoXConfig(vocab_size=len(WORDS), max_position_embeddings=16, **SIZES, **options)
    return scattered(transformers.GPTNeoXForCausalLM(config), seed)


def gpt2(seed: int) -> torch.nn.Module:
    """A GPT-2."""
    sizes = {"n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 16, "vocab_size": len(WORDS)}
    config = transformers.GPT2Config(**sizes, bos_token_id=None, eos_token_id=None)
    return scattered(transformers.GPT2LMHeadModel(config), seed)


def vit(seed: int) -> torch.nn.Module:
    """An image classifier."""
    config = transformers.ViTConfig(image_size=8, patch_size=4, num_labels=3, **SIZES)
    return scattered(transformers.ViTForImageClassification(config), seed)


def scattered(model: torch.nn.Module, seed: int) -> torch.nn.Module:
    """The model with random weights of a size at which every layer matters."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.4, generator=random)
    return model


def save_folder(model: torch.nn.Module, folder: Path) -> Path:
    """The model's folder, without a progress bar."""
    transformers.utils.logging.disable_progress_bar()
    model.save_pretrained(folder)
    return folder


def save_tokenizer(folder: Path) -> Path:
    """A tokenizer of words beside a model; WORDS holds what its numbers stand for."""
    words = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    transformers.PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]").save_pretrained(folder)
    return folder


def save_bert_tokenizer(folder: Path, **options) -> Path:
    """A tokenizer of words that frames texts and pairs as BERT's does; VOCABULARY holds what its numbers stand for."""
    words = Tokenizer(models.WordLevel({word: number for number, word in enumerate(VOCABULARY)}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", VOCABULARY.index("[CLS]")), ("[SEP]", VOCABULARY.index("[SEP]"))],
    )
    names = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    names |= {"model_input_names": ["input_ids", "token_type_ids", "attention_mask"]} | options
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=words, **names)
    tokenizer.save_pretrained(folder)
    return folder
