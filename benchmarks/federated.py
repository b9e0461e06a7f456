"""What federated rounds cost beside the training in them, and isthmus's Strategy beside Flower's FedAvg.

    python benchmarks/federated.py --part rounds                      (about 3 minutes on two cores)
    python benchmarks/federated.py --part flower                      (about 5 minutes on two cores)
    python benchmarks/federated.py --part flower --width 4 --epochs 1 --rounds 1 --repetitions 1    (a smoke run)

Four clients train a small convolutional network on real digits, and all layers are averaged.

    rounds    `run_rounds` in this process, over a bare loop that trains the clients one after another by SGD with
              momentum on images that lie ready; networks are scored once, at the end, which is part of the rounds
    flower    `PartialAveraging` over `FedAvg`, in one simulation on Ray with the same clients. Both score networks in
              every round; isthmus's clients also keep their states on disk, and score before averaging and after

A repetition runs each arm once, in turn first, after each has run once to warm up; figures are medians over
repetitions. Expect at most 1.05 for rounds and 1.10 for flower: a smaller network or fewer epochs make both larger, for
what does not grow with the training then counts more.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg
from torch.nn import functional

from isthmus.evaluation.arithmetic.threads import limit_threads
from isthmus.federated.client import Scorer, initial_state, state_after_training
from isthmus.federated.federation import Federation, federation_of
from isthmus.federated.file import load_federated_recipe
from isthmus.federated.flower import client_app
from isthmus.federated.flower.loopback import loopback
from isthmus.federated.flower.nodes import Nodes
from isthmus.federated.flower.records import array_record, record_tensors
from isthmus.federated.flower.rounds import FlowerRounds
from isthmus.federated.flower.settings import RunSettings, save_app
from isthmus.federated.folder import RuleFolder
from isthmus.federated.recipe import FederatedRecipe
from isthmus.federated.rounds import run_rounds
from isthmus.federated.rules.rule import Phase

CLIENTS = 4
TOLD = "benchmark: "
HERE = Path(__file__).parent


def recipe_text(arguments: argparse.Namespace) -> str:
    """The recipe of both parts; only the last round is scored where scoring isn't part of the comparison."""
    scored = arguments.rounds if arguments.part == "rounds" else 1
    return f"""
model = "cnn:width={arguments.width},channels=1"
train = "digits:train[0:1200]"
test = "digits:test[0:200]"
clients = {CLIENTS}
rounds = {arguments.rounds}
local_epochs = {arguments.epochs}
rules = ["all"]
batch_size = 32
optimizer = {{ name = "sgd", learning_rate = 0.05, momentum = 0.9 }}
evaluate_every = {scored}
global_test = false
keep_networks = false
"""


def medians(arms: dict[str, Callable[[], object]], repetitions: int) -> dict[str, float]:
    """Median seconds of each arm, each in turn first."""
    seconds: dict[str, list[float]] = {name: [] for name in arms}
    names = list(arms)
    for repetition in range(repetitions + 1):
        shift = repetition % len(names)
        for name in names[shift:] + names[:shift]:
            begun = perf_counter()
            arms[name]()
            seconds[name].append(perf_counter() - begun)
    return {name: median(values[1:]) for name, values in seconds.items()}


def bare(found: Federation) -> None:
    """Train the clients of all rounds one after another."""
    settings = found.recipe.optimizer
    device = next(found.model.parameters()).device
    for _ in range(found.recipe.rounds):
        for client in found.clients:
            inputs, targets = client.train.batch(0, len(client.train), device, torch.float32)
            batches = list(zip(inputs.split(32), targets.split(32), strict=True))
            found.model.load_state_dict(found.initial)
            found.model.train()
            optimizer = torch.optim.SGD(found.model.parameters(), settings.learning_rate, momentum=0.9)
            for _ in range(found.recipe.local_epochs):
                for images, labels in batches:
                    loss = functional.cross_entropy(found.model(images), labels)
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()


def compare_rounds(file: Path, repetitions: int) -> dict[str, float]:
    """Rounds in this process and the bare loop, with one thread, as rounds have."""
    recipe = load_federated_recipe(file)
    with limit_threads(1):
        found = federation_of(recipe, 0)

        def ours() -> None:
            with tempfile.TemporaryDirectory() as place:
                run_rounds(found, recipe.rules[0], RuleFolder(Path(place), "all", 0))

        return medians({"isthmus": ours, "other": lambda: bare(found)}, repetitions)


