"""The laws of federated rounds, on real digits."""

import json

import pyarrow.parquet as pq
import pytest
import torch
from federations import ROOT, federation, files_of, networks_after, recipe, same

from isthmus.errors import InputError
from isthmus.evaluation.losses.loss import squared_error
from isthmus.federated import local, server
from isthmus.federated.client import state_after_training
from isthmus.federated.federate import federate
from isthmus.federated.file import load_federated_recipes
from isthmus.federated.folder import RuleFolder, load_round
from isthmus.federated.results.tables import SCHEMAS, load_federation
from isthmus.federated.rules.rule import Phase
from isthmus.federated.server import Server
from isthmus.training.loop import train
from isthmus.weights.training_state import TrainingState


def trained_alone(found, client):
    """A client's whole training in one go, by the training loop alone."""
    settings = found.recipe.client_recipe(found.seed, client)
    found.model.load_state_dict(found.initial)
    return train(found.model, found.clients[client].train, settings).weights


def test_averaging_nothing_is_local_training_to_the_bit(tmp_path):
    found = federation(rules=["none"], optimizer_state="kept", local_epochs=2)
    networks = networks_after(found, tmp_path)
    assert all(same(network, trained_alone(found, client)) for client, network in enumerate(networks))


def test_averaging_with_oneself_is_local_training_to_the_bit(tmp_path):
    found = federation(clients=1, partition="iid", optimizer_state="kept")
    (network,) = networks_after(found, tmp_path)
    assert same(network, trained_alone(found, 0))


def test_averaging_everything_is_the_mean_by_counts_of_what_clients_trained(tmp_path):
    found = federation(rounds=2)
    networks = networks_after(found, tmp_path)
    assert all(same(network, networks[0]) for network in networks)
    weights, layers = found.initial, found.exchanged.layers
    counts = [len(client.train) for client in found.clients]
    for number in range(2):
        trained = []
        for client, count in enumerate(counts):
            begin = TrainingState(0, weights, {}, torch.zeros(0))
            state = state_after_training(
                found.model, found.clients[client].train, found.recipe.client_recipe(0, client), begin, [Phase(1)],
                layers, after_epochs=number,
            )  # fmt: skip
            trained.append({key: tensor.double() * count for key, tensor in state.weights.items()})
        weights = {key: (sum(one[key] for one in trained) / sum(counts)).float() for key in weights}
    assert all(torch.allclose(networks[0][key], weights[key], rtol=0, atol=1e-7) for key in weights)


