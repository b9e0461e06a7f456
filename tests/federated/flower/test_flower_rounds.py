"""The Flower layer: equal to the rounds in this process, whatever clients do and whenever the server is killed."""

import multiprocessing
import signal

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import torch
from direct_grid import TIMEOUT, DirectGrid, federate_on_flower, killed_on_flower
from federations import federation, files_of, recipe
from flwr.app import Array, ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp.strategy import FedAvg

from isthmus.errors import InputError
from isthmus.federated import local
from isthmus.federated.client import initial_state, state_after_training
from isthmus.federated.federate import federate
from isthmus.federated.flower.client_app import app
from isthmus.federated.flower.nodes import Nodes
from isthmus.federated.flower.records import array_record, record_tensors
from isthmus.federated.folder import RuleFolder, load_round
from isthmus.federated.rules.rule import Phase

SEVERAL = {
    "rules": ["body", "fedbabu", {"name": "barrier", "threshold": 0.2}],
    "barriers": {"data": "digits:train[150:200]", "every": 2},
    "optimizer_state": "kept",
    "clients": 2,
}


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """What the rounds in this process leave."""
    out = tmp_path_factory.mktemp("here") / "out"
    federate(recipe(**SEVERAL), out)
    return files_of(out)


def test_flower_makes_the_same_bytes_as_this_process(here, tmp_path):
    federate_on_flower(tmp_path / "out", **SEVERAL)
    assert files_of(tmp_path / "out") == here


def test_without_a_folder_clients_keep_their_states_in_flowers_memory(here, tmp_path):
    federate_on_flower(tmp_path / "out", grid=DirectGrid(2, {}), **SEVERAL)
    found = files_of(tmp_path / "out")
    assert {name.split("/")[0] for name in here.keys() - found.keys()} == {"networks", "work"}
    assert found == {name: data for name, data in here.items() if name in found}
    assert "outcomes.parquet" in found


