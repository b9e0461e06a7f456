"""Measurements of networks with spectral norm, weight norm and other parametrisations, beside torch's own answers."""

import numpy as np
import pytest
import torch
import xarray as xr
from parametrised import SPECTRAL, WRAPS, data, loss, network, rest, weights
from torch.nn.utils import parametrizations

import isthmus
from isthmus.layers.rules import layer_partition
from isthmus.paths.direction import RandomDirection
from isthmus.paths.linear import Segment
from isthmus.questions.inspection.answer import checkpoint_layers
from isthmus.weights.parametrisation import spectral_norms
from isthmus.weights.state import entry_kinds, same_bits

pytestmark = pytest.mark.filterwarnings("ignore::isthmus.IsthmusWarning")
spectral = pytest.mark.parametrize("wrap", SPECTRAL.values(), ids=SPECTRAL)
every = pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)


def mixed(host, donor, labels, alpha=0.5):
    """The state dict that a user would average by hand."""
    return {
        key: (1 - alpha) * tensor + alpha * donor[key] if key.startswith(tuple(f"{x}." for x in labels)) else tensor
        for key, tensor in host.items()
    }


@every
@pytest.mark.parametrize("engine", ["shared", "direct"])
def test_losses_are_those_of_a_fresh_network_whose_vectors_torch_brought_to_rest(wrap, engine):
    a, b = weights(wrap, 0), weights(wrap, 1)
    result = isthmus.measure(lambda: network(wrap), a, b, data(), alphas=(0.3, 1.0), engine=engine)
    for host, own, other in (("a", a, b), ("b", b, a)):
        for moving, labels in (("all", ("0", "3")), ("0", ("0",)), ("3", ("3",))):
            found = result.loss.sel(host=host, moving=moving).values
            of_blend = loss(wrap, mixed(own, other, labels, 0.3), labels if wrap in SPECTRAL.values() else ())
            np.testing.assert_allclose(found, [of_blend, loss(wrap, mixed(own, other, labels, 1.0))], rtol=1e-4)
    assert (float(result.loss_a), float(result.loss_b)) == pytest.approx((loss(wrap, a), loss(wrap, b)), rel=1e-5)


def test_vectors_of_opposite_sign_are_the_same_normalisation():
    """A mean of the vectors would be zero, and the weights divided by it without bound."""
    wrap = parametrizations.spectral_norm
    a, b = weights(wrap, 0), weights(wrap, 1)
    turned = {key: -tensor if key.endswith(("_u", "_v")) else tensor for key, tensor in b.items()}
    one, other = (isthmus.measure(lambda: network(wrap), a, weights, data()) for weights in (b, turned))
    xr.testing.assert_allclose(one["loss"], other["loss"], rtol=1e-6)
    by_hand = loss(wrap, mixed(a, turned, ("0", "3")))
    assert by_hand != pytest.approx(other.loss.sel(host="a", moving="all").item(), rel=0.1)


def segment_of(wrap, a, b):
    model = network(wrap).eval()
    return Segment.between(a, b, layer_partition("module", model), entry_kinds(model), spectral=spectral_norms(model))


@spectral
def test_ends_are_exact_and_exchanging_the_networks_exchanges_the_hosts_to_the_bit(wrap):
    a, b = weights(wrap, 0), weights(wrap, 1)
    one, other = segment_of(wrap, a, b), segment_of(wrap, b, a)
    for host, near, far in (("a", a, b), ("b", b, a)):
        for alpha, end in ((0.0, near), (1.0, far)):
            found = one.weights(one.point(host, ("0", "3"), alpha))
            assert all(same_bits(found[key], end[key]) for key in end)
    for alpha in (0.1, 0.5, 0.75, 1.5):
        x = one.weights(one.point("a", ("3",), alpha))
        y = other.weights(other.point("b", ("3",), alpha))
        assert all(same_bits(x[key], y[key]) for key in x)


