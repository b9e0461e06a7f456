"""Networks of several inputs and outputs, against a loop of plain forward passes."""

from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import isthmus
from isthmus.errors import InputError

Named = namedtuple("Named", "hidden scores")
N = 24


@dataclass
class Returned:
    hidden: Tensor
    logits: Tensor | None = None


class Towers(nn.Module):
    """Two towers and a mask; returns its scores in one of several forms."""

    def __init__(self, form: str = "tensor") -> None:
        super().__init__()
        self.left, self.right = nn.Linear(5, 8), nn.Embedding(11, 8)
        self.body, self.head = nn.Linear(16, 8), nn.Linear(8, 4)
        self.form = form

    def forward(self, floats: Tensor, tokens: Tensor, mask: Tensor | None = None) -> object:
        embedded = self.right(tokens)
        mask = torch.ones_like(tokens) if mask is None else mask
        pooled = (embedded * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp(min=1)
        hidden = torch.relu(self.body(torch.cat([torch.relu(self.left(floats)), pooled], dim=1)))
        scores = self.head(hidden)
        forms = {
            "tensor": scores, "dict": {"hidden": hidden, "logits": scores}, "only": {"scores": scores},
            "dataclass": Returned(hidden, scores), "tuple": (hidden, scores), "named": Named(hidden, scores),
        }  # fmt: skip
        return forms[self.form]


def batch(seed: int = 0) -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(seed)
    return {
        "floats": torch.randn(N, 5, generator=random),
        "tokens": torch.randint(11, (N, 6), generator=random),
        "mask": torch.randint(2, (N, 6), generator=random),
    }


TARGETS = torch.randint(4, (N,), generator=torch.Generator().manual_seed(1))


def weights(seed: int) -> dict[str, Tensor]:
    torch.manual_seed(seed)
    return Towers().state_dict()


def loop(inputs: dict[str, Tensor], alpha: float = 0.5) -> dict[tuple[str, str], float]:
    """Mean losses of every single layer into each host, by plain forward passes."""
    a, b = weights(0), weights(1)
    found = {}
    for host, donor, name in ((a, b, "a"), (b, a, "b")):
        for layer in ("left", "right", "body", "head"):
            mixed = {
                key: (1 - alpha) * host[key] + alpha * donor[key] if key.startswith(layer) else host[key]
                for key in host
            }
            model = Towers().eval()
            model.load_state_dict(mixed)
            with torch.no_grad():
                found[name, layer] = float(functional.cross_entropy(model(**inputs), TARGETS))
    return found


@pytest.mark.parametrize("engine", ["shared", "direct"])
def test_a_dict_goes_by_keyword_to_the_numbers_of_a_plain_loop(engine):
    result = isthmus.measure(Towers, weights(0), weights(1), (batch(), TARGETS), engine=engine, batch_size=7)
    for (host, layer), expected in loop(batch()).items():
        assert float(result.loss.sel(host=host, moving=layer).squeeze()) == pytest.approx(expected, abs=5e-7)


def test_a_tuple_goes_by_position_and_gives_the_bits_of_the_dict():
    given = batch()
    first = isthmus.measure(Towers, weights(0), weights(1), (given, TARGETS))
    second = isthmus.measure(Towers, weights(0), weights(1), (tuple(given.values()), TARGETS))
    np.testing.assert_array_equal(first.loss, second.loss)
    # The mask, the two towers, where they meet, body and head.
    assert "6 stages" in first.attrs["engine_note"]


def test_shared_and_direct_agree_to_the_bit_on_several_inputs():
    found = [
        isthmus.measure(Towers, weights(0), weights(1), (batch(), TARGETS), sweep=["single", "pairs"], engine=engine)
        for engine in ("shared", "direct")
    ]
    np.testing.assert_array_equal(found[0].loss, found[1].loss)


def test_a_mask_travels_with_its_example():
    """All batches give one result, which is another one without the mask."""
    whole, small = (
        isthmus.measure(Towers, weights(0), weights(1), (batch(), TARGETS), batch_size=size) for size in (N, 5)
    )
    np.testing.assert_allclose(whole.loss, small.loss, atol=1e-6)
    unmasked = {name: tensor for name, tensor in batch().items() if name != "mask"}
    other = isthmus.measure(Towers, weights(0), weights(1), (unmasked, TARGETS))
    assert abs(other.loss - whole.loss).max() > 1e-3


def test_inputs_of_several_lengths_are_refused():
    broken = batch() | {"mask": torch.ones(N - 1, 6)}
    with pytest.raises(InputError, match=r"mask \(23, 6\)"):
        isthmus.measure(Towers, weights(0), weights(1), (broken, TARGETS))


def test_inputs_that_forward_does_not_take_are_left_out_and_named():
    plain = isthmus.measure(Towers, weights(0), weights(1), (batch(), TARGETS))
    with pytest.warns(isthmus.IsthmusWarning, match="does not take lengths: left out"):
        found = isthmus.measure(Towers, weights(0), weights(1), (batch() | {"lengths": torch.ones(N)}, TARGETS))
    np.testing.assert_array_equal(found.loss, plain.loss)


@pytest.mark.parametrize(
    ("form", "output"),
    [
        ("dict", None), ("dict", "logits"), ("only", None), ("dataclass", None), ("tuple", "1"),
        ("named", "scores"), ("named", "1"),
    ],
)  # fmt: skip
def test_one_of_several_outputs_is_measured(form, output):
    plain = isthmus.measure(Towers, weights(0), weights(1), (batch(), TARGETS))
    found = isthmus.measure(lambda: Towers(form), weights(0), weights(1), (batch(), TARGETS), output=output)
    np.testing.assert_array_equal(plain.loss, found.loss)


@pytest.mark.parametrize(
    ("form", "output", "message"),
    [
        ("tuple", None, r"name the field that holds the scores: output=0"),
        ("dict", "scores", r"choose one of these: hidden, logits"),
        ("tuple", "7", r"choose one of these: 0, 1"),
    ],
)
def test_an_output_that_is_not_clear_or_not_there_is_refused(form, output, message):
    with pytest.raises(InputError, match=message):
        isthmus.measure(lambda: Towers(form), weights(0), weights(1), (batch(), TARGETS), output=output)


def test_another_output_is_another_measurement(tmp_path):
    options = {"out": tmp_path / "run", "loss": "squared_error"}
    targets = torch.zeros(N, 8)
    with pytest.warns(isthmus.IsthmusWarning, match="no effect on these outputs: head"):
        isthmus.measure(lambda: Towers("dict"), weights(0), weights(1), (batch(), targets), output="hidden", **options)
    with pytest.raises(InputError, match="output"):
        isthmus.measure(
            lambda: Towers("dict"), weights(0), weights(1), (batch(), torch.zeros(N, 4)), output="logits", resume=True,
            **options,
        )  # fmt: skip
