"""Weights of other people's files under the keys of a model: what is stripped, filled in, left out and refused."""

import pytest
import torch
from torch import nn

from isthmus.errors import InputError
from isthmus.weights.fitting import fit_to_model


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(5, 3)
        self.head = nn.Linear(3, 5, bias=False)
        self.head.weight = self.embed.weight


def test_a_dropped_tied_key_is_filled_and_noted():
    model = Tied()
    weights = {key: t for key, t in model.state_dict().items() if key != "head.weight"}
    fitted = fit_to_model(weights, model, "a.safetensors")
    assert torch.equal(fitted.weights["head.weight"], weights["embed.weight"])
    assert list(fitted.weights) == list(model.state_dict())
    assert any("head.weight" in note for note in fitted.notes)


def test_tied_keys_with_different_values_are_refused():
    model = Tied()
    weights = dict(model.state_dict()) | {"head.weight": torch.zeros(5, 3)}
    with pytest.raises(InputError, match=r"(?s)different values.*a\.safetensors"):
        fit_to_model(weights, model, "a.safetensors")


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("stored", [torch.float32, None])
@pytest.mark.parametrize("rounded", ["head.weight", "embed.weight"])
def test_tied_keys_that_differ_by_rounding_take_the_more_precise_values(half, stored, rounded):
    model = Tied()
    weights = dict(model.state_dict())
    precise = weights[rounded]
    weights[rounded] = precise.to(half).to(stored or half)
    found = fit_to_model(weights, model, "a.safetensors")
    assert all(torch.equal(found.weights[key], precise) for key in ("head.weight", "embed.weight"))
    assert any("they differ by rounding" in note for note in found.notes)
    weights[rounded] = precise + 0.01
    with pytest.raises(InputError, match="different values"):
        fit_to_model(weights, model, "a.safetensors")


class Net(nn.Module):
    def __init__(self, *, mask_saved=False):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
        self.fc = nn.Linear(3, 2)
        self.register_buffer("mask", torch.ones(3), persistent=mask_saved)


