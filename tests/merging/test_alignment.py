"""A network with its units permuted is the same function; the permutation that was planted is found again."""

import json
from itertools import pairwise

import pytest
import torch
import transformers
from cases import CASES
from hugging_face_folders import gpt2, save_folder
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn
from typer.testing import CliRunner

import isthmus
from isthmus.cli.main import app
from isthmus.errors import InputError, UnknownNameError
from isthmus.evaluation.losses.loss import loss_named
from isthmus.evaluation.network import Network
from isthmus.evaluation.stages.kept_graphs import kept_graphs
from isthmus.merging import align as align_module
from isthmus.merging.permutation.permuted import Permutation, random_permutation

BY_NAME = {case.name: case for case in CASES}
GROUPS = {
    "mlp": [7] * 3,
    "resnet18": [2] * 3 + [4] * 3 + [8] * 3 + [16] * 3,
    "resnet18_no_norm": [2] * 3 + [4] * 3 + [8] * 3 + [16] * 3,
    "resnet18_group_norm": [2] * 6 + [4, 2] * 3 + [8, 2] * 3 + [16, 2] * 3,
    "vgg11": [2, 4, 4] + [8] * 4 + [64] * 2,
    "lenet5": [6, 16, 120, 84],
    "mobilenet": [4, 8, 16, 16, 32, 32] + [64] * 6 + [128] * 2,
    "vit": [16] + [2, 8, 8, 32] * 2,
}


def aligned_case(name, **options):
    case = BY_NAME[name]
    return isthmus.align(case.weights(0), case.weights(1), model=case.build, data=case.data(4), **options)


@pytest.fixture(scope="module", autouse=True)
def one_export():
    with kept_graphs():
        yield


@pytest.fixture(scope="module")
def aligned(one_export):
    return {name: aligned_case(name) for name in GROUPS}


@pytest.mark.parametrize("name", GROUPS)
def test_every_network_has_its_groups_and_keeps_its_function_under_any_permutation_of_them(aligned, name):
    case, found = BY_NAME[name], aligned[name]
    assert [group.size for group in found.groups] == GROUPS[name]
    assert found.difference <= 1e-4
    network = Network.from_model(case.build(), loss_named("cross_entropy"), torch.device("cpu"), torch.float64)
    weights, inputs = case.weights(1), case.data(4)[0].double()
    made = random_permutation(found.permutation.symmetry, seed=3)(weights)
    before, after = (network.outputs(state, inputs) for state in (weights, made))
    # Sums in another order, in float64.
    torch.testing.assert_close(after, before, rtol=0, atol=1e-10 * float(before.abs().max()))
    moved = {member.rpartition("[")[0] for group in found.groups for member in group.members if group.size > 6}
    assert all(not torch.equal(made[key], weights[key]) for key in moved)


@pytest.mark.parametrize("name", GROUPS)
def test_the_likeness_never_falls(aligned, name):
    steps = aligned[name].objectives
    assert all(after > before for before, after in pairwise(steps))
    case = BY_NAME[name]
    again = isthmus.align(case.weights(0), aligned[name].weights, model=case.build, data=case.data(4))
    assert again.objectives[0] == pytest.approx(steps[-1], rel=1e-9)


@pytest.mark.parametrize("name", ["mlp", "vgg11", "lenet5"])
def test_a_planted_permutation_is_found_again_on_chains(aligned, name):
    case, symmetry = BY_NAME[name], aligned[name].permutation.symmetry
    weights = case.weights(0)
    planted = random_permutation(symmetry, seed=5)(weights)
    found = isthmus.align(weights, planted, model=case.build, data=case.data(4))
    assert all(torch.equal(found.weights[key], weights[key]) for key in weights)


def test_units_that_answer_alike_are_found_again(aligned):
    case, symmetry = BY_NAME["vgg11"], aligned["vgg11"].permutation.symmetry
    weights = case.weights(0)
    planted = random_permutation(symmetry, seed=5)(weights)
    data = case.data(60)
    found = isthmus.align(weights, planted, model=case.build, data=data, by="activations")
    # Units that never answer, of which ReLU makes some, may stand for one another: no other number than 0 differs.
    units, answering = (
        found.objectives[-1],
        isthmus.align(weights, weights, model=case.build, data=data, by="activations"),
    )
    assert units == pytest.approx(answering.objectives[0], rel=1e-9)
    assert found.objectives[0] < 0.5 * units


