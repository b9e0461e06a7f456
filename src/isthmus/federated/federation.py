"""What a federated training is made of: clients, network, layers."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from torch import Tensor, nn

from isthmus.data.clients.parts import ClientExamples, client_examples, refuse_unlike
from isthmus.data.examples import Examples
from isthmus.data.load import load_examples
from isthmus.errors import InputError
from isthmus.evaluation.arithmetic.device import device_named
from isthmus.evaluation.losses.loss import Loss
from isthmus.federated.exchange import Exchanged
from isthmus.federated.recipe import FederatedRecipe
from isthmus.layers.order import first_use
from isthmus.layers.rules import layer_partition
from isthmus.models.load import load_model
from isthmus.training.initial import make_initial_model
from isthmus.training.networks.networks import recipe_loss
from isthmus.training.seeds import Seeds
from isthmus.weights.state import entry_kinds, tensors_of


@dataclass(frozen=True)
class Federation:
    """One repetition of a federated training, under whatever rule.

    Attributes:
        recipe: Its settings.
        seed: Of this repetition.
        clients: What each has; on the device.
        all_test: All test examples, on the device; None where networks are not evaluated on them.
        server: The examples that barriers are measured on; None where none are.
        model: The network that everything is run with, one set of weights after the other.
        initial: The weights that all clients begin with, on the CPU.
        exchanged: Its layers, and which entries travel.
        loss: Gives one loss an example.
    """

    recipe: FederatedRecipe
    seed: int
    clients: list[ClientExamples]
    all_test: Examples | None
    server: Examples | None
    model: nn.Module
    initial: dict[str, Tensor]
    exchanged: Exchanged
    loss: Loss

    def count(self, client: int) -> float:
        """How much a client counts in a mean.

        Args:
            client: Its number.

        Returns:
            Its number of training examples, or 1.
        """
        return float(len(self.clients[client].train)) if self.recipe.weighting == "examples" else 1.0


def federation_of(recipe: FederatedRecipe, seed: int, data_root: Path | None = None) -> Federation:
    """Deal out the data and build the network of one repetition.

    Args:
        recipe: The settings.
        seed: Of the repetition.
        data_root: The folder that holds the known sets.

    Returns:
        Everything on the recipe's device.

    Raises:
        InputError: The data is absent, a client would have none, the network does not run on it, or barriers would be
            measured on test examples.
    """
    device = device_named(recipe.device)
    dealt = client_examples(
        recipe.train, recipe.test, recipe.partition, recipe.clients, seed=seed, data_root=data_root
    )  # fmt: skip
    clients = [
        ClientExamples(one.number, one.train.to(device), one.test.to(device), one.test_indices, one.rule)
        for one in dealt
    ]
    model = make_initial_model(partial(load_model, recipe.model), Seeds(initialisation=seed)).to(device)
    if recipe.dtype == "float64":
        model.double()
    parameter = next(model.parameters())
    inputs, _ = clients[0].train.batch(0, 1, device, parameter.dtype)
    try:
        layers = layer_partition(recipe.layers, model, first_use(model.eval(), inputs))
    except (RuntimeError, TypeError, IndexError) as error:
        got = f"{type(error).__name__}: {str(error).splitlines()[0]}"
        where = f"{recipe.model} on {recipe.train}"
        raise InputError("a network that runs on the data", got, where, "check its channels and classes") from error
    settings = recipe.barriers
    all_test = load_examples(recipe.test, data_root=data_root)
    server = load_examples(settings.data, data_root=data_root) if settings else None
    if settings and server:
        where = f"test {all_test.name!r} and barriers.data {server.name!r}"
        expected = "test examples that no rule looks at"
        refuse_unlike((recipe.test, settings.data), (all_test, server), expected, where)
    return Federation(
        recipe,
        seed,
        clients,
        all_test.to(device) if recipe.global_test else None,
        server.to(device) if server else None,
        model,
        {key: tensor.detach().cpu().clone() for key, tensor in tensors_of(model).items()},
        Exchanged(layers, entry_kinds(model), recipe.statistics == "private"),
        recipe_loss(recipe.loss),
    )
