"""Networks built from a name: what a checkpoint's shapes decide, and what building leaves alone."""

import pytest
import torch

from isthmus.errors import InputError
from isthmus.models.load import load_model
from isthmus.models.registry import MODELS

SMALL = {
    "mlp": "mlp:inputs=6,width=5,classes=3",
    "cnn": "cnn:width=3,classes=4,channels=2",
    "resnet18": "resnet18:width=3,classes=4,channels=1",
    "resnet18_no_norm": "resnet18_no_norm:width=3,classes=4,channels=1",
    "resnet18_group_norm": "resnet18_group_norm:width=4,classes=4,channels=1",
    "vgg11": "vgg11:width=1,classes=7,channels=2",
    "deep_linear": "deep_linear:inputs=6,width=5,hidden=4,classes=3",
    "mobilenet": "mobilenet:width=2,classes=4,channels=1",
    "lenet5": "lenet5:classes=4,channels=3",
    "omniglot_cnn": "omniglot_cnn:width=3,classes=4,channels=2",
    "vit": "vit:layers=1,width=8,heads=2,mlp=12,patch=8,classes=4,channels=1",
    "gpt": "gpt:layers=3,width=8,heads=2,length=6,vocabulary=11",
}
UNSEEN = {"vit": "vit:heads=2", "gpt": "gpt:heads=2"}  # options that no tensor shows


def shapes(model):
    return {key: tensor.shape for key, tensor in model.state_dict().items()}


@pytest.mark.parametrize("prefix", ["", "lit.model."])
@pytest.mark.parametrize("name", MODELS)
def test_every_option_that_changes_a_shape_can_be_read_from_the_shapes_of_a_checkpoint(name, prefix):
    original = load_model(SMALL[name])
    weights = {f"{prefix}{key}": tensor for key, tensor in original.state_dict().items()} | {"loss.w": torch.ones(9)}
    assert shapes(load_model(UNSEEN.get(name, name), weights)) == shapes(original)


@pytest.mark.parametrize("name", UNSEEN)
def test_heads_which_change_the_outputs_and_no_shape_must_be_given_beside_a_checkpoint(name):
    original = load_model(SMALL[name])
    with pytest.raises(InputError, match=f"the option 'heads' of {name}") as caught:
        load_model(name, original.state_dict())
    assert f"write {name}:heads=8" in caught.value.remedy
    assert type(load_model(f"{name}:layers=1,width=24,{'length=4' if name == 'gpt' else 'mlp=8'},heads=4")).__module__


def test_sizes_that_do_not_fit_together_are_refused():
    with pytest.raises(InputError, match=r"options that fit together\n +got .*divisible"):
        load_model("gpt:layers=1,width=8,heads=3")


def test_an_option_that_is_given_wins_over_the_checkpoint():
    weights = load_model("cnn:width=3,classes=4,channels=2").state_dict()
    model = load_model("cnn:classes=9", weights)
    assert model.fc.weight.shape == (9, 12)
    assert model.conv1.weight.shape == (3, 2, 3, 3)


def test_a_checkpoint_of_another_architecture_leaves_the_defaults():
    weights = {"conv1.weight": torch.tensor(1.0), "other": torch.zeros(3)}
    assert shapes(load_model("cnn", weights)) == shapes(load_model("cnn"))


def test_an_option_without_default_must_be_given():
    with pytest.raises(InputError, match="expected the option 'inputs' of mlp") as caught:
        load_model("mlp")
    assert "mlp:inputs=784" in caught.value.remedy


@pytest.mark.parametrize("name", MODELS)
def test_building_leaves_the_random_state_as_it_was(name):
    before = torch.random.get_rng_state()
    load_model(SMALL[name])
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_initial_weights_come_from_the_current_random_state():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        first, second = (load_model("cnn:width=2").conv1.weight for _ in range(2))
        torch.manual_seed(2)
        other = load_model("cnn:width=2").conv1.weight
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_networks_are_built_on_the_cpu_whatever_the_default_device():
    with torch.device("meta"):
        model = load_model("cnn:width=2")
    assert {parameter.device.type for parameter in model.parameters()} == {"cpu"}