def test_a_phase_trains_its_layers_and_leaves_the_others(tmp_path):
    found = federation(clients=1, partition="iid")
    layers, begin = found.exchanged.layers, TrainingState(0, found.initial, {}, torch.zeros(0))
    settings, examples = found.recipe.client_recipe(0, 0), found.clients[0].train
    head = state_after_training(
        found.model, examples, settings, begin, [Phase(1, ("fc",))], layers, after_epochs=0
    ).weights  # fmt: skip
    moved = {key for key in head if not torch.equal(head[key], found.initial[key])}
    assert moved == {"fc.weight", "fc.bias"}
    both = state_after_training(
        found.model, examples, settings, begin, [Phase(1, ("fc",)), Phase(1)], layers, after_epochs=0
    )  # fmt: skip
    assert both.iteration == 2 * -(-len(examples) // 16)
    assert all(not torch.equal(both.weights[key], found.initial[key]) for key in head)


def test_rules_share_the_first_local_training(tmp_path, monkeypatch):
    trained = []
    counted = state_after_training
    monkeypatch.setattr(
        local, "state_after_training", lambda *args, **more: trained.append(1) or counted(*args, **more)
    )
    federate(recipe(rules=["all", "none"], rounds=2), tmp_path / "out")
    assert len(trained) == 3 + 3 + 3  # three clients: once in the first round, and for each rule in the second


def test_seeds_in_processes_of_their_own_make_the_same_bytes(tmp_path):
    settings = recipe(rounds=1, seeds=[0, 1])
    federate(settings, tmp_path / "one")
    federate(settings, tmp_path / "two", processes=2)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_a_training_that_is_there_is_refused_and_one_by_other_settings_does_not_go_on(tmp_path):
    federate(recipe(rounds=1), tmp_path / "out")
    before = files_of(tmp_path / "out")
    with pytest.raises(InputError, match="add --resume"):
        federate(recipe(rounds=1), tmp_path / "out")
    with pytest.raises(InputError, match="local_epochs = 1"):
        federate(recipe(rounds=1, local_epochs=2), tmp_path / "out", resume=True)
    assert files_of(tmp_path / "out") == before


def test_below_no_threshold_clients_train_alone_below_a_high_one_they_average_all_as_measured_every_second_round(
    tmp_path,
):
    measuring = {"data": "digits:train[150:300]", "every": 2}
    below, above = ({"name": "barrier", "threshold": threshold} for threshold in (-100, 100))
    found = federation(rules=[below, above], barriers=measuring, clients=2)
    alone = networks_after(federation(rules=["none"], clients=2), tmp_path / "none")
    assert all(map(same, networks_after(found, tmp_path / "run"), alone))
    folder = RuleFolder(tmp_path / "run", found.recipe.rules[0].shown, 0)
    barriers = [load_round(number, folder, with_mean=False).round.barriers for number in (1, 2, 3)]
    assert [len(several) for several in barriers] == [14, 0, 14]
    averaging = Server(found, found.recipe.rules[1])
    averaging.recall(barriers[0])
    assert averaging.sets(2) == dict.fromkeys((0, 1), tuple(found.exchanged.layers))


def test_barriers_are_measured_as_the_recipe_says(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(server, "client_barriers", lambda *_, **settings: asked.append(settings) or [])
    settings = {"data": "digits:train[150:300]", "pairs": "all", "baseline": "host", "always": True}
    networks_after(federation(barriers=settings, rounds=1, loss="squared_error", device="cpu"), tmp_path)
    (found,) = asked
    assert (found["pairs"], found["baseline"], found["device"]) == ("all", "host", "cpu")
    assert found["loss"] is squared_error


@pytest.mark.parametrize(
    "labels", [("barrier threshold=-1.0", "barrier threshold=1.0"), ("a b", "a-b"), ("first", "b")]
)
def test_no_two_rules_share_a_folder(tmp_path, labels):
    work = [RuleFolder(tmp_path, label, 0).work for label in labels]
    assert len({*work, RuleFolder(tmp_path, "all", 0).first}) == 3


def test_a_rule_that_does_not_fit_is_refused_before_another_has_trained(tmp_path):
    for rule, message in (
        ("fedrep", "local_epochs = 1"),
        ({"name": "body", "layers": ["fd"]}, "'fd', which no layer has"),
    ):
        with pytest.raises(InputError, match=message):
            federate(recipe(rules=["all", rule]), tmp_path / "run", resume=True)
    assert not list((tmp_path / "run").rglob("*.safetensors"))


def test_a_setting_that_an_earlier_version_did_not_know_is_at_its_default(tmp_path):
    out = federate(recipe(rounds=1), tmp_path / "out")
    manifest = json.loads((out / "federated.json").read_text())
    del manifest["recipe"]["schedule"], manifest["recipe"]["weighting"], manifest["rules"]["all"]["label"]
    (out / "federated.json").write_text(json.dumps(manifest))
    assert federate(recipe(rounds=1), out, resume=True) == out
    with pytest.raises(InputError, match='weighting = "examples"'):
        federate(recipe(rounds=1, weighting="equal"), out, resume=True)


ON_TEST = {"barriers": {"data": "digits:test[50:100]"}}


@pytest.mark.parametrize(
    "wrong", [{"model": "cnn:width=4,channels=3"}, {"clients": 300}, {"test": "digits:train"}, ON_TEST]
)
def test_nothing_is_left_of_input_that_is_refused_before_anything_is_trained(tmp_path, wrong):
    with pytest.raises(InputError):
        federate(recipe(**wrong), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_with_other_things_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(InputError, match="one with other things"):
        federate(recipe(), tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_a_rule_is_added_to_a_training_that_is_there(tmp_path):
    federate(recipe(rounds=1), tmp_path / "out")
    federate(recipe(rounds=1, rules=["all", "none"]), tmp_path / "out", resume=True)
    federate(recipe(rounds=1, rules=["all", "none"]), tmp_path / "at-once")
    assert files_of(tmp_path / "out") == files_of(tmp_path / "at-once")


def test_what_is_left_out_of_a_training_that_goes_on_is_left_out_of_its_results_and_stays_refused(tmp_path):
    first = {"name": "fedbabu", "finetune_epochs": 1, "label": "x"}
    federate(recipe(rounds=1, clients=2, rules=[first, "none"], seeds=[0, 1]), tmp_path)
    federate(recipe(rounds=1, clients=2, rules=["none"]), tmp_path, resume=True)
    assert load_federation(tmp_path).clients["seed"].tolist() == [0, 0]
    with pytest.raises(InputError, match="rule x"):
        federate(recipe(rounds=1, clients=2, rules=[first | {"finetune_epochs": 2}]), tmp_path, resume=True)


def test_every_second_round_is_evaluated_before_and_after_on_own_and_on_all_test_examples(tmp_path):
    found = federation(evaluate_every=2)
    networks_after(found, tmp_path)
    folder = RuleFolder(tmp_path, "all", 0)
    rounds = [load_round(number, folder, with_mean=False).outcomes for number in (1, 2, 3)]
    assert [len(outcomes) for outcomes in rounds] == [0, 12, 12]
    of_all = {o.scores for o in rounds[2] if (o.when, o.data) == ("after", "global")}
    assert len(of_all) == 1  # everything is averaged: all clients have one network
    own = [o.scores.num_examples for o in rounds[2] if (o.when, o.data) == ("after", "own")]
    assert own == [len(client.test) for client in found.clients]


def test_the_recipe_of_the_repository_is_right():
    (only,) = load_federated_recipes(ROOT / "recipes" / "federated" / "digits.toml").values()
    assert only.clients == 5


def test_the_tables_hold_no_time(tmp_path):
    federate(recipe(rounds=1), tmp_path / "out")
    for name, schema in SCHEMAS.items():
        table = pq.read_table(tmp_path / "out" / f"{name}.parquet")
        assert table.schema.names == schema.names
        assert not [column for column in table.column_names if "second" in column]
    assert pq.read_table(tmp_path / "out" / "outcomes.parquet").num_rows == 3 * 2 * 2
