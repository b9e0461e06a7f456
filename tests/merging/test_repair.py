"""An averaged network with statistics of its own: measured anew, or folded into its weights."""

from functools import partial

import pytest
import torch
from cases import CASES
from torch import nn

import isthmus
from isthmus.errors import InputError
from isthmus.merging.average import average

BY_NAME = {case.name: case for case in CASES}


def seen(build, weights, inputs):
    """What every linear map and convolution makes, by path: a column a unit."""
    model, found = build().eval(), {}
    model.load_state_dict(weights)

    def note(path, _, __, value):
        found[path] = value.movedim(1, -1).flatten(0, -2).double()

    for path, part in model.named_modules():
        if isinstance(part, nn.Linear | nn.Conv2d):
            part.register_forward_hook(partial(note, path))
    with torch.no_grad():
        model(inputs)
    return found


@pytest.mark.parametrize(("name", "alpha"), [("mlp", 0.5), ("vgg11", 0.25)])
def test_every_unit_has_the_mean_and_spread_between_those_of_the_ends_and_the_architecture_stays(name, alpha):
    case = BY_NAME[name]
    a, b, data = case.weights(0), case.weights(1), case.data(100)
    made = average(a, b, alpha=alpha, model=case.build, repair=True, recalibration_data=data).weights
    assert {key: tensor.shape for key, tensor in made.items()} == {key: tensor.shape for key, tensor in a.items()}
    at_a, at_b, at_made, plain = (
        seen(case.build, weights, data[0]) for weights in (a, b, made, average(a, b, alpha=alpha).weights)
    )
    *repaired, last = at_made
    for path in repaired:
        for moment in (torch.mean, partial(torch.std, unbiased=False)):
            goal = (1 - alpha) * moment(at_a[path], dim=0) + alpha * moment(at_b[path], dim=0)
            # float32 through up to eleven layers
            torch.testing.assert_close(moment(at_made[path], dim=0), goal, rtol=1e-4, atol=1e-4)
    deep = repaired[-1]
    assert at_made[deep].std(dim=0).mean() > plain[deep].std(dim=0).mean()
    assert torch.equal(made[f"{last}.weight"], average(a, b, alpha=alpha).weights[f"{last}.weight"])


def test_a_network_between_itself_and_itself_needs_no_repair():
    case = BY_NAME["mlp"]
    made = average(
        case.weights(0), case.weights(0), model=case.build, repair=True, recalibration_data=case.data(50)
    ).weights
    for key, tensor in case.weights(0).items():
        torch.testing.assert_close(made[key], tensor, rtol=1e-5, atol=1e-6)


def test_statistics_measured_anew_are_those_of_the_measurement(tmp_path):
    case = BY_NAME["resnet18"]
    a, b, data = case.weights(0), case.weights(1), case.data(20)
    others = case.data(30, seed=1)
    measured = isthmus.measure(
        case.build, a, b, data, sweep="full", alphas=[0.3], batch_norm="recalibrate", recalibration_data=others
    )
    options = {"alpha": 0.3, "model": case.build, "recalibration_data": others}
    for more in ({"batch_norm": "recalibrate"}, {"repair": True}):
        made = average(a, b, **options, **more)
        alone = isthmus.measure(case.build, made.weights, a, data, sweep="full")
        expected = float(measured.loss.sel(host="a", moving="all", alpha=0.3))
        assert float(alone.loss_a) == pytest.approx(expected, rel=1e-6)  # a measurement may lay images out otherwise
        assert made.facts["recalibrated_on"]


def test_statistics_that_a_network_does_not_keep_are_not_measured_anew():
    case = BY_NAME["mlp"]
    with pytest.raises(InputError, match="add --repair"):
        average(
            case.weights(0),
            case.weights(1),
            model=case.build,
            batch_norm="recalibrate",
            recalibration_data=case.data(5),
        )
