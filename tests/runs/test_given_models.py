"""What people give for a model: wrapped, lazy, without values, in any precision; beside a plain loop."""

import importlib.util
import json
import sys

import pytest
import torch
from torch import nn
from torch.nn import functional

import isthmus
from isthmus.errors import InputError

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated")
INPUTS = torch.randn(12, 6, generator=torch.Generator().manual_seed(0))
TARGETS = torch.randint(4, (12,), generator=torch.Generator().manual_seed(1))


def plain():
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.BatchNorm1d(8), nn.Linear(8, 4))


def weights(seed, build=plain):
    torch.manual_seed(seed)
    network = build()
    return {key: tensor.clone() for key, tensor in network.state_dict().items()}


def loop(host, donor, moving):
    mixed = {
        key: (tensor + donor[key]) / 2 if key.startswith(moving) and tensor.is_floating_point() else tensor
        for key, tensor in host.items()
    }
    network = plain().eval()
    network.load_state_dict(mixed)
    with torch.no_grad():
        return float(functional.cross_entropy(network(INPUTS), TARGETS))


def compare(model, prefix=""):
    a, b = weights(1), weights(2)
    given = ({f"{prefix}{key}": tensor for key, tensor in state.items()} for state in (a, b))
    result = isthmus.measure(model, *given, (INPUTS, TARGETS))
    for host, own, other in (("a", a, b), ("b", b, a)):
        for layer in ("0", "2", "3"):
            found = float(result.loss.sel(host=host, moving=layer).squeeze())
            assert found == pytest.approx(loop(own, other, f"{layer}."), abs=1e-6)
    return {check["check"]: check["detail"] for check in json.loads(result.attrs["self_checks"])}


SAID = "the network in the model that was given is measured"
WRAPPED = {
    "compiled": (lambda: torch.compile(plain()), "_orig_mod.", "OptimizedModule"),
    "DataParallel": (lambda: nn.DataParallel(plain()), "module.", "DataParallel"),
    "both": (lambda: torch.compile(nn.DataParallel(plain())), "_orig_mod.module.", "DataParallel"),
    "averaged": (lambda: torch.optim.swa_utils.AveragedModel(plain()), "module.", "AveragedModel"),
}


@pytest.mark.parametrize("case", WRAPPED)
def test_what_is_wrapped_around_a_network_is_taken_off_and_said(case):
    build, prefix, name = WRAPPED[case]
    for model in (build, build()):
        for head in ("", prefix):
            assert name in compare(model, head)[SAID]


def test_a_network_compiled_in_place_is_measured():
    model = plain()
    model.compile()
    compare(model)


@pytest.mark.filterwarnings("ignore:engine shared. a single stage")
def test_a_part_that_is_compiled_is_measured():
    def build():
        network = plain()
        network[0] = torch.compile(network[0], backend="eager")
        return network

    compare(build)


def lazy():
    return nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.LazyBatchNorm1d(), nn.LazyLinear(4))


@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature")
@pytest.mark.parametrize("head", ["", "model."])
def test_lazy_modules_get_the_shapes_of_the_weights(head):
    model = lazy()
    for given in (lazy, model):
        assert "shapes of the weights" in compare(given, head)[SAID]
    assert isinstance(model[0].weight, nn.UninitializedParameter)


@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature")
def test_lazy_modules_without_weights_of_their_keys_are_refused():
    with pytest.raises(InputError, match=r"0\.weight(.|\n)*run one batch through the model"):
        isthmus.measure(lazy(), {"x": torch.ones(2)}, {"x": torch.ones(2)}, (INPUTS, TARGETS))


def on_meta():
    with torch.device("meta"):
        return plain()


def test_a_model_on_meta_gets_the_given_weights():
    for model in (on_meta, on_meta()):
        assert "meta" in compare(model)[SAID]


class Masked(nn.Linear):
    def __init__(self):
        super().__init__(6, 4)
        self.register_buffer("mask", torch.ones(6), persistent=False)

    def forward(self, x):
        return super().forward(x * self.mask)


def test_what_is_on_meta_and_in_no_state_dict_is_refused():
    with torch.device("meta"):
        model = Masked()
    state = {key: torch.randn(tensor.shape) for key, tensor in model.state_dict().items()}
    with pytest.raises(InputError, match=r"mask on the device meta(.|\n)*build it on the processor"):
        isthmus.measure(model, state, state, (INPUTS, TARGETS))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_a_module_of_any_precision_is_measured_in_the_one_asked_for(dtype):
    for model in (lambda: plain().to(dtype), plain().to(dtype)):
        compare(model)


def library(name):
    """timm or torchvision; beside a processor's torch too, for which no wheel of torchvision has its operators."""
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    try:
        return importlib.import_module(name)
    except RuntimeError as error:
        if "operator torchvision::" not in str(error):
            pytest.skip(f"{name} does not run beside this torch: {error}")
    for half_loaded in [module for module in sys.modules if module.partition(".")[0] in {"timm", "torchvision"}]:
        del sys.modules[half_loaded]
    # The two that torchvision describes on import whether or not it has them; no network here uses them.
    for operator in ("nms", "qnms"):
        torch.library.define(f"torchvision::{operator}", "(Tensor boxes, Tensor scores, float threshold) -> Tensor")
    return importlib.import_module(name)


LIBRARIES = {
    "timm resnet18": ("timm", None, lambda found: found.create_model("resnet18", num_classes=4)),
    "timm vit": (
        "timm",
        None,
        lambda found: found.create_model("vit_tiny_patch16_224", img_size=32, depth=2, num_classes=4),
    ),
    "torchvision resnet18": ("torchvision", None, lambda found: found.models.resnet18(num_classes=4)),
    "torchvision lraspp": (
        "torchvision",
        "out",
        lambda found: found.models.segmentation.lraspp_mobilenet_v3_large(
            weights=None, weights_backbone=None, num_classes=4
        ),
    ),
}


@pytest.mark.parametrize("case", LIBRARIES)
def test_networks_of_other_libraries_are_measured_where_these_are_installed(case):
    package, output, build = LIBRARIES[case]
    found = library(package)
    states = [weights(seed, lambda: build(found)) for seed in (1, 2)]
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    network = build(found).eval()
    expected = []
    for state in states:
        network.load_state_dict(state)
        with torch.no_grad():
            made = network(images)
        made = made[output] if output else made
        targets = torch.arange(2).view(2, *(1 for _ in made.shape[2:])).expand(2, *made.shape[2:])
        expected.append(float(functional.cross_entropy(made, targets)))
    result = isthmus.measure(lambda: build(found), *states, (images, targets), sweep="full")
    assert [float(result.loss_a), float(result.loss_b)] == pytest.approx(expected, abs=1e-5)
