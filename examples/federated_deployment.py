"""Partial averaging between processes that only talk to each other, as between machines.

A SuperLink and two SuperNodes run on this machine, each with a folder of its own for its client's state. The head is
private, everything else averaged. The outcome equals that of the rounds in this process, to the bit. Flower starts a
process for every message, so it takes a minute on two idle cores:

    python examples/federated_deployment.py
"""

import tempfile
from pathlib import Path

from isthmus.federated.federate import federate
from isthmus.federated.file import load_federated_recipe
from isthmus.federated.flower.loopback import loopback
from isthmus.federated.flower.settings import RunSettings, save_app
from isthmus.federated.flower.simulation import follow

RECIPE = """
model = "mlp:inputs=64,width=8"
train = "digits:train[0:300]"
test = "digits:test[0:100]"
clients = 2
partition = "classes=5"
rounds = 3
rules = ["body"]
batch_size = 32
optimizer = { name = "sgd", learning_rate = 0.1 }
"""


def main() -> None:
    """Run both, and compare."""
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        file = root / "recipe.toml"
        file.write_text(RECIPE)
        recipe = load_federated_recipe(file)
        federate(recipe, root / "here")

        with loopback(is_simulation=False) as link:
            for client in range(recipe.clients):
                link.add_supernode(client, recipe.clients, client_folder=str(root / f"client-{client}"))
            settings = RunSettings(recipe=str(file), out=str(root / "there"))
            run = link.start_run(save_app(root / "app"), settings.values(), recipe.clients)
            follow(run, link, lambda now: print(f"{now.rule}: round {now.round} of {now.rounds}"))

        for table in ("outcomes", "exchanges", "traffic"):
            here, there = ((root / side / f"{table}.parquet").read_bytes() for side in ("here", "there"))
            assert here == there, table
        for client in range(recipe.clients):
            network = Path("networks") / "body" / "seed-0" / f"client-{client:03}.safetensors"
            (there,) = (root / f"client-{client}").glob(f"federation-*/{network}")
            assert (root / "here" / network).read_bytes() == there.read_bytes(), network
        print("two SuperNodes and this process: the same numbers and networks, to the bit")


if __name__ == "__main__":
    main()
