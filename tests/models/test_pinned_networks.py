"""Every registered network: its number of parameters, its layers, and that it runs."""

import importlib

import pytest
import torch

from isthmus.evaluation.output import USUAL_OUTPUT
from isthmus.models.architecture import Architecture, architecture
from isthmus.models.load import load_model
from isthmus.models.networks.resnet import num_groups
from isthmus.models.registry import MODELS


def resnet_layers(norm: bool) -> tuple[str, ...]:
    names = ["conv1", "bn1"]
    for stage in (1, 2, 3, 4):
        for block in (0, 1):
            names += [f"layer{stage}.{block}.{part}" for part in ("conv1", "bn1", "conv2", "bn2")]
            if stage > 1 and block == 0:
                names += [f"layer{stage}.0.downsample.{number}" for number in (0, 1)]
    kept = [name for name in names if norm or not (".bn" in name or name == "bn1" or name.endswith("downsample.1"))]
    return (*kept, "fc")


MOBILENET_PARTS = ("depthwise", "bn1", "pointwise", "bn2")
VIT_PARTS = (
    *(f"attention.{letter}_proj" for letter in "qkvo"),
    "layernorm_before",
    "layernorm_after",
    "mlp.fc1",
    "mlp.fc2",
)
GPT_PARTS = ("ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj")

PINNED = {
    "mobilenet": Architecture(
        3_309_476,
        ("conv1", "bn1", *(f"blocks.{number}.{part}" for number in range(13) for part in MOBILENET_PARTS), "fc"),
    ),
    "lenet5": Architecture(61_706, ("conv1", "conv2", "fc1", "fc2", "fc3")),
    "omniglot_cnn": Architecture(
        127_410, (*(f"{part}{number}" for number in (1, 2, 3, 4) for part in ("conv", "bn")), "fc")
    ),
    "vit": Architecture(
        12_681_738,
        (
            "vit.embeddings",
            "vit.embeddings.patch_embeddings.projection",
            *(f"vit.layers.{number}.{part}" for number in range(6) for part in VIT_PARTS),
            "vit.layernorm",
            "classifier",
        ),
    ),
    "gpt": Architecture(
        123_849_984,
        (
            "transformer.wte",
            "transformer.wpe",
            *(f"transformer.h.{number}.{part}" for number in range(12) for part in GPT_PARTS),
            "transformer.ln_f",
            "lm_head",
        ),
    ),
    "mlp": Architecture(134_794, ("hidden1", "hidden2", "hidden3", "fc")),
    "cnn": Architecture(72_730, ("conv1", "conv2", "conv3", "conv4", "conv5", "conv6", "fc")),
    "resnet18": Architecture(11_173_962, resnet_layers(norm=True)),
    "resnet18_group_norm": Architecture(11_173_962, resnet_layers(norm=True)),
    "resnet18_no_norm": Architecture(11_164_362, resnet_layers(norm=False)),
    "deep_linear": Architecture(12_960, ("hidden1", "hidden2", "fc")),
    "vgg11": Architecture(
        128_807_306,
        (
            *(f"features.{number}" for number in (0, 3, 6, 8, 11, 13, 16, 18)),
            *(f"classifier.{number}" for number in (0, 3, 6)),
        ),
    ),
}


def on_meta(name, **options):
    module, _, function = MODELS[name].origin.partition(":")
    given = {key: option.default for key, option in MODELS[name].options.items()} | options
    with torch.device("meta"):
        return getattr(importlib.import_module(module), function)(**given)


def test_no_registered_network_is_unpinned():
    assert set(PINNED) == set(MODELS)


@pytest.mark.parametrize("name", PINNED)
def test_parameters_and_layers_at_default_options_are_the_pinned_ones(name):
    options = {key: 784 for key, option in MODELS[name].options.items() if option.default is None}
    assert architecture(on_meta(name, **options)) == PINNED[name]


def test_the_paper_s_network_has_21_layers_and_no_norm_key():
    model = load_model("resnet18_no_norm:width=4")
    assert len(architecture(model).layers) == 21
    assert [key for key in model.state_dict() if "bn" in key or "bias" in key] == ["fc.bias"]
    assert "layer2.0.downsample.0.weight" in model.state_dict()


def test_mobilenet_has_the_paper_s_55_rows_and_the_usual_number_of_parameters_at_10_classes():
    assert len(architecture(on_meta("mobilenet")).layers) == 55
    assert architecture(on_meta("mobilenet", classes=10)).num_parameters == 3_217_226


