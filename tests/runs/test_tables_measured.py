"""Tables and several inputs, from the file to the numbers, against loops of plain forward passes of transformers."""

import warnings

import pytest
import torch
import transformers
from hugging_face_folders import SIZES, VOCABULARY, save_bert_tokenizer, save_folder, scattered
from torch import nn
from torch.nn import functional

import isthmus
from isthmus.errors import InputError, IsthmusWarning

REVIEWS = "text,label,idx\na bird in the hand is worth two,1,0\ntwo,0,1\nthe hand is in the bush,1,2\nin the bush,0,3\n"
BERT = {"vocab_size": len(VOCABULARY), "max_position_embeddings": 16, "num_labels": 2, **SIZES}
T5 = {"vocab_size": len(VOCABULARY), "d_model": 8, "d_kv": 4, "d_ff": 12, "num_layers": 1, "num_heads": 2}
TOKENS = torch.randint(5, len(VOCABULARY), (6, 7), generator=torch.Generator().manual_seed(0))


def bert(seed):
    return scattered(transformers.BertForSequenceClassification(transformers.BertConfig(**BERT)), seed)


def t5(seed):
    return scattered(
        transformers.T5ForConditionalGeneration(transformers.T5Config(**T5, decoder_start_token_id=0)), seed
    )


def bart(seed):
    sizes = {"d_model": 8, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2}
    sizes |= {"decoder_attention_heads": 2, "encoder_ffn_dim": 12, "decoder_ffn_dim": 12}
    special = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "decoder_start_token_id": 3}
    config = transformers.BartConfig(vocab_size=len(VOCABULARY), max_position_embeddings=16, **sizes, **special)
    return scattered(transformers.BartForConditionalGeneration(config), seed)


def midpoint(a, b):
    """The network in the middle of the full segment."""
    mean = {key: (tensor + b.state_dict()[key]) / 2 for key, tensor in a.state_dict().items()}
    model = type(a)(a.config)
    model.load_state_dict(mean)
    return model.eval()


def measured(*arguments, **options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", IsthmusWarning)
        result = isthmus.measure(*arguments, sweep="full", engine="direct", **options)
    return result, [str(warning.message) for warning in caught if warning.category is IsthmusWarning]


def test_a_csv_of_texts_gives_the_losses_of_the_model_on_its_own_tokens(tmp_path):
    (tmp_path / "reviews.csv").write_text(REVIEWS)
    a, b = bert(0), bert(1)
    folder = save_bert_tokenizer(tmp_path / "words")
    data = f"{tmp_path}/reviews.csv:tokenizer={folder}"
    result, said = measured(a, a.state_dict(), b.state_dict(), data)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    rows = [line.split(",") for line in REVIEWS.splitlines()[1:]]
    losses = []
    for text, label, _ in rows:
        with torch.no_grad():
            logits = midpoint(a, b)(**tokenizer(text, return_tensors="pt")).logits
        losses.append(float(functional.cross_entropy(logits, torch.tensor([int(label)]))))
    found = float(result["loss"].sel(moving="all", host="a", alpha=0.5))
    assert found == pytest.approx(sum(losses) / len(losses), abs=2e-6)
    assert any("columns left out: idx" in text for text in said)


@pytest.mark.parametrize("build", [t5, bart])
def test_an_encoder_decoder_reads_its_targets_shifted_as_its_own_training_does(build):
    a, b = build(0), build(1)
    targets = TOKENS.flip(1).clone()
    targets[1, 3:] = targets[4, 5:] = -100
    mask = torch.ones_like(TOKENS)
    mask[2, 4:] = 0
    inputs = {"input_ids": TOKENS, "attention_mask": mask}
    result, said = measured(a, a.state_dict(), b.state_dict(), (inputs, targets))
    model = midpoint(a, b)
    with torch.no_grad():
        losses = [
            float(model(input_ids=row[None], attention_mask=seen[None], labels=target[None]).loss)
            for row, seen, target in zip(TOKENS, mask, targets, strict=True)
        ]
    found = float(result["loss"].sel(moving="all", host="a", alpha=0.5))
    assert found == pytest.approx(sum(losses) / len(losses), abs=2e-6)
    assert any("decoder_input_ids are made from the targets, shifted to the right" in text for text in said)
    shifted = model.prepare_decoder_input_ids_from_labels(targets)
    given, said = measured(a, a.state_dict(), b.state_dict(), (inputs | {"decoder_input_ids": shifted}, targets))
    assert torch.equal(torch.tensor(given["loss"].values), torch.tensor(result["loss"].values))
    assert not any("decoder_input_ids" in text for text in said)


def test_whisper_reads_its_targets_shifted_too():
    """It has no method for that, but says which token comes first."""
    sizes = {"d_model": 8, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2}
    sizes |= {"decoder_attention_heads": 2, "encoder_ffn_dim": 12, "decoder_ffn_dim": 12, "vocab_size": 20}
    special = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "decoder_start_token_id": 4}
    special |= {"num_mel_bins": 4, "max_source_positions": 6, "max_target_positions": 8, "suppress_tokens": None}
    config = transformers.WhisperConfig(**sizes, **special, begin_suppress_tokens=None)
    a, b = (scattered(transformers.WhisperForConditionalGeneration(config), seed) for seed in (0, 1))
    sounds = torch.randn(6, 4, 12, generator=torch.Generator().manual_seed(0))
    targets = TOKENS.clone()
    targets[1, 4:] = targets[2, 3] = -100
    result, _ = measured(a, a.state_dict(), b.state_dict(), ({"input_features": sounds}, targets))
    model = midpoint(a, b)
    with torch.no_grad():
        pairs = zip(sounds, targets, strict=True)
        losses = [float(model(input_features=sound[None], labels=target[None]).loss) for sound, target in pairs]
    assert float(result["loss"].sel(moving="all", host="a", alpha=0.5)) == pytest.approx(sum(losses) / 6, abs=2e-6)


