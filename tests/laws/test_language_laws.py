"""Laws of language models and vision transformers: what holds for every classifier holds for windows of tokens."""

import numpy as np
import pytest
import torch
from hugging_face_folders import TEXT, WORDS, gpt2, gpt_neox, vit

import isthmus
from isthmus.data.text import text_windows

LENGTH = 7
TOKENS = np.array([WORDS.index(word) for word in TEXT.split()])
TEXT_DATA = text_windows(TOKENS, LENGTH, "birds", "data")
IMAGES = (torch.randn((11, 3, 8, 8), generator=torch.Generator().manual_seed(1)), torch.arange(11) % 3)
ALPHAS = (0.0, 0.5, 1.0)
CHEAP = {"sweep": "full", "engine": "direct"}


class Pair:
    """Two networks of one class, and what they are measured on."""

    def __init__(self, name, build, data):
        self.name, self.data = name, data
        self.a, self.b = (build(seed).state_dict() for seed in (1, 2))
        self.model = build(3)

    def measured(self, *, swapped=False, **options):
        a, b = (self.b, self.a) if swapped else (self.a, self.b)
        return isthmus.measure(self.model, a, b, options.pop("data", self.data), **{"alphas": ALPHAS} | options)


PAIRS = [
    Pair("gpt2", gpt2, TEXT_DATA),
    Pair("gpt_neox", gpt_neox, TEXT_DATA),
    Pair("vit", vit, IMAGES),
]


@pytest.fixture(scope="module", params=PAIRS, ids=lambda pair: pair.name)
def pair(request):
    return request.param


@pytest.fixture(scope="module")
def result(pair):
    return pair.measured()


def test_the_network_is_cut_into_a_stage_for_every_layer(pair, result):
    stages, _, rest = result.attrs["engine_note"].partition(" ")
    assert int(stages) >= len(isthmus.layer_partition("module", pair.model)) > 8
    assert rest.startswith("stages, compared with the network: equal to the bit")


def test_tied_embeddings_are_one_layer():
    layers = isthmus.layer_partition("module", PAIRS[0].model)
    assert set(layers["transformer.wte"]) == {"transformer.wte.weight", "lm_head.weight"}
    assert len(layers) == 9
    untied = isthmus.layer_partition("module", PAIRS[1].model)
    assert {"gpt_neox.embed_in", "lm_head"} <= set(untied)


def test_the_ends_are_the_networks(result):
    for near, far in (("a", "b"), ("b", "a")):
        assert (result.loss.sel(host=near, alpha=0) == result[f"loss_{near}"]).all()
        assert result.loss.sel(host=near, moving="all", alpha=1) == result[f"loss_{far}"]
        assert result.error_rate.sel(host=near, moving="all", alpha=1) == result[f"error_{far}"]


def test_exchanging_the_networks_exchanges_the_hosts_to_the_bit(pair, result):
    other = pair.measured(swapped=True)
    for name in ("loss", "error_rate", "loss_barrier_high", "error_barrier_low"):
        np.testing.assert_array_equal(result[name].values, other[name].sel(host=["b", "a"]).values)


def test_shared_and_direct_agree_to_the_bit(pair, result):
    direct = pair.measured(engine="direct")
    np.testing.assert_array_equal(result.loss.values, direct.loss.values)
    np.testing.assert_array_equal(result.error_rate.values, direct.error_rate.values)


def test_the_batch_size_does_not_matter(pair, result):
    other = pair.measured(batch_size=4)
    np.testing.assert_allclose(other.loss.values, result.loss.values, rtol=1e-5)
    np.testing.assert_allclose(other.error_rate.values, result.error_rate.values, atol=1e-6)


def scores(weights):
    model = gpt2(0)
    model.load_state_dict(weights)
    with torch.no_grad():
        return model.eval()(TEXT_DATA.inputs).logits