def test_mobilenet_gives_distinct_logits_once_batch_norm_knows_the_scale_of_its_27_convolutions():
    torch.manual_seed(0)
    model = load_model("mobilenet:width=4,classes=3")
    images = torch.randn(8, 3, 32, 32)
    with torch.no_grad():
        for _ in range(30):
            model(images)
        logits = model.eval()(images)
    assert logits.shape == (8, 3)
    assert float(logits.std(dim=0).min()) > 0.01
    assert model.blocks(model.conv1(images)).shape[2:] == (2, 2)


def test_gpt_has_one_tensor_for_both_embeddings_and_the_published_size_at_1024_positions():
    model = load_model("gpt:layers=1,width=8,heads=2,length=4,vocabulary=5")
    assert model.lm_head.weight is model.transformer.wte.weight
    assert architecture(on_meta("gpt", length=1024)).num_parameters == 124_439_808


def test_lenet5_gives_an_image_of_28_the_logits_of_the_same_image_within_a_border_of_zeros():
    model = load_model("lenet5:classes=3")
    images = torch.randn(2, 1, 28, 28)
    with torch.no_grad():
        assert torch.equal(model(images), model(torch.nn.functional.pad(images, (2, 2, 2, 2))))


def test_vgg11_has_torchvision_s_number_of_parameters_at_1000_classes():
    assert architecture(on_meta("vgg11", classes=1000)).num_parameters == 132_863_336


@pytest.mark.parametrize(
    ("spec", "shape"),
    [
        ("mlp:inputs=12,width=5,classes=3", (3, 2, 2)),
        ("cnn:width=2,classes=3,channels=1", (1, 28, 28)),
        ("cnn:width=2,classes=3,channels=2", (2, 5, 9)),
        ("resnet18:width=2,classes=3", (3, 32, 32)),
        ("resnet18_no_norm:width=2,classes=3", (3, 28, 28)),
        ("resnet18_group_norm:width=2,classes=3", (3, 32, 32)),
        ("vgg11:width=1,classes=3", (3, 32, 32)),
        ("lenet5:classes=3", (1, 28, 28)),
        ("omniglot_cnn:width=4,classes=3", (1, 28, 28)),
        ("omniglot_cnn:width=4,classes=3", (1, 105, 105)),
        ("vit:layers=1,width=8,heads=2,mlp=8,classes=3", (3, 32, 32)),
        ("deep_linear:inputs=12,width=5,hidden=1,classes=3", (3, 2, 2)),
    ],
)
def test_every_network_gives_distinct_finite_logits_to_distinct_examples(spec, shape):
    torch.manual_seed(0)
    model = load_model(spec).eval()
    with torch.no_grad():
        logits = USUAL_OUTPUT(model(torch.randn(2, *shape)))
    assert logits.shape == (2, 3)
    assert logits.isfinite().all()
    assert not torch.equal(logits[0], logits[1])


def test_the_shapes_of_torchvision_s_vgg11_classifier_are_kept():
    shapes = {key: tuple(tensor.shape) for key, tensor in on_meta("vgg11", classes=1000).state_dict().items()}
    assert shapes["features.0.weight"] == (64, 3, 3, 3)
    assert shapes["classifier.0.weight"] == (4096, 25_088)
    assert shapes["classifier.6.weight"] == (1000, 4096)


@pytest.mark.parametrize("channels", range(1, 70))
def test_groups_divide_the_channels_and_hold_two_or_more(channels):
    groups = num_groups(channels)
    assert channels % groups == 0
    assert 1 <= groups <= 32
    assert groups == 1 or channels // groups >= 2


def test_the_cnn_keeps_the_scale_of_its_activations_with_depth():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = load_model("cnn:width=16,channels=1")
        features = torch.randn(8, 1, 28, 28)
        with torch.no_grad():
            for module in list(model.children())[:12]:
                features = module(features)
    # The zeros around the image take a part at every layer; PyTorch's own initialisation would leave 2e-5.
    assert 0.05 < float(features.square().mean()) < 5


def test_the_residual_stages_halve_the_image_three_times():
    model = load_model("resnet18_no_norm:width=2")
    features, sizes = model.conv1(torch.zeros(1, 3, 32, 32)), []
    for stage in (model.layer1, model.layer2, model.layer3, model.layer4):
        features = stage(features)
        sizes.append(tuple(features.shape[1:]))
    assert sizes == [(2, 32, 32), (4, 16, 16), (8, 8, 8), (16, 4, 4)]
