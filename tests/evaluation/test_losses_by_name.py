"""Losses with options and on places (tokens, pixels), against PyTorch's own; what is ambiguous is refused."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import isthmus
from isthmus.data.examples import Examples
from isthmus.errors import InputError, UnknownNameError
from isthmus.evaluation.losses.cross_entropy import CrossEntropy, class_errors, cross_entropy
from isthmus.evaluation.losses.fitting_targets import refuse_unfit_targets
from isthmus.evaluation.losses.loss import absolute_error, loss_named

RANDOM = torch.Generator().manual_seed(0)
PIXELS = torch.randn(5, 3, 4, 6, generator=RANDOM)
CLASSES = torch.randint(3, (5, 4, 6), generator=RANDOM)
TOKENS = torch.randn(5, 7, 3, generator=RANDOM)
TAGS = torch.randint(3, (5, 7), generator=RANDOM)


def with_ignored(targets: Tensor, index: int) -> Tensor:
    """Every third target does not count."""
    return torch.where(torch.arange(targets.numel()).view(targets.shape) % 3 == 0, index, targets)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("cross_entropy", {}),
        ("cross_entropy:ignore_index=1", {"ignore_index": 1}),
        ("cross_entropy:label_smoothing=0.2", {"label_smoothing": 0.2}),
        ("cross_entropy:class_weights=1/2/0.5", {"weight": torch.tensor([1.0, 2.0, 0.5])}),
        (
            "cross_entropy:ignore_index=-1,label_smoothing=0.1,class_weights=1/0/3",
            {"ignore_index": -1, "label_smoothing": 0.1, "weight": torch.tensor([1.0, 0.0, 3.0])},
        ),
    ],
)
def test_an_example_has_the_mean_over_its_places_of_what_pytorch_computes(text, options):
    index = options.get("ignore_index", -100)
    targets = with_ignored(CLASSES, index)
    of_pixels = functional.cross_entropy(PIXELS, targets, reduction="none", **options)
    for example, found in enumerate(loss_named(text)(PIXELS, targets)):
        counts = targets[example] != index
        torch.testing.assert_close(found, of_pixels[example][counts].mean())
    tags = with_ignored(TAGS, index)
    of_tokens = functional.cross_entropy(TOKENS.movedim(2, 1), tags, reduction="none", **options)
    torch.testing.assert_close(loss_named(text)(TOKENS, tags), of_tokens.sum(1) / (tags != index).sum(1))


def test_shifted_outputs_are_for_the_next_token():
    shifted = loss_named("cross_entropy:shift=true")
    torch.testing.assert_close(shifted(TOKENS, TAGS), cross_entropy(TOKENS[:, :-1], TAGS[:, 1:]))
    torch.testing.assert_close(shifted.errors(TOKENS, TAGS), class_errors(TOKENS[:, :-1], TAGS[:, 1:]))


def test_pixels_and_tokens_that_do_not_count_are_no_errors():
    right = PIXELS.argmax(1)
    wrong = (right + 1) % 3
    assert class_errors(PIXELS, right).tolist() == [0] * 5
    assert class_errors(PIXELS, wrong).tolist() == [1] * 5
    half = torch.where(torch.arange(6) < 2, wrong, torch.where(torch.arange(6) < 4, right, -100))
    assert class_errors(PIXELS, half).tolist() == [0.5] * 5


def test_absolute_errors_add_up():
    outputs, targets = torch.randn(4, 2, 3, generator=RANDOM), torch.randn(4, 2, 3, generator=RANDOM)
    torch.testing.assert_close(absolute_error(outputs, targets), (outputs - targets).abs().sum(dim=(1, 2)))


SQUARE = torch.randn(8, 5, 5, generator=RANDOM)
OF_PLACES = torch.randint(5, (8, 5), generator=RANDOM)


def judged(loss: object, inputs: Tensor) -> None:
    refuse_unfit_targets(loss, SQUARE, Examples(inputs, OF_PLACES, "mine", "data"))


def test_as_many_classes_as_places_are_refused_unless_the_loss_or_tokens_say_which_is_which():
    with pytest.raises(InputError, match=r"classes=first(.|\n)*classes=last"):
        judged(cross_entropy, torch.randn(8, 5))
    judged(cross_entropy, OF_PLACES)
    judged(CrossEntropy(classes="first"), torch.randn(8, 5))
    first = loss_named("cross_entropy:classes=first")(SQUARE, OF_PLACES)
    torch.testing.assert_close(first, functional.cross_entropy(SQUARE, OF_PLACES, reduction="none").mean(1))
    last = loss_named("cross_entropy:classes=last")(SQUARE, OF_PLACES)
    torch.testing.assert_close(last, cross_entropy(SQUARE, OF_PLACES))
    assert not torch.allclose(first, last)


@pytest.mark.parametrize(
    "text",
    [
        "cross_entropy:label_smoothing=1", "cross_entropy:label_smoothing=x", "cross_entropy:ignore_index=0.5",
        "cross_entropy:shift=yes", "cross_entropy:classes=2", "cross_entropy:ignore_index", "cross_entropy:",
        "squared_error:ignore_index=0", "cross_entropy:ignore_index=0,ignore_index=1",
        "cross_entropy:class_weights=1/nan",
    ],
)  # fmt: skip
def test_options_that_a_loss_does_not_take_are_refused(text):
    with pytest.raises(InputError, match="cross_entropy"):
        loss_named(text)


def test_an_unknown_option_is_named_with_those_there_are():
    with pytest.raises(UnknownNameError, match="label_smoothing"):
        loss_named("cross_entropy:smoothing=0.1")


def test_weights_for_another_number_of_classes_are_refused():
    with pytest.raises(InputError, match="a weight for each of 3 classes"):
        loss_named("cross_entropy:class_weights=1/2")(TOKENS, TAGS)


def segmenter() -> nn.Module:
    return nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 3, 1))


def test_a_segmentation_network_has_the_numbers_of_a_plain_loop_and_an_error_of_its_pixels():
    inputs = torch.randn(10, 2, 6, 6, generator=RANDOM)
    targets = with_ignored(torch.randint(3, (10, 6, 6), generator=RANDOM), 255)
    states = []
    for seed in range(2):
        torch.manual_seed(seed)
        states.append(segmenter().state_dict())
    loss = "cross_entropy:ignore_index=255"
    result = isthmus.measure(segmenter, *states, (inputs, targets), loss=loss)
    for layer in ("0", "2"):
        model = segmenter().eval()
        model.load_state_dict({
            key: (states[0][key] + states[1][key]) / 2 if key.startswith(layer) else states[0][key] for key in states[0]
        })
        with torch.no_grad():
            outputs = model(inputs)
        of_pixels = functional.cross_entropy(outputs, targets, ignore_index=255, reduction="none")
        counts = targets != 255
        expected = (of_pixels.sum((1, 2)) / counts.sum((1, 2))).mean()
        at = result.sel(host="a", moving=layer, alpha=0.5)
        assert float(at.loss) == pytest.approx(float(expected), abs=1e-6)
        wrong = ((outputs.argmax(1) != targets) & counts).sum((1, 2)) / counts.sum((1, 2))
        assert float(at.error_rate) == pytest.approx(float(wrong.mean()), abs=1e-6)


def test_maps_smaller_than_the_targets_are_enlarged_where_asked_as_segformer_does():
    torch.manual_seed(0)
    network = nn.Conv2d(2, 3, 4, 4)
    a, b = ({key: torch.randn_like(tensor) for key, tensor in network.state_dict().items()} for _ in "ab")
    images, targets = torch.randn(4, 2, 16, 24), torch.randint(3, (4, 16, 24))
    result = isthmus.measure(network, a, b, (images, targets), loss="cross_entropy:enlarge=true", sweep="full")
    network.load_state_dict(a)
    with torch.no_grad():
        wide = functional.interpolate(network(images), size=(16, 24), mode="bilinear", align_corners=False)
    assert float(result.loss_a) == pytest.approx(float(functional.cross_entropy(wide, targets)), abs=1e-6)
    assert float(result.error_a) == pytest.approx(float((wide.argmax(1) != targets).float().mean()), abs=1e-6)
    with pytest.raises(InputError, match="targets that cross_entropy takes"):
        isthmus.measure(network, a, b, (images, targets))
