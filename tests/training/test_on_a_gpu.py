"""What only a GPU can show: passes recorded as a graph, and networks on streams of their own, change no bit."""

import pytest
import torch
from tiny_recipes import PAIR, TOML, contents, networks, save_data
from tiny_training import dark_and_light, recipe_of
from torch import nn

from isthmus.models.load import load_model
from isthmus.training.initial import make_initial_model
from isthmus.training.loop import train
from isthmus.training.recipe.augmentation_settings import Crop, Flip
from isthmus.training.recipe.optimizer_settings import AdamW, Sam, Sgd

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")

RULES = {
    "sgd": Sgd(learning_rate=0.1, momentum=0.9, weight_decay=1e-3),
    "adamw": AdamW(learning_rate=0.01),
    "sam": Sam(learning_rate=0.1, momentum=0.9, rho=0.1),
}


def normed_network():
    return nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Dropout(0.2), nn.Linear(12, 2)
    )


def resnet():
    return load_model("resnet18_no_norm:width=8,channels=1,classes=2")


def on_gpu(build, recipe, **options):
    model = make_initial_model(build, recipe.seeds).cuda()
    return train(model, dark_and_light().to("cuda"), recipe, **options)


def equal(first, second):
    return all(torch.equal(first.weights[key], second.weights[key]) for key in first.weights)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("build", [normed_network, resnet])
def test_recorded_passes_give_the_bits_of_plain_ones(build, rule):
    changes = {"optimizer": RULES[rule], "augmentations": (Crop(padding=1), Flip()), "dtype": "bfloat16"}
    plain, graphed = (on_gpu(build, recipe_of(**changes, cuda_graph=graph)) for graph in (False, True))
    assert equal(plain, graphed)
    assert plain.losses == graphed.losses


def test_a_recorded_training_goes_on_in_the_middle_to_the_bit():
    recipe, states = recipe_of(checkpoints=("5it", "7it"), cuda_graph=True), {}
    whole = on_gpu(normed_network, recipe, keep=lambda step, state: states.update({str(step): state}))
    assert list(states) == ["0ep", "5it", "7it", "3ep"]
    for state in states.values():
        assert equal(whole, on_gpu(normed_network, recipe, start=state))


@pytest.mark.parametrize("graphed", ["false", "true"])
def test_networks_on_streams_of_their_own_write_the_bytes_of_one_after_the_other(tmp_path, monkeypatch, graphed):
    monkeypatch.chdir(tmp_path)
    save_data()
    text = TOML.replace('"cpu"', '"cuda"') + f"cuda_graph = {graphed}\n" + PAIR
    networks(text, "one")
    networks(text, "turns", at_once=2)
    assert contents("turns") == contents("one")
