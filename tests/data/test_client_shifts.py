"""Feature shift: a client's images are changed in one way, its own, and nothing else of them."""

import numpy as np
import pytest
import torch
from PIL import Image

from isthmus.data.clients.partition import SHIFTS, Client, ClientPartition
from isthmus.data.clients.parts import client_examples
from isthmus.data.clients.shift import Shift, shift_of, shifted_images
from isthmus.data.load import load_examples
from isthmus.errors import InputError

IMAGES = torch.from_numpy(np.random.default_rng(0).integers(0, 256, size=(3, 3, 6, 6), dtype=np.uint8))


def test_quarter_turns_are_those_of_numpy_to_the_bit_also_of_images_that_are_not_square():
    for quarters in (1, 2, 3):
        turned = shifted_images(IMAGES, Shift("rotation", quarters / 4))
        assert np.array_equal(turned, np.rot90(IMAGES, quarters, axes=(2, 3))), quarters
    wide = IMAGES[:, :, 1:5]
    middle = shifted_images(wide, Shift("rotation", 0.25))[:, :, :, 1:5]
    assert np.array_equal(middle, np.rot90(wide[:, :, :, 1:5], axes=(2, 3)))


def test_a_turn_between_is_that_of_pillow_within_rounding():
    smooth = torch.arange(64, dtype=torch.uint8).reshape(1, 1, 8, 8) * 3
    turned = shifted_images(smooth, Shift("rotation", 30 / 360))[0, 0].int()
    reference = Image.fromarray(smooth[0, 0].numpy()).rotate(30, Image.Resampling.BILINEAR)
    reference = torch.from_numpy(np.array(reference)).int()
    assert abs(turned[2:-2, 2:-2] - reference[2:-2, 2:-2]).max() <= 1


def test_a_blur_keeps_an_even_image_and_the_mean_and_lowers_the_contrast():
    even = torch.full((1, 1, 8, 8), 77, dtype=torch.uint8)
    assert torch.equal(shifted_images(even, Shift("blur", 1.0)), even)
    point = torch.zeros(1, 1, 33, 33, dtype=torch.uint8)
    point[0, 0, 16, 16] = 255
    blurred = shifted_images(point, Shift("blur", 0.1))[0, 0]
    assert blurred.argmax() == 16 * 33 + 16
    assert abs(int(blurred.sum()) - 255) <= 5
    # The density of a Gaussian of 0.5 + 0.1 * 33 / 16 pixels, beside its middle.
    assert blurred[16, 17] / blurred[16, 16] == pytest.approx(np.exp(-0.5 / 0.70625**2), abs=0.01)


def test_a_third_of_the_circle_of_hues_makes_red_green_and_leaves_grey():
    pixels = torch.tensor([[255, 0, 0], [0, 255, 0], [0, 0, 255], [90, 90, 90]], dtype=torch.uint8)
    turned = shifted_images(pixels.reshape(4, 3, 1, 1), Shift("colour", 1 / 3)).reshape(4, 3).int()
    assert abs(turned - pixels[[1, 2, 0, 3]].int()).max() <= 3  # Pillow's hues are whole numbers of 256


def test_an_inversion_is_its_own_inverse_and_white_is_the_sets_own():
    twice = shifted_images(shifted_images(IMAGES, Shift("inversion", 1.0)), Shift("inversion", 1.0))
    assert torch.equal(twice, IMAGES)
    plain, inverted = (load_examples(f"digits:test:client=1/2{more}") for more in ("", ",shift=inversion"))
    assert torch.equal(plain.inputs + inverted.inputs, torch.full_like(plain.inputs, 16))


def test_each_client_has_the_amount_of_its_number():
    def found(kind, num_clients, num_channels=1):
        partition = ClientPartition(num_clients, shift=kind)
        shifts = (shift_of(Client(number, partition), num_channels) for number in range(num_clients))
        return [shift and (shift.kind, shift.amount) for shift in shifts]

    assert found("rotation", 4) == [None, ("rotation", 0.25), ("rotation", 0.5), ("rotation", 0.75)]
    assert found("blur", 2) == [None, ("blur", 0.5)]
    assert found("inversion", 3) == [None, ("inversion", 1), None]
    assert found("mixed", 5) == [None, ("rotation", 1 / 3), ("blur", 1 / 3), ("inversion", 1), None]
    assert found("mixed", 5, 3) == [None, ("rotation", 0.5), ("blur", 0.5), ("inversion", 1), ("colour", 0.5)]
    assert found("", 2) == [None, None]


@pytest.mark.parametrize("kind", [shift for shift in SHIFTS if shift != "colour"])
def test_a_clients_train_and_test_images_are_those_of_its_part_under_one_shift(kind):
    plain, found = (
        client_examples("digits:train[0:400]", "digits:test[0:300]", text, 4, seed=0)
        for text in ("classes=5", f"classes=5,shift={kind}")
    )
    for before, after in zip(plain, found, strict=True):
        shift = shift_of(Client(after.number, ClientPartition(4, shift=kind)), 1)
        for split in ("train", "test"):
            one, other = getattr(before, split), getattr(after, split)
            assert torch.equal(one.targets, other.targets)
            assert one.normalization == other.normalization
            expected = one.inputs if shift is None else shifted_images(one.inputs, shift, 16)
            assert torch.equal(other.inputs, expected)
            assert torch.equal(one.inputs, other.inputs) == (shift is None)
        assert (after.test_indices is None) == (shift is not None)
        assert shift is None or shift.words in after.rule
    assert torch.equal(plain[0].test_indices, found[0].test_indices)
    spec = load_examples(f"digits:train[0:400]:client=1/4,classes=5,shift={kind}")
    assert spec.content_hash == found[1].train.content_hash
    assert f"shift={kind}" in spec.name


def test_only_images_of_bytes_are_shifted_and_only_those_of_three_channels_change_colour(tmp_path):
    np.savez(tmp_path / "own.npz", inputs=np.zeros((4, 1, 2, 2)), targets=np.arange(4))
    (tmp_path / "own.txt").write_text("abcdefgh" * 20)
    for data, kind in ((f"{tmp_path}/own.npz:", "blur"), (f"{tmp_path}/own.txt:length=5,", "rotation")):
        with pytest.raises(InputError, match=rf"images as bytes .*, for shift={kind}\n +got shape(.|\n)*leave"):
            load_examples(f"{data}client=1/2,shift={kind}")
    with pytest.raises(InputError, match=r"three channels, for shift=colour\n +got 1 channels"):
        load_examples("digits:train:client=0/2,shift=colour")
