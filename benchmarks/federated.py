"""What federated rounds cost beside the training in them, and isthmus's Strategy beside Flower's FedAvg.

    python benchmarks/federated.py --part rounds                      (about 5 minutes on two cores)
    python benchmarks/federated.py --part flower                      (about 5 minutes on two cores)
    python benchmarks/federated.py --part flower --width 2 --images 40 --rounds 1 --repetitions 1    (a smoke run)

Four clients train ResNet-18 without normalisation on random images of 32 x 32 in three colours, by SGD with momentum,
and all layers are averaged.

    rounds    `run_rounds` in this process, over a bare loop that trains the clients one after another by isthmus's
              training loop ("loop"), and over one of plain PyTorch on images that lie ready ("torch"). Networks are
              scored once, at the end, which is part of the rounds
    flower    `PartialAveraging` over `FedAvg`, in one simulation on Ray with the same clients. Both score networks in
              every round; isthmus's clients also keep their states on disk, and score before averaging and after

A repetition runs each arm once, in turn first, after each has run once to warm up; figures are medians over
repetitions. Expect at most 1.05 over the loop and 1.10 over FedAvg. Fewer images or epochs and smaller networks make
all ratios larger, for what does not grow with the training then counts more: 40 ms a client and round here, half of
them for its sealed state on disk. With the five local epochs of Table 1, as by default, rounds took 1.02 times the
loop's time; with three 1.04 to 1.06.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
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
from isthmus.training.loop import train as train_network
from isthmus.weights.state import StateDict
from isthmus.weights.step import Step

CLIENTS = 4
BATCH = 32
TOLD = "benchmark: "
HERE = Path(__file__).parent


def saved_recipe(folder: Path, arguments: argparse.Namespace) -> Path:
    """The recipe of both parts and its data; the last round alone is scored where scoring isn't compared."""
    generator = np.random.default_rng(0)
    for name, number in (("train", arguments.images), ("test", 100)):
        inputs = generator.integers(0, 256, (number, 3, 32, 32), dtype=np.uint8)
        np.savez(folder / f"{name}.npz", inputs=inputs, targets=generator.integers(0, 10, number))
    scored = arguments.rounds if arguments.part == "rounds" else 1
    file = folder / "recipe.toml"
    file.write_text(f"""
model = "resnet18_no_norm:width={arguments.width}"
train = "{folder}/train.npz:mean=0.5/0.5/0.5,std=0.3"
test = "{folder}/test.npz:mean=0.5/0.5/0.5,std=0.3"
clients = {CLIENTS}
rounds = {arguments.rounds}
local_epochs = {arguments.epochs}
rules = ["all"]
batch_size = {BATCH}
optimizer = {{ name = "sgd", learning_rate = 0.01, momentum = 0.9 }}
evaluate_every = {scored}
global_test = false
keep_networks = false
""")
    return file


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


def trained_by_torch(found: Federation) -> None:
    """Train the clients of all rounds one after another, in plain PyTorch, each round from the mean of the last."""
    settings, initial = found.recipe.optimizer, found.initial
    for _ in range(found.recipe.rounds):
        trained = []
        for one in found.clients:
            inputs, targets = one.train.batch(0, len(one.train), torch.device("cpu"), torch.float32)
            batches = list(zip(inputs.split(BATCH), targets.split(BATCH), strict=True))
            found.model.load_state_dict(initial)
            found.model.train()
            optimizer = torch.optim.SGD(found.model.parameters(), settings.learning_rate, momentum=0.9)
            for _ in range(found.recipe.local_epochs):
                for images, labels in batches:
                    loss = functional.cross_entropy(found.model(images), labels)
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
            trained.append({key: tensor.clone() for key, tensor in found.model.state_dict().items()})
        initial = plain_mean(trained)


def trained_by_the_loop(found: Federation) -> None:
    """Train the clients of all rounds one after another, by isthmus's training loop, each round from the mean."""
    initial = found.initial
    for _ in range(found.recipe.rounds):
        trained = []
        for one in found.clients:
            recipe = found.recipe.client_recipe(0, one.number)
            length = Step(found.recipe.local_epochs, "ep")
            found.model.load_state_dict(initial)
            one_recipe = recipe.model_copy(update={"length": length})
            trained.append(train_network(found.model, one.train, one_recipe, loss=found.loss).weights)
        initial = plain_mean(trained)


def plain_mean(networks: Sequence[StateDict]) -> StateDict:
    """What the next round begins with. From trained weights an iteration takes 3 % longer than from fresh ones."""
    return {key: torch.stack([network[key] for network in networks]).mean(0) for key in networks[0]}


def compare_rounds(file: Path, repetitions: int) -> dict[str, float]:
    """Rounds in this process and the bare loops, with one thread, as rounds have."""
    recipe = load_federated_recipe(file)
    with limit_threads(1):
        found = federation_of(recipe, 0)

        def rounds() -> None:
            with tempfile.TemporaryDirectory() as place:
                run_rounds(found, recipe.rules[0], RuleFolder(Path(place), "all", 0))

        bare = {"loop": lambda: trained_by_the_loop(found), "torch": lambda: trained_by_torch(found)}
        return medians({"isthmus": rounds, **bare}, repetitions)


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

    print(TOLD + json.dumps(medians({"isthmus": ours, "FedAvg": theirs}, repetitions)), flush=True)


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
        said = link.log_file("run").read_text(errors="replace")
        for line in said.splitlines():
            if line.startswith(TOLD):
                told: dict[str, float] = json.loads(line.removeprefix(TOLD))
                return told
        raise RuntimeError(said[-3000:])


def main() -> None:
    """Run one part and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--part", choices=["rounds", "flower"], required=True)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--images", type=int, default=800, help="of all clients")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        file = saved_recipe(Path(place), arguments)
        compare = compare_rounds if arguments.part == "rounds" else compare_on_flower
        seconds = compare(file, arguments.repetitions)
    ratios = {name: round(seconds["isthmus"] / other, 3) for name, other in seconds.items() if name != "isthmus"}
    print(json.dumps({**vars(arguments), "seconds": seconds, "ratios": ratios}))


if __name__ == "__main__":
    main()