@pytest.fixture(scope="module")
def processes():
    """Makes processes of which each has torch already, so that a kill costs little."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["isthmus.federated.federate", "flwr.serverapp.strategy"])
    return context


@pytest.mark.parametrize("number", [8, 40, 53])
def test_killed_and_resumed_ends_with_the_same_bytes(processes, here, tmp_path, number):
    out = tmp_path / "out"
    process = processes.Process(target=killed_on_flower, args=(out, number), kwargs=SEVERAL)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    federate_on_flower(out, resume=True, **SEVERAL)
    assert files_of(out) == here


def test_a_later_run_says_that_the_states_of_clients_are_lost(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(InputError, match="client 0"):
        federate_on_flower(out, grid=DirectGrid(2, {}, stopping_in_round(2)), **SEVERAL)
    with pytest.raises(InputError, match="the state of client 0 after an earlier round, got none"):
        federate_on_flower(out, grid=DirectGrid(2, {}), resume=True, **SEVERAL)


def test_a_client_that_lost_its_state_while_it_was_left_out_says_so(tmp_path):
    def answer(message, context):
        if message.metadata.group_id == "2" and context.node_config["partition-id"] == 1:
            context.state.clear()
            raise RuntimeError("the client's machine has a new disk")
        return app(message, context)

    federate_on_flower(tmp_path, grid=DirectGrid(2, {}, answer), rules=["none"], clients=2)
    reasons = pq.read_table(tmp_path / "traffic.parquet")["left_out"].to_pylist()
    assert reasons[-1] == "expected the state of client 1 after an earlier round, got none"


def stopping_in_round(number):
    def answer(message, context):
        if message.metadata.group_id == str(number):
            raise InputError("nothing", "client 0", "the test", "nothing")
        return app(message, context)

    return answer


def faulty(change, client=1):
    """The app, with what one client answers to a training changed."""

    def answer(message: Message, context: Context) -> Message:
        reply = app(message, context)
        if message.metadata.message_type == "train" and context.node_config["partition-id"] == client:
            change(reply.content)
        return reply

    return answer


def fail(content):
    raise RuntimeError("the client's machine is on fire")


def put_nan(content):
    content["arrays"]["fc.bias"] = Array(np.full(10, np.nan, np.float32))


def leave_out(content):
    del content["arrays"]["fc.bias"]


def rename(content):
    content["arrays"]["other"] = content["arrays"]["fc.bias"]


def reshape(content):
    content["arrays"]["fc.bias"] = Array(np.zeros(11, np.float32))


def empty(content):
    content.clear()


def cut(content):
    content["arrays"]["fc.bias"] = Array(dtype="float32", shape=(10,), stype="numpy.ndarray", data=b"")


def weigh(content):
    content["metrics"]["num-examples"] = 1e308


FAULTS = {
    fail: "its app failed (Flower's error 2)",
    put_nan: "a number that is not finite in fc.bias",
    leave_out: "no fc.bias",
    rename: "other, which was not asked for",
    reshape: "shape (11,) of fc.bias, expected (10,)",
    empty: "a reply that can't be read (KeyError: 'metrics')",
    cut: "a reply that can't be read (ValueError: EOF: reading magic string, expected 8 bytes got 0)",
    weigh: "a count of 1e+308, expected 40",
}


@pytest.mark.parametrize("fault", [*FAULTS, "late"])
def test_the_round_goes_on_without_a_faulty_client_and_names_it(tmp_path, fault):
    out = tmp_path / "out"
    settings = {"client-folder": str(out)}
    late = fault == "late"
    grid = DirectGrid(3, settings, late=[1]) if late else DirectGrid(3, settings, faulty(fault))
    federate_on_flower(out, grid=grid, rounds=1)
    reason = f"no reply within {TIMEOUT:g} seconds" if late else FAULTS[fault]
    assert pq.read_table(out / "traffic.parquet")["left_out"].to_pylist() == ["", reason, ""]
    assert set(pq.read_table(out / "exchanges.parquet")["num_senders"].to_pylist()) == {2}
    folder = RuleFolder(out, "all", 0)
    found = federation()
    trained = [next(folder.clients.glob(f"client-{client:03}-*")) for client in (0, 2)]
    weights = [local.load_training_state(file).weights for file in trained]
    counts = [found.count(client) for client in (0, 2)]
    for key, tensor in load_round(1, folder).round.mean.weights.items():
        expected = sum(one[key].double() * count for one, count in zip(weights, counts, strict=True)) / sum(counts)
        assert torch.allclose(tensor.double(), expected, rtol=0, atol=1e-7), key


def test_a_client_whose_training_fails_is_left_out_as_in_this_process(tmp_path, monkeypatch):
    def fragile(model, examples, recipe, state, *args, **more):
        if more["after_epochs"] == 1 and recipe.seeds.order == failing:
            raise InputError("a loss that is finite", "nan", "round 2", "lower the rate")
        if more["after_epochs"] == 3 and recipe.seeds.order == failing:
            raise ValueError("More than 1 value per channel\nis what I expected")
        return state_after_training(model, examples, recipe, state, *args, **more)

    failing = recipe().client_recipe(0, 1).seeds.order
    monkeypatch.setattr(local, "state_after_training", fragile)
    federate(recipe(rules=["fedbabu"]), tmp_path / "here")
    federate_on_flower(tmp_path / "there", rules=["fedbabu"])
    assert files_of(tmp_path / "here") == files_of(tmp_path / "there")
    left_out = pq.read_table(tmp_path / "here" / "traffic.parquet")["left_out"].to_pylist()
    after_all = "ValueError: More than 1 value per channel"
    assert [reason for reason in left_out if reason] == ["expected a loss that is finite, got nan", after_all]
    last = pq.read_table(tmp_path / "here" / "outcomes.parquet").filter(pc.field("when") == "last")
    assert last["client"].to_pylist() == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("said", ["last own loss", "before own", "client", "none"])
def test_what_a_client_says_of_itself_is_of_itself_and_as_asked(tmp_path, said):
    def answer(message, context):
        reply = app(message, context)
        if message.metadata.message_type == "evaluate" and context.node_config["partition-id"] == 1:
            if said == "none":
                reply.content.clear()
            else:
                reply.content["metrics"][said] = 2
        return reply

    federate_on_flower(tmp_path, grid=DirectGrid(3, {"client-folder": str(tmp_path)}, answer), rounds=1)
    clients = pq.read_table(tmp_path / "outcomes.parquet")["client"].to_pylist()
    assert sorted(set(clients)) == ([0, 1, 2] if said == "client" else [0, 2])


def test_a_folder_of_clients_holds_the_states_of_several_recipes(tmp_path):
    grid, losses = DirectGrid(2, {"client-folder": str(tmp_path / "clients")}), []
    for number, rate in enumerate((0.1, 0.01)):
        changes = {"rounds": 1, "clients": 2, "optimizer": {"name": "sgd", "learning_rate": rate}}
        federate_on_flower(tmp_path / f"{number}", grid=grid, **changes)
        losses.append(pq.read_table(tmp_path / f"{number}" / "outcomes.parquet")["loss"].to_pylist())
    assert losses[0] != losses[1]


def test_all_layers_equal_flowers_own_fedavg(tmp_path):
    found = federation()
    plain = ClientApp()

    @plain.train()
    def train(message, context):
        client = context.node_config["partition-id"]
        number = message.content["config"]["server-round"]
        start = initial_state(found.initial | record_tensors(message.content["arrays"]))
        state = state_after_training(
            found.model, found.clients[client].train, found.recipe.client_recipe(0, client), start, [Phase(1)],
            found.exchanged.layers, after_epochs=number - 1,
        )  # fmt: skip
        metrics = MetricRecord({"num-examples": found.count(client)})
        return Message(RecordDict({"arrays": array_record(state.weights), "metrics": metrics}), reply_to=message)

    theirs = FedAvg(fraction_evaluate=0).start(DirectGrid(3, {}, plain), array_record(found.initial), num_rounds=3)
    federate_on_flower(tmp_path)
    ours = load_round(3, RuleFolder(tmp_path, "all", 0)).round.mean.weights
    for key, tensor in record_tensors(ArrayRecord(dict(theirs.arrays))).items():
        assert torch.allclose(ours[key], tensor, rtol=0, atol=1e-6), key


def test_nodes_are_known_by_their_partition_and_not_by_their_number():
    grid, nodes = DirectGrid(3, {}), Nodes(2)
    assert nodes.of_clients(grid) == {0: 1000, 1: 999}  # client 2 is none of the recipe's
    del grid.contexts[1000]
    with pytest.raises(InputError, match="no client 0"):
        nodes.wait(grid, 0)
    again = grid.connect(0)
    assert nodes.of_clients(grid) == {0: again, 1: 999}
    again = grid.connect(1)
    assert nodes.of_clients(grid)[1] == again  # the one before was killed, which Flower doesn't know yet
    with pytest.raises(InputError, match="one node for client 1"):
        nodes.wait(grid, 0)