def test_matching_activations_needs_examples():
    case = BY_NAME["mlp"]
    with pytest.raises(InputError, match="examples that both networks answer to"):
        isthmus.align(case.weights(0), case.weights(1), model=case.build, by="activations")


def test_equal_networks_stay_as_they_are(aligned):
    weights = BY_NAME["resnet18"].weights(0)
    found = isthmus.align(weights, weights, model=BY_NAME["resnet18"].build, data=BY_NAME["resnet18"].data(4))
    assert found.permutation.num_moved == 0
    assert len(found.objectives) == 1


def test_permutations_are_a_group(aligned):
    symmetry, weights = aligned["resnet18"].permutation.symmetry, BY_NAME["resnet18"].weights(0)
    first, second = (random_permutation(symmetry, seed) for seed in (0, 1))
    both = second.after(first)(weights)
    one_by_one = second(first(weights))
    back = first.inverse()(first(weights))
    nothing = Permutation(symmetry, {})(weights)
    for key, tensor in weights.items():
        assert torch.equal(both[key], one_by_one[key])
        assert torch.equal(back[key], tensor)
        assert nothing[key] is tensor


def test_a_seed_fixes_the_result_and_more_starts_find_no_less():
    first, again, more = (aligned_case("lenet5", starts=starts) for starts in (1, 1, 4))
    assert all(torch.equal(first.weights[key], again.weights[key]) for key in first.weights)
    assert more.objectives[-1] >= first.objectives[-1]


class Odd(nn.Module):
    """One hidden layer goes through an operator that no rule knows, one through none."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.third = nn.Linear(6, 8), nn.Linear(8, 9), nn.Linear(9, 3)

    def forward(self, x):
        """Sorting along the units of the second layer is invisible to a permutation; the rules don't claim so."""
        return self.third(self.second(self.first(x).relu()).sort(dim=-1).values)


def test_an_operator_that_is_not_known_fixes_its_axes_and_the_reason_is_said(tmp_path):
    torch.manual_seed(0)
    a, b = Odd().state_dict(), Odd().state_dict()
    found = isthmus.align(a, b, model=Odd)
    assert [(group.name, group.size) for group in found.groups] == [("first", 8)]
    assert found.groups[0].members == ("first.weight[0]", "first.bias[0]", "second.weight[1]")
    reasons = {one.axis: one.reason for one in found.fixed}
    assert reasons["second.weight[0]"] == reasons["third.weight[1]"] == "sort is not known to keep what units mean"
    assert reasons["first.weight[1]"] == "they are the network's inputs"
    assert "fixed, as sort is not known" in align_module.summary_of(found)


def test_a_change_of_function_is_refused_and_nothing_is_written(tmp_path, monkeypatch):
    right = align_module.symmetry_of

    def wrong(axes):
        symmetry = right(axes)
        symmetry.pieces["hidden1.bias"] = ()
        return symmetry

    monkeypatch.setattr(align_module, "symmetry_of", wrong)
    a, b = BY_NAME["mlp"].weights(0), BY_NAME["mlp"].weights(1)
    with pytest.raises(InputError, match=r"stay within 0\.0001 of their scale"):
        isthmus.align(a, b, model=BY_NAME["mlp"].build, out=tmp_path / "aligned.safetensors")
    assert not list(tmp_path.iterdir())


