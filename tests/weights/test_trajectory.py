"""Trajectories: which checkpoints of a folder belong to one, and in which order."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from isthmus.errors import InputError
from isthmus.weights.checkpoint import save_weights
from isthmus.weights.step import Step
from isthmus.weights.trajectory import is_trajectory, load_trajectory, save_trajectory_facts


def folder_of(path, *names):
    for number, name in enumerate(names):
        save_weights({"w": torch.tensor([float(number)])}, path / f"{name}.safetensors")
    return path


@pytest.mark.parametrize("text", ["120ep", "0it", "5000it"])
def test_a_step_reads_what_it_writes(text):
    assert str(Step.parse(text)) == text


@pytest.mark.parametrize("text", ["120", "ep", "-1ep", "1.5ep", "3epochs", ""])
def test_what_is_no_step_is_refused(text):
    with pytest.raises(InputError, match="a step in training"):
        Step.parse(text)


def test_a_negative_step_cannot_be_made():
    with pytest.raises(InputError, match="a step in training"):
        Step(-1, "ep")


def test_epochs_are_iterations_only_where_their_length_is_known():
    assert Step(3, "ep").iterations(100) == 300
    assert Step(0, "ep").iterations() == 0
    with pytest.raises(InputError, match="'3ep' among iterations"):
        Step(3, "ep").iterations()


def test_checkpoints_stand_in_the_order_of_time_and_not_of_names(tmp_path):
    trajectory = load_trajectory(folder_of(tmp_path / "run", "20ep", "100ep", "0ep", "3ep"))
    assert [str(step) for step in trajectory] == ["0ep", "3ep", "20ep", "100ep"]
    assert trajectory.name == "run"
    assert trajectory[Step(100, "ep")].weights["w"] == 1.0


def test_epochs_and_iterations_mix_where_an_epoch_has_a_known_length(tmp_path):
    folder = folder_of(tmp_path, "0it", "1ep", "50it", "2ep")
    with pytest.raises(InputError, match="steps in one unit"):
        load_trajectory(folder)
    save_trajectory_facts(folder, iterations_per_epoch=40)
    assert [str(step) for step in load_trajectory(folder)] == ["0it", "1ep", "50it", "2ep"]


def test_two_names_for_one_time_are_refused(tmp_path):
    with pytest.raises(InputError, match="'0ep' and '0it', which are one time"):
        load_trajectory(folder_of(tmp_path, "0ep", "0it", "3ep"))


def test_other_files_are_no_part_of_a_trajectory(tmp_path):
    folder = folder_of(tmp_path / "run", "20ep", "best", "model")
    assert [str(step) for step in load_trajectory(folder)] == ["20ep"]
    assert is_trajectory(folder)
    assert not is_trajectory(folder_of(tmp_path / "single", "model"))
    assert not is_trajectory(folder / "20ep.safetensors")


def test_a_folder_without_steps_and_a_step_that_is_not_there_are_refused(tmp_path):
    with pytest.raises(InputError, match="none there"):
        load_trajectory(folder_of(tmp_path / "run", "model"))
    with pytest.raises(InputError, match="no such folder"):
        load_trajectory(tmp_path / "absent")
    with pytest.raises(InputError, match="Did you mean '20ep'"):
        load_trajectory(folder_of(tmp_path / "steps", "20ep"))[Step(2, "ep")]


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({"iterations_per_epoch": 0})])
def test_facts_that_are_broken_are_refused(tmp_path, text):
    (folder_of(tmp_path, "1ep") / "trajectory.json").write_text(text)
    with pytest.raises(InputError, match=r"trajectory\.json"):
        load_trajectory(tmp_path)


STEPS = st.builds(Step, st.integers(0, 10**12), st.sampled_from(["ep", "it"]))


@given(STEPS)
def test_every_step_reads_what_it_writes(step):
    assert Step.parse(str(step)) == step


@given(STEPS, STEPS, st.integers(1, 10_000))
def test_steps_that_are_one_time_have_equal_iterations_and_later_ones_more(one, other, per_epoch):
    times = [step.count * (per_epoch if step.unit == "ep" else 1) for step in (one, other)]
    assert [step.iterations(per_epoch) for step in (one, other)] == times
    assert (one == other) == (times[0] == times[1] and one.unit == other.unit)


@settings(max_examples=10)
@given(st.sets(st.integers(0, 40), min_size=1, max_size=5), st.sets(st.integers(0, 4), max_size=3))
def test_checkpoints_of_any_names_come_in_the_order_of_training(iterations, epochs):
    steps = {10 * epoch: Step(epoch, "ep") for epoch in epochs} | {time: Step(time, "it") for time in iterations}
    with TemporaryDirectory() as place:
        folder = folder_of(Path(place), *map(str, steps.values()))
        save_trajectory_facts(folder, iterations_per_epoch=10)
        assert list(load_trajectory(folder)) == [steps[time] for time in sorted(steps)]


@pytest.mark.parametrize(
    ("names", "steps"),
    [
        (["0ep.pt", "2ep.pt", "10ep.pt"], ["0ep", "2ep", "10ep"]),
        (["epoch=0-step=0.ckpt", "epoch=1-step=40.ckpt"], ["0it", "40it"]),
        (["epoch_1.pth", "epoch_3.pth", "notes.txt", "last.ckpt"], ["1ep", "3ep"]),
        (["checkpoint-20/model.safetensors", "checkpoint-5/model.safetensors", "runs/x"], ["5it", "20it"]),
    ],
)
def test_checkpoints_named_as_trainers_name_them_are_a_trajectory(tmp_path, names, steps):
    for number, name in enumerate(names):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        weights = {"w": torch.full((2,), float(number))}
        if name.endswith(".safetensors"):
            save_file(weights, tmp_path / name)
        else:
            torch.save({"state_dict": weights}, tmp_path / name)
    found = load_trajectory(tmp_path)
    assert [str(step) for step in found] == steps
    assert is_trajectory(tmp_path)
    assert found[Step.parse(steps[0])].weights["w"].shape == (2,)


def test_a_folder_with_weights_of_its_own_is_a_checkpoint_whatever_lies_beside(tmp_path):
    (tmp_path / "checkpoint-5").mkdir()
    for place in (tmp_path, tmp_path / "checkpoint-5"):
        save_file({"w": torch.zeros(2)}, place / "model.safetensors")
    assert not is_trajectory(tmp_path)
