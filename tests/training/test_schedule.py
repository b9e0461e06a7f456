"""The learning rate of every iteration, against closed forms and PyTorch's own schedules."""

import math

import pytest
import torch
from pydantic import ValidationError
from tiny_training import step

from isthmus.training.recipe.schedule import Constant, Cosine, Cyclic, MultiStep, OneCycle, StepDecay


def rates(schedule, total, per_epoch=10, peak=0.4):
    return [schedule.rate(iteration, total, per_epoch, peak) for iteration in range(total)]


def test_the_rate_rises_in_equal_steps_and_falls_as_a_cosine():
    expected = [0.1, 0.2, 0.3, 0.4, 0.4, 0.2 * (1 + math.cos(math.pi / 4)), 0.2, 0.2 * (1 - math.cos(math.pi / 4))]
    assert rates(Cosine(warmup=step("4it")), 8) == pytest.approx(expected)


def test_without_warm_up_training_starts_at_the_peak():
    assert rates(Cosine(), 3)[0] == 0.4


def test_the_unit_of_the_warm_up_counts():
    assert rates(Constant(warmup=step("2it")), 40)[:3] == [0.2, 0.4, 0.4]
    assert rates(Constant(warmup=step("2ep")), 40) == pytest.approx([0.02 * min(t + 1, 20) for t in range(40)])


def test_the_warm_up_of_the_paper_starts_at_its_rate_and_reaches_the_peak():
    found = rates(Cosine(warmup=step("100it"), warmup_from=1e-4), 1000, peak=0.05)
    assert found[0] == pytest.approx(1e-4 + (0.05 - 1e-4) / 100)
    assert found[99] == pytest.approx(0.05)
    assert found[550] == pytest.approx(0.025)


@pytest.mark.parametrize("warmup", [0, 1, 7, 20, 50])
def test_the_rate_is_positive_and_at_most_the_peak_in_every_iteration(warmup):
    assert all(0 < rate <= 0.4 for rate in rates(Cosine(warmup=step(f"{warmup}it")), 20))


def test_a_warm_up_longer_than_the_training_never_reaches_the_peak():
    assert max(rates(Cosine(warmup=step("50it")), 20, peak=1.0)) == pytest.approx(0.4)


def test_a_constant_rate_is_the_peak():
    assert rates(Constant(), 25) == [0.4] * 25


def of_torch(make, total):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.4)
    schedule = make(optimizer)
    found = []
    for _ in range(total):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def test_step_decay_is_that_of_torch():
    expected = of_torch(lambda o: torch.optim.lr_scheduler.StepLR(o, 30, 0.5), 100)
    assert rates(StepDecay(every=step("3ep"), factor=0.5), 100) == pytest.approx(expected)
    assert rates(StepDecay(every=step("30it"), factor=0.5), 100) == pytest.approx(expected)


def test_milestones_are_those_of_torch_as_fractions_and_as_steps():
    expected = of_torch(lambda o: torch.optim.lr_scheduler.MultiStepLR(o, [50, 75], 0.1), 100)
    assert rates(MultiStep(milestones=[0.5, 0.75], factor=0.1), 100) == pytest.approx(expected)
    assert rates(MultiStep(milestones=["5ep", "75it"], factor=0.1), 100) == pytest.approx(expected)


def test_a_milestone_as_a_fraction_is_met_exactly():
    assert rates(MultiStep(milestones=[0.7], factor=0.0), 10) == [0.4] * 7 + [0.0] * 3


def test_the_cosine_is_that_of_torch():
    expected = of_torch(lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 60, eta_min=0.04), 60)
    assert rates(Cosine(final=0.1), 60) == pytest.approx(expected)


@pytest.mark.parametrize("total", [50, 63])
def test_one_cycle_is_that_of_torch(total):
    expected = of_torch(lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.4, total_steps=total), total)
    assert rates(OneCycle(), total) == pytest.approx(expected)


def test_a_cycle_rises_and_falls_in_straight_lines_as_often_as_asked():
    assert rates(Cyclic(), 8, peak=1.0) == pytest.approx([0.125, 0.375, 0.625, 0.875, 0.875, 0.625, 0.375, 0.125])
    assert rates(Cyclic(cycles=2, low=0.5), 8, peak=1.0) == pytest.approx([0.625, 0.875, 0.875, 0.625] * 2)
    early = rates(Cyclic(rise=0.25), 8, peak=1.0)
    assert early == pytest.approx([0.25, 0.75, *((1 - (t + 0.5) / 8) / 0.75 for t in range(2, 8))])


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: StepDecay(every="0ep", factor=0.5),
        lambda: StepDecay(every="3ep", factor=1.5),
        lambda: MultiStep(milestones=[], factor=0.5),
        lambda: MultiStep(milestones=[1.0], factor=0.5),
        lambda: OneCycle(rise=0.0),
        lambda: Cyclic(cycles=0),
        lambda: Cosine(warmup="5"),
        lambda: Constant(final=0.1),
    ],
)
def test_a_schedule_refuses_values_out_of_range_and_unknown_fields(wrong):
    with pytest.raises(ValidationError):
        wrong()
