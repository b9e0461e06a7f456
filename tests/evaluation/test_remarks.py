"""What a measurement is warned of: values that are missing, probabilities taken for logits, tokens not shifted."""

import pytest
import torch
from torch import nn

from isthmus.data.examples import Examples
from isthmus.errors import InputError
from isthmus.evaluation.losses.loss import binary_cross_entropy, cross_entropy, squared_error
from isthmus.evaluation.network import Network
from isthmus.evaluation.probe import probe_of

CPU = torch.device("cpu")


class Filled(nn.Linear):
    """Copes with missing inputs."""

    def forward(self, x):
        return super().forward(x.nan_to_num(0.0, 0.0, 0.0))


def remarks(model, inputs, targets=None, loss=cross_entropy):
    targets = torch.zeros(len(inputs), dtype=torch.long) if targets is None else targets
    network = Network.from_model(model, loss, CPU, torch.float32)
    return probe_of(network, model.state_dict(), Examples(inputs, targets, "mine", "data")).remarks


def inputs_with(value, rows, num_examples=2500):
    inputs = torch.zeros(num_examples, 4)
    for row in rows:
        inputs[row, 2] = value
    return inputs


@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_inputs_that_are_not_finite_are_refused_with_the_first_example(value):
    message = r"infinite inputs in 2 of 2500 examples, the first is number 2049;(.|\n)*where mine\n +do leave these"
    with pytest.raises(InputError, match=message):
        remarks(nn.Linear(4, 3), inputs_with(value, [2049, 2400]))


def test_a_network_that_copes_with_missing_inputs_is_measured_with_a_warning():
    (found,) = remarks(Filled(4, 3), inputs_with(float("nan"), [3, 7]))
    assert found == (
        "mine: NaN or infinite inputs in 2 of 2500 examples, the first is number 3; they are measured as they are"
    )
    assert remarks(Filled(4, 3), inputs_with(0.0, [3])) == []


def test_broken_weights_are_not_blamed_on_the_inputs():
    model = nn.Linear(4, 3)
    model.bias.data[0] = float("nan")
    assert "the first is number 3; they are measured as they are" in remarks(model, inputs_with(float("nan"), [3]))[0]


def test_a_loss_of_the_users_gets_targets_that_are_missing_with_a_warning():
    targets = torch.ones(20)
    targets[5] = float("nan")
    found = remarks(nn.Linear(4, 1), torch.zeros(20, 4), targets, lambda o, t: (o[:, 0] - t).nan_to_num() ** 2)
    assert found == [
        "mine: NaN or infinite targets in 1 of 20 examples, the first is number 5; the loss is given them as they are"
    ]


@pytest.mark.parametrize(
    ("last", "loss", "words"),
    [
        (nn.Softmax(1), cross_entropy, "add up to 1, as if it ended in softmax"),
        (nn.Sigmoid(), binary_cross_entropy, "lie in [0, 1], as if it ended in sigmoid"),
        (nn.Softmax(1), squared_error, None),
        (nn.Sigmoid(), cross_entropy, None),
        (nn.LogSoftmax(1), cross_entropy, None),
        (nn.Identity(), cross_entropy, None),
        (nn.Identity(), binary_cross_entropy, None),
    ],
)
def test_probabilities_under_a_loss_of_logits_are_warned_of(last, loss, words):
    torch.manual_seed(0)
    targets = torch.zeros(20, 3) if loss is binary_cross_entropy else None
    found = remarks(nn.Sequential(nn.Linear(4, 3), last), torch.randn(20, 4), targets, loss)
    assert [words in remark for remark in found] == [True] * (words is not None)


def test_targets_that_are_the_tokens_themselves_are_warned_of():
    class PerToken(nn.Embedding):
        pass

    tokens = torch.arange(40).view(8, 5) % 6
    (found,) = remarks(PerToken(6, 6), tokens, tokens)
    assert "targets tokens[:, 1:]" in found
    assert remarks(PerToken(6, 6), tokens[:, :-1], tokens[:, 1:]) == []


def test_a_tagger_sees_the_whole_window_and_a_language_model_may_not():
    class Reading(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(6, 6)

        def forward(self, tokens):
            embedded = self.embedding(tokens)
            return embedded + embedded.flip(1)

    tokens = torch.arange(48).view(8, 6) ** 2 % 6
    assert remarks(Reading(), tokens, (tokens * tokens + 1) % 6) == []
    with pytest.raises(InputError, match="a causal language model"):
        remarks(Reading(), tokens[:, :-1], tokens[:, 1:])
