"""Parts of weights, and the vectors of spectral normalisation."""

import copy

import pytest
import torch
from parametrised import SPECTRAL, WRAPS, hooked_weight_norm, network, weights
from torch import nn
from torch.nn.utils import parametrizations, parametrize

from isthmus.errors import InputError
from isthmus.layers.partition import LayerPartition
from isthmus.layers.rules import layer_partition
from isthmus.weights.parametrisation import effective_weights, leading_vectors, spectral_norms


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
def test_every_part_belongs_to_the_module_of_its_weight(wrap):
    model = network(wrap)
    partition = layer_partition("module", model)
    assert list(partition) == ["0", "3"]
    for label in partition:
        assert set(partition[label]) == {key for key in model.state_dict() if key.startswith(f"{label}.")}


@pytest.mark.parametrize("wrap", SPECTRAL.values(), ids=SPECTRAL)
@pytest.mark.parametrize("rule", ["module", "tensor", "type", "block"])
def test_vectors_stand_in_the_layer_of_their_weight_under_every_rule(wrap, rule):
    model = network(wrap)
    partition = layer_partition(rule, model)
    assert len(spectral_norms(model)) == 2
    for norm in spectral_norms(model):
        assert any(set(norm.keys) <= set(keys) for keys in partition.layers.values())


def test_a_partition_that_tears_vectors_from_their_weight_is_refused():
    model = network(parametrizations.spectral_norm)
    vectors = [key for key in model.state_dict() if key.endswith(("_u", "_v"))]
    rest = [key for key in model.state_dict() if key not in vectors]
    with pytest.raises(InputError, match=r"(?s)one layer.*parts of one weight"):
        layer_partition(LayerPartition({"vectors": vectors, "rest": rest}), model)


def test_parts_of_a_weight_of_the_root_are_one_layer_called_by_the_weight():
    for wrap in (parametrizations.weight_norm, hooked_weight_norm):
        partition = layer_partition("module", wrap(nn.Linear(2, 2)))
        assert {label: len(keys) for label, keys in partition.layers.items()} == {"bias": 1, "weight": 2}


def test_parametrisations_inside_a_parametrisation_are_parts_of_the_outer_weight():
    class Inner(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = parametrizations.weight_norm(nn.Linear(2, 2))

        def forward(self, weight):
            return self.linear(weight)

    model = nn.Sequential(nn.Linear(2, 2))
    parametrize.register_parametrization(model[0], "weight", Inner())
    assert set(effective_weights(model).values()) == {"0.weight"}
    assert list(layer_partition("module", model)) == ["0"]


@pytest.mark.parametrize("wrap", SPECTRAL.values(), ids=SPECTRAL)
def test_the_vectors_are_those_that_torch_finds_by_power_iteration(wrap):
    state = weights(wrap, 1)
    for norm in spectral_norms(network(wrap).eval()):
        assert abs(norm.shortfall(state)) < 1e-5
        for key, vector in norm.vectors(state).items():
            torch.testing.assert_close(vector * (vector @ state[key]).sign(), state[key], atol=1e-3, rtol=0)


@pytest.mark.parametrize("module", [nn.ConvTranspose2d(2, 3, 2), nn.Conv2d(2, 3, 2), nn.Embedding(7, 2)])
@pytest.mark.parametrize("wrap", [parametrizations.spectral_norm, SPECTRAL["hook"]])
def test_weights_become_matrices_as_in_torch(module, wrap):
    made = wrap(copy.deepcopy(module))
    (norm,) = spectral_norms(made)
    state = made.state_dict()
    if hasattr(made, "parametrizations"):
        expected = made.parametrizations.weight[0]._reshape_weight_to_matrix(state[norm.parts[0]])
    else:
        (hook,) = made._forward_pre_hooks.values()
        expected = hook.reshape_weight_to_matrix(state[norm.parts[0]])
    assert torch.equal(norm.matrix(state), expected)
    assert expected.shape == (len(state[norm.u]), len(state[norm.v]))


@pytest.mark.parametrize("shape", [(3, 7), (7, 3), (4, 4), (1, 5)])
def test_leading_vectors_give_the_largest_singular_value(shape):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(3))
    u, v = leading_vectors(matrix)
    torch.testing.assert_close(u @ matrix.double() @ v, torch.linalg.svdvals(matrix.double())[0])
    torch.testing.assert_close(u.norm() * v.norm(), torch.tensor(1.0, dtype=torch.float64))


def test_a_matrix_that_is_not_finite_has_no_vectors():
    matrix = torch.eye(2)
    matrix[0, 1] = float("nan")
    assert all(vector.isnan().all() for vector in leading_vectors(matrix))


def test_the_shortfall_is_the_share_of_the_norm_that_stored_vectors_miss():
    made = parametrizations.spectral_norm(nn.Linear(2, 2, bias=False)).eval()
    (norm,) = spectral_norms(made)
    turned = torch.tensor([0.6, 0.8])
    state = {norm.parts[0]: torch.diag(torch.tensor([2.0, 0.0])), norm.u: turned, norm.v: torch.tensor([1.0, 0.0])}
    assert norm.shortfall(state) == pytest.approx(0.4)
