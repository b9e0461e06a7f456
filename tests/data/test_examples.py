"""Examples keep their order and their bytes; a batch is a value of its own."""

import hashlib

import pytest
import torch

from isthmus.data.examples import Examples, Normalization
from isthmus.errors import InputError

CPU = torch.device("cpu")
CIFAR = Normalization((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010), name="paper")


@pytest.fixture
def photos() -> Examples:
    inputs = torch.randint(0, 256, (10, 3, 5, 4), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return Examples(inputs, torch.arange(10), "photos", "test", CIFAR)


def test_a_batch_is_the_formula_applied_channel_by_channel(photos):
    inputs, targets = photos.batch(2, 5, CPU, torch.float64)
    for channel in range(3):
        expected = (photos.inputs[2:5, channel].double() / 255 - CIFAR.mean[channel]) / CIFAR.std[channel]
        torch.testing.assert_close(inputs[:, channel], expected, rtol=0, atol=1e-15)
    assert targets.tolist() == [2, 3, 4]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_a_normalised_batch_has_the_wanted_type_and_half_types_are_rounded_last(photos, dtype):
    inputs, _ = photos.batch(0, 10, CPU, dtype)
    assert inputs.dtype == dtype
    if dtype in {torch.bfloat16, torch.float16}:
        assert torch.equal(inputs, photos.batch(0, 10, CPU, torch.float32)[0].to(dtype))


def test_two_batches_of_the_same_examples_are_the_same_bits_and_do_not_depend_on_the_batch_size(photos):
    whole = photos.batch(0, 10, CPU, torch.float32)[0]
    parts = [photos.batch(start, start + 3, CPU, torch.float32)[0] for start in range(0, 10, 3)]
    assert torch.equal(torch.cat(parts), whole)


def test_a_single_number_normalises_every_channel():
    halves = Normalization((0.5,), (0.25,), scale=1.0)
    assert halves(torch.tensor([[[0.5], [1.0]]]), torch.float32).flatten().tolist() == [0.0, 2.0]


def test_tokens_stay_integers_and_floating_targets_pass_through():
    tokens = Examples(torch.arange(12).view(4, 3), torch.rand(4, 2, dtype=torch.float64), "t", "data")
    inputs, targets = tokens.batch(0, 4, CPU, torch.float32)
    assert (inputs.dtype, targets.dtype) == (torch.int64, torch.float64)
    assert torch.equal(targets, tokens.targets)


@pytest.mark.parametrize("stored", [torch.float32, torch.float64, torch.int64, torch.uint8])
def test_what_happens_to_a_batch_in_place_never_reaches_the_stored_examples(stored):
    inputs, targets = torch.ones(4, 2, dtype=stored), torch.zeros(4, dtype=torch.int64)
    examples = Examples(inputs, targets, "own", "data")
    for tensor in examples.batch(1, 4, CPU, torch.float32):
        tensor.fill_(7)
    assert inputs.unique().tolist() == [1]
    assert targets.unique().tolist() == [0]


def test_given_floating_inputs_are_taken_as_they_are(photos):
    values = torch.randn(3, 2)
    assert torch.equal(Examples(values, torch.zeros(3), "own", "data").batch(0, 3, CPU, torch.float32)[0], values)


def test_take_keeps_the_order_as_given_and_says_what_it_took(photos):
    some = photos.take(torch.tensor([7, 2, 2]))
    assert some.targets.tolist() == [7, 2, 2]
    assert torch.equal(some.inputs, photos.inputs[[7, 2, 2]])
    assert photos.take(slice(3, 6)).name == "photos[3:6]"
    assert photos.take(slice(None, 6)).targets.tolist() == list(range(6))
    assert photos.take(slice(3, 6)).normalization is CIFAR


@pytest.mark.parametrize(
    ("indices", "message"),
    [
        (slice(0, 11), r"within the 10 examples\n +got \[0:11\]\n +where photos\n +do stay within \[0:10\]"),
        (slice(-2, None), r"within the 10 examples\n +got \[-2:\]"),
        (slice(4, 4), r"at least one of the 10 examples\n +got \[4:4\], which is empty\n +where photos"),
        (torch.tensor([3, 10]), r"below 10\n +got 10\n +where photos"),
        (torch.tensor([-1]), r"at least 0 and below 10\n +got -1"),
        (torch.tensor([], dtype=torch.int64), r"below 10\n +got none"),
    ],
)
def test_choosing_outside_the_examples_or_none_is_refused_with_their_number(photos, indices, message):
    with pytest.raises(InputError, match=message):
        photos.take(indices)


def test_examples_need_one_target_for_each_input_and_at_least_one():
    with pytest.raises(InputError, match=r"inputs of shape \(3, 2\) float32 and targets of shape \(2,\)"):
        Examples(torch.zeros(3, 2), torch.zeros(2), "own", "data")
    with pytest.raises(InputError, match="as many targets as inputs"):
        Examples(torch.tensor(1.0), torch.tensor(1), "own", "data")
    with pytest.raises(InputError, match=r"at least one example\n +got none\n +where own"):
        Examples(torch.zeros(0, 2), torch.zeros(0), "own", "data")


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_a_normalisation_for_another_number_of_channels_is_refused_rather_than_broadcast(channels):
    with pytest.raises(InputError, match=rf"each of {channels} channels\n +got 3 means and 3 stds"):
        Examples(torch.zeros(2, channels, 3, 3), torch.zeros(2), "own", "data", CIFAR)


def test_the_content_hash_is_the_sha_256_of_the_stated_bytes():
    inputs, targets = torch.tensor([[1], [2]], dtype=torch.uint8), torch.tensor([3, 4], dtype=torch.uint8)
    stated = b"torch.uint8 (2, 1) \x01\x02" + b"torch.uint8 (2,) \x03\x04" + b"((0.5,), (0.25,), 255.0)"
    examples = Examples(inputs, targets, "own", "data", Normalization((0.5,), (0.25,)))
    assert examples.content_hash == hashlib.sha256(stated).hexdigest()


def test_the_content_hash_changes_with_order_type_shape_and_normalisation_and_with_nothing_else(photos):
    inputs, targets = photos.inputs, photos.targets
    others = [
        photos.take(torch.arange(9, -1, -1)),
        photos.take(slice(0, 9)),
        Examples(inputs, targets.int(), "photos", "test", CIFAR),
        Examples(inputs.view(10, 3, 4, 5), targets, "photos", "test", CIFAR),
        Examples(inputs, targets, "photos", "test"),
        Examples(inputs, targets, "photos", "test", Normalization(CIFAR.mean, (0.2470, 0.2435, 0.2616))),
    ]
    hashes = {photos.content_hash, *(other.content_hash for other in others)}
    assert len(hashes) == len(others) + 1
    strided = inputs.to(memory_format=torch.channels_last)
    same = Examples(strided, targets, "renamed", "train", CIFAR, class_names=("a",))
    assert same.content_hash == photos.to("cpu").content_hash == photos.content_hash


def test_half_precision_and_gradient_carrying_inputs_have_a_content_hash():
    values = torch.ones(2, 3, dtype=torch.bfloat16, requires_grad=True)
    assert len(Examples(values, torch.zeros(2), "own", "data").content_hash) == 64