server = ServerApp()
client = ClientApp()
client.query()(client_app.who)


@server.main()
def main_on_flower(grid: Grid, context: Context) -> None:
    """Both strategies in one run, for as long as the recipe's folder says."""
    file = Path(str(context.run_config["recipe"]))
    recipe = load_federated_recipe(file)
    repetitions = int(file.with_name("repetitions").read_text())
    found = federation_of(recipe, 0)
    nodes = Nodes(recipe.clients)
    nodes.wait(grid, 600)

    def ours() -> None:
        with tempfile.TemporaryDirectory() as place:
            folder = RuleFolder(Path(place), "all", 0)
            FlowerRounds(grid, nodes, 3600.0)(found, recipe.rules[0], folder, spent={}, tell=lambda _: None)
        # A state that is there would be taken in place of training again.
        for state in file.parent.rglob("client-*.safetensors"):
            state.unlink()

    def theirs() -> None:
        strategy = FedAvg(min_train_nodes=CLIENTS, min_evaluate_nodes=CLIENTS, min_available_nodes=CLIENTS)
        strategy.start(grid, array_record(found.initial), num_rounds=recipe.rounds)

    print(TOLD + json.dumps(medians({"isthmus": ours, "other": theirs}, repetitions)), flush=True)


@cache
def federation(file: str) -> tuple[FederatedRecipe, Federation, Scorer]:
    """What a FedAvg client trains and is scored on; kept by its process, as isthmus's clients keep it."""
    recipe = load_federated_recipe(Path(file))
    found = federation_of(recipe, 0)
    return recipe, found, Scorer(found.model, found.all_test, found.loss)


@client.train()
def train(message: Message, context: Context) -> Message:
    """The same training for either strategy."""
    if "request" in message.content["config"]:
        return client_app.train(message, context)
    number, current = int(context.node_config["partition-id"]), int(message.content["config"]["server-round"])
    with limit_threads(1):
        recipe, found, _ = federation(str(context.run_config["recipe"]))
        state = state_after_training(
            found.model, found.clients[number].train, recipe.client_recipe(0, number),
            initial_state(record_tensors(message.content["arrays"])), [Phase(recipe.local_epochs)],
            found.exchanged.layers, after_epochs=(current - 1) * recipe.local_epochs, loss=found.loss,
        )  # fmt: skip
    metrics = MetricRecord({"num-examples": found.count(number)})
    return Message(RecordDict({"arrays": array_record(state.weights), "metrics": metrics}), reply_to=message)


@client.evaluate()
def evaluate(message: Message, context: Context) -> Message:
    """Scores on the client's own test part."""
    if "request" in message.content["config"]:
        return client_app.evaluate(message, context)
    number = int(context.node_config["partition-id"])
    with limit_threads(1):
        _, found, scorer = federation(str(context.run_config["recipe"]))
        weights = record_tensors(ArrayRecord(dict(message.content["arrays"])))
        scores = scorer.scores(weights, found.clients[number])["own"]
    metrics = MetricRecord({"loss": scores.loss, "num-examples": scores.num_examples})
    return Message(RecordDict({"metrics": metrics}), reply_to=message)


def compare_on_flower(file: Path, repetitions: int) -> dict[str, float]:
    """Both strategies in a simulation."""
    file.with_name("repetitions").write_text(str(repetitions))
    app = save_app(file.parent / "app") / "pyproject.toml"
    text = app.read_text()
    text = text.replace("isthmus.federated.flower.server_app:app", "federated:server")
    app.write_text(text.replace("isthmus.federated.flower.client_app:app", "federated:client"))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    settings = RunSettings(recipe=str(file), client_folder=str(file.parent / "clients"))
    with loopback(is_simulation=True) as link:
        link.start_run(app.parent, settings.values(), CLIENTS).wait()
        for line in link.log("run").splitlines():
            if line.startswith(TOLD):
                told: dict[str, float] = json.loads(line.removeprefix(TOLD))
                return told
        raise RuntimeError(link.log("run")[-3000:])


def main() -> None:
    """Run one part and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--part", choices=["rounds", "flower"], required=True)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repetitions", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "recipe.toml"
        file.write_text(recipe_text(arguments))
        compare = compare_rounds if arguments.part == "rounds" else compare_on_flower
        seconds = compare(file, arguments.repetitions)
    ratio = seconds["isthmus"] / seconds["other"]
    print(json.dumps({**vars(arguments), "seconds": seconds, "ratio": round(ratio, 3)}))


if __name__ == "__main__":
    main()
