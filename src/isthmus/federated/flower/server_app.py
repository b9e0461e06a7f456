"""The ServerApp: all rules and seeds of a recipe, in rounds over Flower."""

import json
from dataclasses import asdict
from pathlib import Path

from flwr.app import Context
from flwr.serverapp import Grid, ServerApp

from isthmus.errors import InputError
from isthmus.federated.flower.nodes import Nodes
from isthmus.federated.flower.settings import ENDED, REFUSED, TOLD, run_settings

app = ServerApp()


@app.main()
def main(grid: Grid, context: Context) -> None:
    """Train by the recipe that the run names, and write its folder.

    Args:
        grid: Of Flower.
        context: Of the run.

    Raises:
        InputError: A setting is wrong, clients are missing, or as in `federate`.
    """
    from isthmus.federated.federate import federate
    from isthmus.federated.file import load_federated_recipe
    from isthmus.federated.flower.rounds import FlowerRounds

    try:
        settings = run_settings(context.run_config)
        recipe = load_federated_recipe(Path(settings.recipe))
        nodes = Nodes(recipe.clients)
        nodes.wait(grid, settings.wait)
        federate(
            recipe, Path(settings.out), resume=settings.resume,
            data_root=Path(settings.data_root) if settings.data_root else None,
            tell=lambda progress: print(TOLD + json.dumps(asdict(progress)), flush=True),
            rounds=FlowerRounds(grid, nodes, settings.timeout),
        )  # fmt: skip
        print(ENDED + json.dumps(settings.out), flush=True)
    except InputError as error:
        print(REFUSED + json.dumps([error.expected, error.got, error.where, error.remedy]), flush=True)
        raise
