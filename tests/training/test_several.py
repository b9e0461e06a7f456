"""Several networks at once: the same bytes, the same messages."""

import pytest
import torch
from tiny_recipes import PAIR, SPAWNED, TOML, contents, networks, save_data

from isthmus.errors import InputError
from isthmus.training.networks.networks import Progress
from isthmus.training.networks.several import train_at_once
from isthmus.training.networks.turns import independent_groups
from isthmus.training.recipe.file import load_recipes


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_data()
    return tmp_path


def recipes(folder, text):
    (folder / "recipe.toml").write_text(text)
    return load_recipes(folder / "recipe.toml")


def test_two_processes_write_the_bytes_of_one_and_tell_every_epoch(folder):
    networks(TOML + PAIR, "one")
    told = []
    found = train_at_once(recipes(folder, TOML + PAIR), folder / "two", processes=2, tell=told.append)
    assert found == {name: folder / "two" / name for name in "ab"}
    assert contents(folder / "two") == contents("one")
    assert all(isinstance(news, Progress) for news in told)
    assert sorted((news.network, str(news.step)) for news in told) == [(n, f"{k}ep") for n in "ab" for k in range(1, 7)]


def test_finished_networks_are_left_as_they_are_and_threads_are_as_before(folder):
    given, before = recipes(folder, TOML + PAIR), torch.get_num_threads()
    torch.set_num_threads(before + 1)
    try:
        train_at_once(given, folder / "out", processes=1)
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)
    times = {file: file.stat().st_mtime_ns for file in (folder / "out").rglob("*.safetensors")}
    with pytest.raises(InputError, match="an existing training"):
        train_at_once(given, folder / "out", processes=2)
    train_at_once(given, folder / "out", processes=2, resume=True)
    assert {file: file.stat().st_mtime_ns for file in (folder / "out").rglob("*.safetensors")} == times


def test_a_used_folder_is_refused_before_any_network_is_trained(folder):
    (folder / "out" / "b").mkdir(parents=True)
    (folder / "out" / "b" / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match="an existing training") as caught:
        train_at_once(recipes(folder, TOML + PAIR), folder / "out", processes=2)
    assert caught.value.where == str(folder / "out" / "b")
    assert [path.name for path in (folder / "out").rglob("*")] == ["b", "mine.txt"]


def test_what_is_wrong_in_a_process_is_said_in_the_first_one(folder):
    given = recipes(folder, TOML.replace("0.05", "1e30").replace("clip_norm = 1.0", "") + PAIR)
    with pytest.raises(InputError, match="the last good checkpoint is 0ep") as caught:
        train_at_once(given, folder / "out", processes=2)
    assert caught.value.expected == "a finite training loss"


def test_a_spawned_network_stays_with_the_one_that_it_leaves(folder):
    third = '[[network]]\nname = "c"\nseeds = { order = 2 }\n'
    groups = independent_groups(recipes(folder, TOML + SPAWNED + third))
    assert [[recipe.name for recipe in group] for group in groups] == [["a", "b"], ["c"]]


def test_networks_that_take_turns_in_one_process_write_the_bytes_of_one_after_the_other(folder):
    (folder / "net.py").write_text(
        "from torch import nn\n\n\ndef with_dropout():\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 2))\n"
    )
    top = TOML.replace("cnn:width=2,channels=1,classes=2", "net.py:with_dropout")
    third = '[[network]]\nname = "c"\nseeds = { order = 2 }\nlength = "3ep"\n'
    networks(top + SPAWNED + third, "one")
    told = []
    networks(top + SPAWNED + third, "turns", at_once=2, tell=lambda news: told.append(news.network))
    assert contents("turns") == contents("one")
    assert told[:6] == ["a", "c"] * 3


def test_networks_of_other_arithmetic_cannot_take_turns(folder):
    wide = TOML + PAIR + 'dtype = "float64"\n'
    with pytest.raises(InputError, match="networks of one dtype") as caught:
        networks(wide, "out", at_once=2)
    assert caught.value.got == "a: float32, b: float64"


def test_a_network_that_diverges_ends_those_that_take_turns_with_it(folder):
    wild = '\noptimizer = { name = "sgd", learning_rate = 1e30 }\nclip_norm = 1e30\n'
    with pytest.raises(InputError, match="the last good checkpoint is 0ep"):
        networks(TOML + PAIR + wild, "out", at_once=2)
    assert (folder / "out" / "a" / "0ep.safetensors").is_file()
    assert not (folder / "out" / "a" / "2ep.safetensors").exists()