def test_the_loss_is_the_mean_over_tokens_and_the_error_the_fraction_of_wrong_next_tokens():
    found = scores(PAIRS[0].a)
    wrong = total = 0
    for row, targets in zip(found.argmax(-1).tolist(), TEXT_DATA.targets.tolist(), strict=True):
        wrong += sum(guess != target for guess, target in zip(row, targets, strict=True))
        total += len(targets)
    log_likelihood = found.double().log_softmax(-1).gather(-1, TEXT_DATA.targets[..., None]).sum()
    result = PAIRS[0].measured(**CHEAP)
    assert 0 < wrong < total
    assert float(result.error_a) == pytest.approx(wrong / total, abs=1e-7)
    assert float(result.loss_a) == pytest.approx(-float(log_likelihood) / total, rel=1e-6)


def test_the_mean_is_the_same_however_the_tokens_are_cut_as_long_as_each_sees_what_it_saw():
    """Each window is one example: two halves of the windows, weighted by their tokens, are the whole."""
    n = len(TEXT_DATA)
    parts = [PAIRS[0].measured(data=TEXT_DATA.take(slice(*ends)), **CHEAP) for ends in ((0, 5), (5, n))]
    whole = PAIRS[0].measured(**CHEAP)
    for name in ("loss", "error_rate"):
        joined = (5 * parts[0][name] + (n - 5) * parts[1][name]) / n
        np.testing.assert_allclose(joined.values, whole[name].values, rtol=1e-6)


def test_fractions_of_errors_come_back_from_a_run_folder_as_they_were(tmp_path):
    kept = PAIRS[0].measured(out=tmp_path / "run", sweep="full", batch_size=4)
    stored = isthmus.examples(isthmus.load_run(tmp_path / "run"))
    fresh = isthmus.examples(PAIRS[0].measured(sweep="full", batch_size=4))
    np.testing.assert_array_equal(stored.error.values, fresh.error.values)
    assert stored.error.dtype == np.float32
    counts = stored.error.values * LENGTH
    np.testing.assert_allclose(counts, counts.round(), atol=1e-5)
    assert ((counts.round() > 0) & (counts.round() < LENGTH)).any()
    assert "target" not in stored.coords
    assert kept.attrs["tokens_per_example"] == LENGTH


def test_a_precision_is_met_on_windows_too():
    data = text_windows(np.tile(TOKENS, 40), LENGTH, "birds", "data")
    result = PAIRS[0].measured(data=data, alphas=(0.5,), precision=0.5, sweep="full")
    assert float(((result.loss_barrier_high - result.loss_barrier_low) / 2).max()) <= 0.5
    assert int(result.num_examples.min()) < len(data)


def test_the_untied_last_layer_is_convex():
    result = PAIRS[1].measured(alphas=5, dtype="float64", hosts=("a",))
    last = result.sel(moving=result.moving[-1])
    assert str(last.moving.values) == "lm_head"
    assert (np.diff(last.loss.values, n=2) >= -1e-12).all()


class Bidirectional(torch.nn.Module):
    """Every output is the mean over all tokens, later ones included."""

    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(len(WORDS), len(WORDS))

    def forward(self, tokens):
        found = self.embedding(tokens)
        return found + found.mean(dim=1, keepdim=True)


def test_a_model_that_sees_the_tokens_it_is_to_predict_is_refused():
    weights = Bidirectional().state_dict()
    with pytest.raises(isthmus.InputError, match="a causal language model"):
        isthmus.measure(Bidirectional, weights, {k: t + 1 for k, t in weights.items()}, TEXT_DATA)


def test_windows_that_are_too_long_for_the_model_are_answered_with_the_length():
    with pytest.raises(isthmus.InputError, match="length=64"):
        PAIRS[0].measured(data=text_windows(TOKENS, 17, "birds", "data"))


def test_tokens_that_the_model_has_no_output_for_are_refused():
    with pytest.raises(isthmus.InputError, match="targets from 0 to"):
        PAIRS[0].measured(data=(TEXT_DATA.inputs, TEXT_DATA.targets + len(WORDS) - 1))


def test_splits_of_other_lengths_are_refused():
    data = {"short": text_windows(TOKENS, 3, "birds", "data"), "long": TEXT_DATA}
    with pytest.raises(isthmus.InputError, match=r"one shape in all splits: \(3,\) as in short\n +got \(7,\) in long"):
        PAIRS[0].measured(data=data)
