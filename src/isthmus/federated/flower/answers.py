"""What a client answers: isthmus's own client, told by a message. Nothing is computed here."""

import hashlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from pathlib import Path

from flwr.app import ConfigRecord, Context, RecordDict

from isthmus.evaluation.arithmetic.device import device_named
from isthmus.evaluation.arithmetic.threads import limit_threads
from isthmus.federated.client import Scorer
from isthmus.federated.exchange import network_after
from isthmus.federated.federation import Federation, federation_of
from isthmus.federated.flower.messages import (
    Request,
    failure_record,
    outcomes_record,
    request_of,
    sent_record,
)
from isthmus.federated.flower.settings import RunSettings, run_settings
from isthmus.federated.folder import Outcome, RuleFolder
from isthmus.federated.local import LocalClient
from isthmus.federated.manifest import MAY_DIFFER
from isthmus.federated.recipe import FederatedRecipe
from isthmus.federated.results.tables import MANIFEST
from isthmus.models.source import source_hash
from isthmus.training.networks.networks import loss_hash
from isthmus.weights.checkpoint import save_weights
from isthmus.weights.state import StateDict


def answer(content: RecordDict, context: Context, number: int) -> RecordDict:
    """What a client answers to a request.

    Args:
        content: Of the message.
        context: Of the node: its settings, and its memory where it has no folder.
        number: Of the client.

    Returns:
        What the request asks for, or why there is nothing.
    """
    try:
        request, mean = request_of(content)
        settings = run_settings(context.run_config, context.node_config)
        federation, scorer = _federation(request.recipe, request.seed, settings.data_root)
        on_cpu = device_named(federation.recipe.device).type == "cpu"
        with _folder(context, settings, request, federation) as folder, limit_threads(1) if on_cpu else nullcontext():
            shared = folder.first if settings.client_folder else None
            client = LocalClient(federation, number, folder.clients, shared)
            if request.kind == "train":
                return _trained(client, request, mean)
            if request.kind == "evaluate":
                return outcomes_record(number, _scored(client, request, mean, scorer))
            return _finished(client, request, mean, scorer, folder)
    except Exception as error:  # whatever it is: the others go on, and the result says what it was
        return failure_record(number, error)


def _trained(client: LocalClient, request: Request, mean: StateDict) -> RecordDict:
    start = client.start_of(request.round, mean, request.taken, has_state=request.has_state)
    state = client.train(request.round, start, request.phases)
    return sent_record(client.sent(state.weights, request.layers, whole=request.whole))


def _scored(client: LocalClient, request: Request, mean: StateDict, scorer: Scorer) -> list[Outcome]:
    own = client.start_of(request.round + 1, {}, (), has_state=request.has_state).weights
    after = network_after(own, mean, request.taken, client.federation.exchanged)
    return _outcomes("before", own, client, scorer) + _outcomes("after", after, client, scorer)


def _finished(client: LocalClient, request: Request, mean: StateDict, scorer: Scorer, folder: RuleFolder) -> RecordDict:
    start = client.start_of(request.round, mean, request.taken, has_state=request.has_state)
    network, failed = start.weights, None
    try:
        network = client.train(request.round, start, request.phases).weights if request.phases else network
    except Exception as error:  # it keeps the network of the last round
        failed = error
    if client.federation.recipe.keep_networks:
        save_weights(network, folder.networks / f"client-{client.number:03}.safetensors")
    outcomes = _outcomes("last", network, client, scorer) if request.phases else []
    return outcomes_record(client.number, outcomes, failed)


def _outcomes(when: str, network: StateDict, client: LocalClient, scorer: Scorer) -> list[Outcome]:
    scores = scorer.scores(network, client.federation.clients[client.number])
    return [Outcome(client.number, when, data, one) for data, one in scores.items()]


def _name_of(federation: Federation) -> str:
    """A folder of its own for every recipe and data: states of one are never taken for another's."""
    recipe, digest = federation.recipe, hashlib.sha256()
    kept = recipe.model_dump(mode="json", exclude_defaults=True, exclude=MAY_DIFFER)
    for part in (json.dumps(kept, sort_keys=True), source_hash(recipe.model), loss_hash(recipe.loss)):
        digest.update(f"{part}\n".encode())
    for client in federation.clients:
        digest.update(client.train.content_hash.encode())
    return f"federation-{digest.hexdigest()[:16]}"


@lru_cache(maxsize=1)  # a process of a simulation answers often, and for several clients
def _federation(recipe: str, seed: int, data_root: str) -> tuple[Federation, Scorer]:
    found = federation_of(FederatedRecipe.model_validate_json(recipe), seed, Path(data_root) if data_root else None)
    return found, Scorer(found.model, found.all_test, found.loss)


@contextmanager
def _folder(context: Context, settings: RunSettings, request: Request, federation: Federation) -> Iterator[RuleFolder]:
    """The client's folder; for a client without one, made from Flower's memory, and put back into it."""
    if settings.client_folder:
        place = Path(settings.client_folder)
        is_the_servers = (place / MANIFEST).is_file()  # which has refused another recipe there
        yield RuleFolder(place if is_the_servers else place / _name_of(federation), request.rule, request.seed)
        return
    training = f"{request.rule}, seed {request.seed}"
    with tempfile.TemporaryDirectory() as temporary:
        folder = RuleFolder(Path(temporary), request.rule, request.seed)
        folder.clients.mkdir(parents=True)
        for name, content in context.state.config_records.get(training, {}).items():
            assert isinstance(content, bytes)
            (folder.clients / name).write_bytes(content)
        try:
            yield folder
        finally:
            context.state.clear()  # other trainings of this run have ended
            files = sorted(folder.clients.iterdir())
            context.state[training] = ConfigRecord({file.name: file.read_bytes() for file in files})