class Pooled(nn.Module):
    """Reads tokens and a mask, or anything by name."""

    def __init__(self):
        super().__init__()
        self.embedding, self.head = nn.Embedding(len(VOCABULARY), 4), nn.Linear(4, 2)

    def forward(self, input_ids, attention_mask):
        embedded = self.embedding(input_ids) * attention_mask[..., None]
        return self.head(embedded.sum(dim=1) / attention_mask.sum(dim=1, keepdim=True))


class Anything(Pooled):
    """Takes every column."""

    def forward(self, **columns):
        return super().forward(columns["input_ids"], columns["attention_mask"]) + columns["idx"][:, None]


def weights_of(model, seed):
    return scattered(model, seed).state_dict() | {}


def test_columns_that_forward_does_not_take_are_left_out_and_said_unless_it_takes_any():
    inputs = {"input_ids": TOKENS, "attention_mask": torch.ones_like(TOKENS), "idx": torch.arange(6)}
    targets = torch.arange(6) % 2
    found = {}
    for model in (Pooled(), Anything()):
        a, b = ({key: tensor.clone() for key, tensor in weights_of(model, seed).items()} for seed in (0, 1))
        found[type(model)] = measured(model, a, b, (inputs, targets))
    assert any("Pooled.forward does not take idx: left out" in text for text in found[Pooled][1])
    assert not any("left out" in text for text in found[Anything][1])


def test_inputs_of_which_forward_takes_none_are_refused_with_both_names():
    model = Pooled()
    data = {"x": TOKENS, "y": TOKENS}, torch.zeros(6, dtype=torch.long)
    with pytest.raises(InputError, match=r"Pooled\.forward takes: input_ids, attention_mask\n +got x, y\n"):
        isthmus.measure(model, model.state_dict(), model.state_dict(), data)


def gpt2(seed):
    sizes = {"n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 16, "vocab_size": len(VOCABULARY)}
    return scattered(transformers.GPT2LMHeadModel(transformers.GPT2Config(**sizes)), seed)


def test_texts_are_their_own_targets_of_a_causal_model_with_its_own_tokenizer_also_in_a_collection(tmp_path):
    (tmp_path / "reviews.csv").write_text(REVIEWS)
    models = [gpt2(seed) for seed in range(3)]
    folders = [str(save_folder(model, tmp_path / f"n{seed}")) for seed, model in enumerate(models)]
    save_bert_tokenizer(tmp_path / "n0", model_input_names=["input_ids", "attention_mask"])
    data, options = f"{tmp_path}/reviews.csv:target=text", {"loss": "cross_entropy:shift=true"}
    one, said = measured(f"hf:{folders[0]}", *folders[:2], data, **options)
    assert not any("this token itself" in text for text in said)
    _, said = measured(f"hf:{folders[0]}", *folders[:2], data)
    assert any("every token's target is this token itself" in text and "shift=true" in text for text in said)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folders[0])
    losses = []
    for line in REVIEWS.splitlines()[1:]:
        ids = tokenizer(line.split(",")[0], return_tensors="pt")["input_ids"]
        with torch.no_grad():
            losses.append(float(midpoint(*models[:2])(input_ids=ids, labels=ids).loss))
    assert float(one["loss"].sel(moving="all", host="a", alpha=0.5)) == pytest.approx(sum(losses) / 4, abs=2e-6)
    networks = {f"n{number}": folder for number, folder in enumerate(folders)}
    several, _ = measured(f"hf:{folders[0]}", networks, None, data, **options)
    assert several["loss"].sel(pair="n0-n1").values.tolist() == one["loss"].values.tolist()