def test_the_command_writes_the_network_and_says_what_it_found(tmp_path):
    case = BY_NAME["mlp"]
    for name, seed in (("a", 0), ("b", 1)):
        save_file(case.weights(seed), tmp_path / f"{name}.safetensors")
    files = [str(tmp_path / f"{name}.safetensors") for name in ("a", "b", "aligned")]
    command = ["align", files[0], files[1], "--model", "mlp:inputs=12,width=7,classes=10", "--out", files[2]]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.stderr
    assert "3 groups of units may be permuted: 3 of 7" in result.stdout
    assert "fixed, as they are the network's inputs" in result.stdout
    assert "the function is unchanged" in result.stdout
    made = aligned_case("mlp").weights
    written = load_file(files[2])
    assert all(torch.equal(written[key], made[key]) for key in made)
    with safe_open(files[2], "pt") as file:
        facts = json.loads(file.metadata()["isthmus"])
    assert facts["groups"] == dict.fromkeys(facts["groups"], 7)
    assert len(facts["groups"]) == 3
    assert CliRunner().invoke(app, command).exit_code == 2  # never over what is there
    printed = json.loads(CliRunner().invoke(app, [*command[:-1], str(tmp_path / "again.safetensors"), "--json"]).stdout)
    assert printed["groups"] == facts["groups"]
    assert printed["fixed"]["they are the network's inputs"] == ["hidden1.weight[1]"]
    assert printed["likeness"][1] > printed["likeness"][0]


def test_a_trajectory_is_permuted_as_its_last_network_is(tmp_path):
    case = BY_NAME["mlp"]
    for name, seed in (("a", 0), ("run/1ep", 1), ("run/2ep", 2)):
        isthmus.save_weights(case.weights(seed), tmp_path / f"{name}.safetensors")
    found = isthmus.align(
        tmp_path / "a.safetensors",
        tmp_path / "run" / "2ep.safetensors",
        model=case.build,
        trajectory=tmp_path / "run",
        out=tmp_path / "aligned.safetensors",
    )
    for name, seed in (("aligned/1ep", 1), ("aligned/2ep", 2), ("aligned", 2)):
        written, expected = load_file(tmp_path / f"{name}.safetensors"), found.permutation(case.weights(seed))
        assert all(torch.equal(written[key], expected[key]) for key in expected)
    with pytest.raises(InputError, match="a file to make"):
        isthmus.align(case.weights(0), case.weights(1), model=case.build, trajectory=tmp_path / "run")


def test_a_folder_of_hugging_face_stays_one(tmp_path):
    for name, seed in (("a", 0), ("b", 1)):
        save_folder(gpt2(seed), tmp_path / name)
    folder = str(tmp_path / "b")
    isthmus.align(tmp_path / "a", folder, model=f"hf:{folder}", out=tmp_path / "aligned")
    before, after = (transformers.GPT2LMHeadModel.from_pretrained(tmp_path / name).eval() for name in ("b", "aligned"))
    tokens = torch.arange(6)[None]
    torch.testing.assert_close(after(tokens).logits, before(tokens).logits, rtol=1e-4, atol=1e-4)
    hidden = [model.transformer.h[0].mlp.c_fc.weight for model in (before, after)]
    assert not torch.equal(*hidden)
    assert "b aligned to a" in (tmp_path / "aligned" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"by": "magic"}, UnknownNameError, "a way to match"),
        ({"b": {"x": torch.zeros(2)}}, InputError, "keys|entries|weights"),
        ({"b": BY_NAME["mlp"].weights(1) | {"hidden1.bias": torch.full((7,), torch.nan)}}, InputError, "hidden1.bias"),
    ],
)
def test_what_cannot_be_aligned_is_refused(options, error, message):
    case = BY_NAME["mlp"]
    given = {"a": case.weights(0), "b": case.weights(1), "model": case.build} | options
    with pytest.raises(error, match=message):
        isthmus.align(**given)


class Sized(nn.Module):
    """Runs on one size of image alone, which no guess finds."""

    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 4, 3), nn.Linear(4 * 11 * 11, 2)

    def forward(self, x):
        """Images of 13 x 13."""
        return self.fc(self.conv(x).flatten(1))


def test_a_network_whose_inputs_cannot_be_guessed_needs_data():
    a, b = Sized().state_dict(), Sized().state_dict()
    with pytest.raises(InputError, match="name data that it takes"):
        isthmus.align(a, b, model=Sized)
    data = torch.randn(3, 3, 13, 13), torch.zeros(3, dtype=torch.long)
    found = isthmus.align(a, b, model=Sized, data=data)
    assert [group.members for group in found.groups] == [("conv.weight[0]", "conv.bias[0]", "fc.weight[1]")]
