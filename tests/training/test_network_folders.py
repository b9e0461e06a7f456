"""Networks on disk: whole trajectories, spawned, resumed, refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_recipes import PAIR, SPAWNED, TOML, contents, networks, save_data
from tiny_training import step

from isthmus.errors import InputError, IsthmusWarning
from isthmus.training.losses import epoch_losses
from isthmus.weights.checkpoint import load_checkpoint, save_weights
from isthmus.weights.trajectory import load_trajectory


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_data()
    return tmp_path


def test_a_network_folder_holds_a_trajectory_and_a_log_and_nothing_to_resume(folder):
    told = []
    out = networks(TOML + 'checkpoints = ["1it"]', "out", tell=told.append)["a"].path
    trajectory = load_trajectory(out)
    assert [str(step) for step in trajectory] == ["0ep", "1it", "2ep", "4ep", "6ep"]
    assert trajectory.iterations_per_epoch == 6
    assert not (out / "resume").exists()
    header, *rows = (out / "log.csv").read_text().splitlines()
    assert header == "epoch,iteration,training_loss"
    assert [row.split(",")[:2] for row in rows] == [[str(n), str(6 * n)] for n in range(1, 7)]
    assert [float(row.split(",")[2]) for row in rows] == [progress.loss for progress in told]
    assert [(progress.network, str(progress.step)) for progress in told] == [("a", f"{n}ep") for n in range(1, 7)]


def test_equal_recipes_write_equal_bytes_whatever_they_are_called(folder):
    networks(TOML + PAIR, "one")
    networks(TOML + PAIR, "two")
    assert contents("one") == contents("two")
    assert not any(str(folder).encode() in data for data in contents("one").values())


def test_a_pair_shares_its_beginning_and_nothing_after(folder):
    out = networks(TOML + PAIR, "out")
    first, second = (load_trajectory(out[name].path) for name in "ab")
    distances = []
    for at in first:
        one, other = first[at].weights, second[at].weights
        distances.append(float(sum((one[key] - other[key]).square().sum() for key in one)))
    assert distances[0] == 0 < min(distances[1:])


def test_a_spawned_network_shares_the_trajectory_until_the_step_and_not_after(folder):
    out = networks(TOML + SPAWNED, "out")
    a, b = (contents(out[name].path) for name in "ab")
    shared = [f"{at}.safetensors" for at in ("0ep", "2ep", "3ep")]
    assert all(a[name] == b[name] for name in shared)
    assert all(a[name] != b[name] for name in ("4ep.safetensors", "6ep.safetensors"))
    assert [line.split(",")[0] for line in b["log.csv"].decode().splitlines()] == ["epoch", "4", "5", "6"]
    plain = contents(networks(TOML + PAIR, "plain")["a"].path)
    same = [name for name in plain if name != "recipe.json"]
    assert all(plain[name] == a[name] for name in same), "to be spawned from changes nothing"


def test_a_spawned_network_with_the_same_settings_ends_where_the_other_does(folder):
    out = networks(TOML + SPAWNED.replace("order = 1", "order = 0"), "out")
    a, b = (contents(out[name].path) for name in "ab")
    assert a["6ep.safetensors"] == b["6ep.safetensors"]


def test_a_network_may_be_spawned_with_other_hyper_parameters_within_an_epoch(folder):
    text = TOML + SPAWNED.replace('"3ep"', '"8it"').replace("order = 1", "order = 0")
    out = networks(text + "optimizer = { learning_rate = 0.01 }\n", "out")
    a, b = (load_trajectory(out[name].path) for name in "ab")
    at, after = step("8it"), step("2ep")
    assert all(torch.equal(a[at].weights[key], tensor) for key, tensor in b[at].weights.items())
    assert any(not torch.equal(a[after].weights[key], tensor) for key, tensor in b[after].weights.items())


def test_training_may_start_from_a_checkpoint(folder):
    networks(TOML, "first")
    out = networks(TOML + 'initial = "first/a/4ep.safetensors"', "second")["a"].path
    start, taken = load_checkpoint(out / "0ep.safetensors"), load_checkpoint("first/a/4ep.safetensors")
    assert all(torch.equal(start.weights[key], tensor) for key, tensor in taken.weights.items())
    facts = json.loads((out / "recipe.json").read_text())
    assert len(facts["initial"]) == 64
    save_weights({"w": torch.zeros(1)}, folder / "other.safetensors")
    with pytest.raises(InputError, match=r"other\.safetensors"):
        networks(TOML + 'initial = "other.safetensors"', "third")


def test_a_seed_of_initialisation_changes_the_start(folder):
    out = networks(TOML + PAIR.replace("order = 1", "initialisation = 1"), "out")
    a, b = (load_checkpoint(out[name].path / "0ep.safetensors").weights for name in "ab")
    assert any(not torch.equal(a[key], b[key]) for key in a)


def test_resuming_goes_on_and_does_not_begin_again(folder):
    told = []

    def stop(progress):
        if str(progress.step) == "5ep":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        networks(TOML, "out", tell=stop)
    networks(TOML, "out", resume=True, tell=lambda progress: told.append(str(progress.step)))
    assert told == ["5ep", "6ep"]
    again = []
    networks(TOML, "out", resume=True, tell=again.append)
    assert [str(progress.step) for progress in again] == ["6ep"]
    assert again[0].loss != again[0].loss, "nothing was trained"


def test_a_training_that_is_there_is_refused_without_resume(folder):
    networks(TOML, "out")
    with pytest.raises(InputError, match="add --resume"):
        networks(TOML, "out")


def test_what_would_stop_the_second_network_is_refused_before_the_first_is_trained(folder):
    for wrong, expected in (
        ('spawn = { network = "a", at = "36it" }', "a step before the end of network 'a', 6ep"),
        ('data = "data.npz[0:8]"\nspawn = { network = "a", at = "7it" }', "a step before the end of network 'b', 6ep"),
        ('data = "data.npz[0:99]"', "a slice within the 44 examples"),
    ):
        with pytest.raises(InputError) as caught:
            networks(TOML + PAIR + wrong, "out")
        assert caught.value.expected == expected
        assert not Path("out").exists()
    networks(TOML + PAIR, "out")
    shutil.rmtree("out/a")
    with pytest.raises(InputError, match="add --resume"):
        networks(TOML + PAIR, "out")
    assert not Path("out/a").exists()


def test_a_network_of_other_data_is_spawned_at_the_step_as_it_counts_itself(folder):
    out = networks(TOML + SPAWNED + 'data = "data.npz[0:20]"', "out")
    b = load_trajectory(out["b"].path)
    assert b.iterations_per_epoch == 3
    assert [str(step) for step in b] == ["0ep", "2ep", "3ep", "4ep", "6ep"]
    assert [line.split(",")[:2] for line in (out["b"].path / "log.csv").read_text().splitlines()[1:]] == [
        ["4", "12"],
        ["5", "15"],
        ["6", "18"],
    ]


def test_resuming_with_other_settings_or_data_is_refused_and_names_them(folder):
    networks(TOML, "out")
    with pytest.raises(InputError, match=r"clip_norm = 1\.0") as caught:
        networks(TOML.replace("clip_norm = 1.0", "clip_norm = 2.0"), "out", resume=True)
    assert caught.value.got == "2.0"
    data = dict(np.load("data.npz"))
    np.savez("data.npz", inputs=data["inputs"] + 1, targets=data["targets"])
    with pytest.raises(InputError, match="data_hash"):
        networks(TOML, "out", resume=True)


def test_spawning_from_a_network_that_was_finished_before_is_refused(folder):
    networks(TOML, "out")
    with pytest.raises(InputError, match="the state of network 'a' at 3ep"):
        networks(TOML + SPAWNED, "out", resume=True)


def test_training_begins_earlier_where_the_state_is_damaged(folder):
    with pytest.raises(KeyboardInterrupt):
        networks(TOML, "out", tell=lambda progress: (_ for _ in ()).throw(KeyboardInterrupt))
    (state,) = Path("out/a/resume").iterdir()
    state.write_bytes(state.read_bytes()[:100])
    with pytest.warns(IsthmusWarning, match=r"network 'a' was damaged on the disk at iteration \d+: it is trained"):
        networks(TOML, "out", resume=True)
    assert Path("out/a/6ep.safetensors").exists()


def test_a_divergence_keeps_the_last_good_checkpoint_and_names_it(folder):
    wild = (
        TOML.replace("0.05", "1e30").replace("clip_norm = 1.0", "clip_norm = 1e20").replace('"one_cycle"', '"constant"')
    )
    with pytest.raises(InputError, match="the last good checkpoint is 0ep"):
        networks(wild, "out")
    assert [str(step) for step in load_trajectory("out/a")] == ["0ep"]


def test_a_file_that_cannot_be_written_stops_the_training(folder):
    Path("out/a/2ep.safetensors/in the way").mkdir(parents=True)
    with pytest.raises(InputError, match="a writable folder"):
        networks(TOML, "out", resume=True)


def test_a_file_as_the_output_folder_is_refused(folder):
    with pytest.raises(InputError, match="name another --out"):
        networks(TOML, "data.npz")


def test_the_log_weighs_batches_by_their_size_and_leaves_out_what_is_not_known():
    nan = float("nan")
    losses = torch.tensor([nan, nan, nan, 2.0, 1.0, 1.0, 4.0, 1.0])
    assert epoch_losses(losses[2:], batch_size=2, num_examples=3) == (2.0, 1.0, 3.0)
    with_gap = epoch_losses(losses, batch_size=2, num_examples=3)
    assert str(with_gap[0]) == "nan"
    assert with_gap[1:] == (2.0, 1.0, 3.0)