class Around(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net


OWN = {key: torch.randn_like(t) if t.is_floating_point() else t + 5 for key, t in Net().state_dict().items()}
BEFORE_COUNTERS = {key: tensor for key, tensor in OWN.items() if not key.endswith("num_batches_tracked")}


def below(prefix, weights=OWN):
    return {f"{prefix}.{key}": tensor for key, tensor in weights.items()}


STRANGERS = {  # what people's files hold, and what the notes must name
    "a training module": (below("model"), ["'model.'"]),
    "a compiled one inside": (below("model._orig_mod"), ["'model._orig_mod.'"]),
    "depth three": (below("lit.task.model"), ["'lit.task.model.'"]),
    "a loss's own weight": (
        below("model") | {"criterion.pos_weight": torch.ones(())},
        ["'model.'", "criterion.pos_weight"],
    ),
    "metrics and a head beside": (
        below("net") | {"acc.seen": torch.zeros(2), "probe.weight": torch.ones(2, 3)},
        ["acc.seen", "probe.weight"],
    ),
    "an averaged one inside": (
        below("ema.module") | {"ema.n_averaged": torch.tensor(9)},
        ["'ema.module.'", "ema.n_averaged"],
    ),
    "an average beside it": (below("model") | below("ema_model"), ["'model.'", "'ema_model.'"]),
    "a wider teacher beside it": (
        below("student") | below("teacher", {key: torch.ones(9, *t.shape) for key, t in OWN.items()}),
        ["'student.'", "teacher.fc.weight"],
    ),
    "parallel inside": (
        {key.replace("body.", "body.module."): tensor for key, tensor in OWN.items()},
        ["module"],
    ),
    "profiled": (
        OWN | {"total_ops": torch.ones(1), "fc.total_params": torch.ones(1)},
        ["total_ops", "fc.total_params"],
    ),
    "a buffer that is not saved any more": (OWN | {"mask": torch.ones(3)}, ["mask"]),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_the_network_is_found_in_a_stranger_s_state_dict_and_all_that_was_done_is_named(name):
    weights, named = STRANGERS[name]
    fitted = fit_to_model(weights, Net(), "a")
    assert list(fitted.weights) == list(OWN)
    assert all(torch.equal(fitted.weights[key], OWN[key]) for key in OWN)
    assert all(text in " ".join(fitted.notes) for text in named), fitted.notes


def test_weights_that_fit_are_left_alone_without_a_note():
    fitted = fit_to_model(OWN, Net(), "a")
    assert fitted.notes == ()
    assert all(fitted.weights[key] is OWN[key] for key in OWN)


@pytest.mark.parametrize("prefix", [None, "module"])
def test_step_counters_that_old_files_lack_are_zero_as_load_state_dict_makes_them(prefix):
    fitted = fit_to_model(below(prefix, BEFORE_COUNTERS) if prefix else BEFORE_COUNTERS, Net(), "a")
    model = Net()
    model.load_state_dict(BEFORE_COUNTERS)
    assert all(torch.equal(tensor, fitted.weights[key]) for key, tensor in model.state_dict().items())
    assert fitted.weights["body.1.num_batches_tracked"].dtype == torch.int64
    assert "body.1.num_batches_tracked" in fitted.notes[-1]


@pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is")
@pytest.mark.parametrize("wrap", [Around, nn.DataParallel, torch.optim.swa_utils.AveragedModel, torch.compile])
def test_a_model_in_a_wrapper_takes_the_weights_of_the_bare_network(wrap):
    model = wrap(Net())
    fitted = fit_to_model(OWN, model, "a")
    model.load_state_dict(fitted.weights)
    bare = [module for module in model.modules() if isinstance(module, Net)]
    assert all(torch.equal(tensor, OWN[key]) for key, tensor in bare[-1].state_dict().items())


@pytest.mark.parametrize("missing", [None, "fc.bias"])
def test_a_key_inside_the_network_is_never_left_out_or_made_up(missing):
    inside = {key: tensor for key, tensor in OWN.items() if key != missing} | {"body.2.weight": torch.ones(3)}
    for weights in (inside, below("model", inside)):
        with pytest.raises(InputError, match=r"unexpected: .*body\.2\.weight") as caught:
            fit_to_model(weights, Net(), "a")
        assert (missing or "body.2.weight") in caught.value.got
        assert ("under the prefix 'model.'" in caught.value.got) == (weights is not inside)


def test_a_buffer_that_the_model_holds_otherwise_is_not_dropped():
    with pytest.raises(InputError, match="1 unexpected: mask"):
        fit_to_model(OWN | {"mask": torch.zeros(3)}, Net(), "a")
    assert fit_to_model(OWN | {"mask": torch.zeros(3)}, Net(mask_saved=True), "a").weights["mask"].sum() == 0


def test_of_two_networks_neither_of_them_under_a_usual_name_none_is_guessed():
    with pytest.raises(InputError, match=r"2, under the prefixes student\., teacher\.") as caught:
        fit_to_model(below("student") | below("teacher"), Net(), "a")
    assert "key.removeprefix('student.')" in caught.value.remedy


def test_a_layer_is_not_taken_for_the_network_that_it_stands_in():
    nested = {"weight": torch.ones(2, 2), "sub.weight": torch.ones(2, 2), "sub.sub.weight": torch.ones(2, 2)}
    with pytest.raises(InputError, match="unexpected"):
        fit_to_model(nested, nn.Linear(2, 2, bias=False), "a")


@pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm` is deprecated")
@pytest.mark.parametrize("prefix", ["", "model."])
def test_the_model_s_own_rules_for_loading_hold(prefix):
    """A file of the older weight norm in a model of the newer one."""
    old = nn.Sequential(nn.utils.weight_norm(nn.Linear(3, 2)))
    model = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(3, 2)))
    weights = {f"{prefix}{key}": tensor for key, tensor in old.state_dict().items()}
    fitted = fit_to_model(weights, model, "a")
    model.load_state_dict(fitted.weights)
    assert torch.equal(model(torch.eye(3)), old(torch.eye(3)))
    assert "own rules" in " ".join(fitted.notes)
    assert not prefix or "'model.'" in " ".join(fitted.notes)
    with pytest.raises(InputError, match="missing"):
        fit_to_model({key: tensor for key, tensor in weights.items() if "_g" not in key}, model, "a")


def test_a_common_first_component_is_stripped_only_if_that_makes_the_keys_fit():
    model = nn.Linear(2, 2)
    weights = {f"model.{key}": t for key, t in model.state_dict().items()}
    fitted = fit_to_model(weights, model, "a")
    assert set(fitted.weights) == {"weight", "bias"}
    assert fitted.notes == ("the prefix 'model.' was stripped from every key",)
    nested = nn.Sequential(nn.Linear(2, 2))
    with pytest.raises(InputError, match="missing"):
        fit_to_model({f"1.{key}": t for key, t in model.state_dict().items()}, nested, "a")


def test_another_architecture_is_refused_with_all_keys():
    with pytest.raises(InputError, match="1 missing: bias; 1 unexpected: offset; 1 of another shape: weight"):
        fit_to_model({"weight": torch.zeros(3, 2), "offset": torch.zeros(2)}, nn.Linear(2, 2), "b.safetensors")