@spectral
def test_equal_layers_keep_their_vectors_at_every_alpha_also_where_these_are_not_at_rest(wrap):
    a = weights(wrap, 0)
    a = {key: tensor.roll(1) if key.endswith(("_u", "_v")) else tensor for key, tensor in a.items()}
    segment = segment_of(wrap, a, {key: tensor.clone() for key, tensor in a.items()})
    found = segment.weights(segment.point("a", ("0", "3"), 0.3))
    assert all(same_bits(found[key], a[key]) for key in a)


@spectral
def test_a_network_beside_the_segment_has_the_vectors_of_its_own_weights(wrap):
    a, b = weights(wrap, 0), weights(wrap, 1)
    segment = segment_of(wrap, a, b)
    found = segment.weights(segment.displaced("a", ("3",), RandomDirection(0, 0), 0.5))
    for norm in spectral_norms(network(wrap).eval()):
        assert abs(norm.shortfall(found)) < 1e-5
        assert same_bits(found[norm.u], a[norm.u]) == norm.u.startswith("0")


@pytest.mark.filterwarnings("default::isthmus.IsthmusWarning")
def test_the_run_says_that_parts_are_blended_and_vectors_computed_anew():
    wrap = parametrizations.spectral_norm
    with pytest.warns(isthmus.IsthmusWarning, match="computed anew from every blend"):
        result = isthmus.measure(lambda: network(wrap), weights(wrap, 0), weights(wrap, 1), data(), sweep="full")
    assert "parts of parametrised weights are blended" in result.attrs["warnings"]
    assert "0.weight, 3.weight" in result.attrs["warnings"]
    assert "vectors that spectral normalisation stores" in result.attrs["self_checks"]
    assert "run the networks in training mode" not in result.attrs["warnings"]


@pytest.mark.filterwarnings("default::isthmus.IsthmusWarning")
def test_vectors_that_training_left_behind_fail_the_check_until_they_are_brought_to_rest():
    wrap = parametrizations.spectral_norm
    a, b = weights(wrap, 0), weights(wrap, 1)
    a = {key: tensor.roll(1) if key == "3.parametrizations.weight.0._u" else tensor for key, tensor in a.items()}
    with pytest.warns(isthmus.IsthmusWarning, match=r"in 3\.parametrizations\.weight\.0.*run the networks in training"):
        isthmus.measure(lambda: network(wrap), a, b, data(), sweep="full")
    module = network(wrap)
    module.load_state_dict(a)
    rest(module)
    result = isthmus.measure(lambda: network(wrap), module.state_dict(), b, data(), sweep="full")
    assert "run the networks in training mode" not in result.attrs["warnings"]


def test_a_module_that_carries_weights_its_hooks_computed_is_copied_and_left_as_it_is():
    for wrap in (WRAPS["hook"], WRAPS["hook of weight norm"]):
        model = network(wrap)
        model(data()[0])
        before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
        result = isthmus.measure(model, weights(wrap, 0), weights(wrap, 1), data(), sweep="full")
        assert torch.isfinite(torch.tensor(result.loss.values)).all()
        assert all(same_bits(tensor, before[key]) for key, tensor in model.state_dict().items())


@pytest.mark.parametrize("name", WRAPS)
def test_layers_of_files_are_those_of_the_model_also_without_one(name, tmp_path):
    files = [tmp_path / f"{end}.safetensors" for end in "ab"]
    for seed, file in enumerate(files):
        isthmus.save_weights(weights(WRAPS[name], seed), file)
    own = f"import parametrised\n\ndef build():\n    return parametrised.network(parametrised.WRAPS[{name!r}])\n"
    (tmp_path / "own.py").write_text(own)
    alone, with_model = (
        checkpoint_layers(*files, model, "module")[0] for model in (None, f"{tmp_path / 'own.py'}:build")
    )
    assert [row["layer"] for row in alone] == [row["layer"] for row in with_model] == ["0", "3", "all"]
    if name not in {"orthogonal", "own"}:  # a buffer, which no name tells from a parameter
        assert alone == with_model
