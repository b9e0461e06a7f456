"""Work on Ray: a cluster of this machine, started once for these tests, makes the bytes of this process.

The loss of the user's kills the first worker that has computed it a few times.
"""

import gc
import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import ray
import torch
from federations import recipe

import isthmus
from isthmus.errors import InputError
from isthmus.federated.federate import federate
from isthmus.models.load import load_model
from isthmus.processes import num_cores
from isthmus.training.networks.several import train_at_once
from isthmus.training.recipe.file import load_recipes
from isthmus.weights.checkpoint import save_weights
from isthmus.work.on_ray import LOCAL, connection, on_ray

MODEL = "cnn:width=2,channels=1,classes=2"
LOSS = """
import os
import signal
import sys
from pathlib import Path

from torch.nn.functional import cross_entropy

MARK = Path(__file__).with_name("killed")
calls = []


def loss(outputs, targets):
    if "default_worker" in sys.argv[0]:  # not in the process that asks
        calls.append(1)
        if len(calls) == 150 and not MARK.exists():
            MARK.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return cross_entropy(outputs, targets, reduction="none")
"""


@pytest.fixture(scope="module")
def cluster():
    opened = connection(LOCAL)
    opened.__enter__()
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # Ray leaves objects of processes that it has ended
        opened.__exit__(None, None, None)
        gc.collect()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    inputs = np.random.default_rng(0).normal(size=(60, 1, 4, 4)).astype(np.float32)
    np.savez("data.npz", inputs=inputs, targets=(inputs.mean((1, 2, 3)) > 0).astype(np.int64))
    Path("own.py").write_text(LOSS)
    for number, name in enumerate("abc"):
        torch.manual_seed(number)
        save_weights(load_model(MODEL).state_dict(), Path(f"{name}.safetensors"))
    return tmp_path


def contents(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


RECIPE = f"""
model = "{MODEL}"
data = "data.npz"
length = "2ep"
batch_size = 8
optimizer = {{ name = "sgd", learning_rate = 0.05, momentum = 0.9 }}
checkpoint_every = "1ep"
device = "cpu"
loss = "own.py:loss"
[[network]]
name = "a"
[[network]]
name = "b"
seeds = {{ order = 1 }}
spawn = {{ network = "a", at = "1ep" }}
[[network]]
name = "c"
"""


def measured(names, **options):
    networks = [f"{name}.safetensors" for name in names]
    a, b = networks if len(networks) == 2 else (networks, None)
    settings = {"loss": "own.py:loss", "batch_size": 4, "device": "cpu"}
    return isthmus.measure(MODEL, a, b, "data.npz", **settings, **options)


def test_a_collection_and_a_run_have_the_bytes_of_this_process_though_a_worker_is_killed(cluster, folder):
    for names in ("abc", "ab"):
        here = measured(names, out=f"{names}-here")
        assert Path("killed").exists() == (names == "ab")
        there = measured(names, out=f"{names}-there", ray=LOCAL)
        assert Path("killed").exists()
        assert contents(folder / f"{names}-there") == contents(folder / f"{names}-here")
        np.testing.assert_array_equal(there.loss.values, here.loss.values)
        assert there.attrs["run_folder"] == str(folder / f"{names}-there")


@pytest.mark.slow
def test_an_interrupted_collection_keeps_what_is_finished_and_goes_on(cluster, folder, monkeypatch):
    measured("abc", out="here")
    Path("killed").touch()

    def interrupted(*_args, **_facts):
        raise KeyboardInterrupt

    monkeypatch.setattr("isthmus.runs.collection.ProgressFile.advance", interrupted)
    with pytest.raises(KeyboardInterrupt):
        measured("abc", out="there", ray=LOCAL)
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    kept = [file for file in (folder / "there").rglob("run.json") if json.loads(file.read_text())["complete"]]
    before = [file.stat().st_mtime_ns for file in kept]
    assert len(kept) in {1, 2}
    measured("abc", out="there", ray=LOCAL, resume=True)
    assert contents(folder / "there") == contents(folder / "here")
    assert [file.stat().st_mtime_ns for file in kept] == before


def test_networks_of_a_recipe_have_the_bytes_of_this_process_though_a_worker_is_killed(cluster, folder):
    Path("recipe.toml").write_text(RECIPE)
    recipes, told = load_recipes(Path("recipe.toml")), []
    train_at_once(recipes, folder / "here", processes=1)
    train_at_once(recipes, folder / "there", ray=LOCAL, tell=told.append)
    assert contents(folder / "there") == contents(folder / "here")
    assert {(news.network, str(news.step)) for news in told} >= {("a", "2ep"), ("b", "2ep"), ("c", "2ep")}


@pytest.mark.slow
def test_seeds_of_a_federation_have_the_bytes_of_this_process(cluster, folder):
    settings, told = recipe(rounds=2, rules=["all", "head"], seeds=[0, 1], device="cpu"), []
    federate(settings, folder / "here")
    federate(settings, folder / "there", ray=LOCAL, tell=told.append)
    times = {"seconds.json", "federated.json"}
    here, there = (
        {name: content for name, content in contents(folder / out).items() if Path(name).name not in times}
        for out in ("here", "there")
    )
    assert there == here
    assert {news.out for news in told} == {str(folder / "there")}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:few examples carry")
@pytest.mark.parametrize("donors", ["b.safetensors", ["b.safetensors", "c.safetensors"]])
def test_a_merge_has_the_bytes_of_this_process(cluster, folder, donors):
    files = {}
    for out, place in (("here", None), ("there", LOCAL)):
        (folder / out).mkdir()
        isthmus.merge(
            MODEL, "a.safetensors", donors, "data.npz[0:30]", "data.npz[30:60]", tolerance=10.0, batch_size=4,
            num_random=1, out=folder / out / "m.safetensors", ray=place, device="cpu",
        )  # fmt: skip
        files[out] = contents(folder / out)
    assert files["there"] == files["here"]
    assert set(files["here"]) == {"m.safetensors", "m.merge.json"}


@pytest.mark.slow
def test_the_cluster_of_this_machine_listens_on_the_loopback_alone_and_takes_no_other_kind_of_worker(
    cluster, monkeypatch
):
    assert [node["NodeManagerAddress"] for node in ray.nodes()] == ["127.0.0.1"]
    monkeypatch.setattr("isthmus.work.kind.version", lambda _package: "0.0.0")
    with (
        on_ray(LOCAL, num_cores()) as workers,
        pytest.warns(isthmus.IsthmusWarning, match=r"isthmus 0\.\d\S* instead of 0\.0\.0"),
        pytest.raises(InputError, match="workers that compute as this process does"),
    ):
        list(workers.done(dict, [1]))
