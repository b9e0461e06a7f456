"""The second step: the model runs on a few examples of every split, and what could only be wrong is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch

from isthmus.errors import InputError
from isthmus.evaluation.arithmetic.device import DTYPES, device_named
from isthmus.evaluation.arithmetic.memory import give_back
from isthmus.evaluation.losses.remarks import missing_inputs
from isthmus.evaluation.network import Fresh, Network, placed_copy
from isthmus.evaluation.normalization import refuse_shared_examples
from isthmus.evaluation.output import Output
from isthmus.evaluation.probe import SelfCheck, probe_of
from isthmus.runs.request.settings import Settings
from isthmus.runs.subject.given_weights import NUM_EXAMPLES, given_weights, reads_another, written_keys
from isthmus.runs.subject.loaded import Loaded
from isthmus.trees import Tree
from isthmus.weights.casting import cast_weights, cast_when_read, on_device
from isthmus.weights.state import StateDict, lend_weights


@dataclass(frozen=True)
class Checked:
    """Two networks that run.

    Attributes:
        network: A copy of the model that runs with any weights.
        weights_a: Those of network a, on the device, in the type that blends are computed in.
        weights_b: Those of network b.
        checks: What was checked on all splits and how it came out.
        remarks: What may be other than it seems, to be warned of.
    """

    network: Network
    weights_a: StateDict
    weights_b: StateDict
    checks: list[SelfCheck]
    remarks: list[str]

    @classmethod
    def of(cls, loaded: Loaded, settings: Settings) -> "Checked":
        """Run the model on a few examples.

        Args:
            loaded: From the step before.
            settings: What was asked.

        Returns:
            The networks and what was found.

        Raises:
            InputError: The model does not run on the examples, or not the same way twice; outputs, targets and loss do
                not fit together; or the model is recalibrated on measured examples without leave.
        """
        device, dtype = device_named(settings.device), DTYPES[settings.dtype]
        a, b = (on_device(_blendable(weights.weights, dtype), device) for weights in (loaded.a, loaded.b))
        inputs, _ = next(iter(loaded.splits.values())).batch(0, NUM_EXAMPLES, device, dtype)
        network, fresh = _own_network(loaded, Output(settings.output), a, inputs, device, dtype)
        error = loaded.error.function if loaded.error else None
        network = replace(network, error=error, written=written_keys(network, a, inputs))
        give_back()  # the copies that every key had until now
        probes = {name: probe_of(network, a, split) for name, split in loaded.splits.items()}
        given = given_weights(network, fresh, a, b, inputs, loaded.model.again, loaded.model.drawn)
        network = given.network
        remarks = [f"{split.name}: {note}" for split in loaded.splits.values() for note in split.notes]
        remarks += [*given.remarks, *(remark for probe in probes.values() for remark in probe.remarks)]
        if loaded.recalibration is not None:
            remarks += missing_inputs(loaded.recalibration, partial(network.outputs, a), dtype)
            if not settings.allow_shared_examples:
                for split in loaded.splits.values():
                    refuse_shared_examples(loaded.recalibration, split)
        network = replace(network, counts_errors=all(probe.counts_errors for probe in probes.values()))
        found = checks_of_all({name: probe.checks for name, probe in probes.items()})
        what = "outputs are those of a freshly loaded copy, whatever weights the module holds"
        found.append(SelfCheck(what, passed=True, detail=given.agreement))
        if loaded.model.notes:
            what = "the network in the model that was given is measured"
            found.append(SelfCheck(what, passed=True, detail="; ".join(loaded.model.notes)))
        give_back()
        return cls(network, a, b, found, remarks)


def _blendable(weights: StateDict, dtype: torch.dtype) -> StateDict:
    """Weights in the type that blends are computed in, for a network that runs in a type."""
    if dtype.itemsize >= torch.float32.itemsize:
        return cast_weights(weights, dtype)
    # Blends are made in float32 and rounded last. Both ends run as they are stored, so nobody holds them in float32.
    return cast_when_read(weights, torch.float32)


def _own_network(
    loaded: Loaded, output: Output, weights: StateDict, inputs: Tree, device: torch.device, dtype: torch.dtype
) -> tuple[Network, Fresh]:
    """A network of which nobody else holds the module, and what makes further such modules."""
    # Copies of the model, or builds where it can't be copied or is closed over itself. Until it is known what forward
    # writes to, it is given copies of all weights.
    model, written = loaded.model, frozenset(weights)
    try:
        network = Network.from_model(model.module, loaded.loss.function, device, dtype, output)
        lend_weights(network.module, cast_weights(weights, dtype))
        network, refused = replace(network, written=written), None
    except InputError as error:
        refused = error
    if refused is None:
        if not reads_another(network, model.module, weights, inputs):
            return network, partial(placed_copy, model.module)
        refused = InputError(
            "a model whose forward uses its own weights",
            "one that reads those of the model that it was copied from: it is closed over it",
            model.name,
            "let forward take them from self, or give a function that builds the model",
        )
    build = model.build
    if build is None or (module := build()) is model.module:
        raise refused
    network = Network.from_model(module, loaded.loss.function, device, dtype, output, is_own=True)
    return replace(network, written=written), lambda *_: build()


def checks_of_all(found: Mapping[str, Sequence[SelfCheck]]) -> list[SelfCheck]:
    """One entry a check, whatever the number of splits.

    Args:
        found: Split -> its checks.

    Returns:
        Each passed if it passed on every split, with what each of them said.

    Example:
        >>> short, long = SelfCheck("fits", False, "too short"), SelfCheck("fits", True, "long enough")
        >>> checks_of_all({"train": [short], "test": [long]})
        [SelfCheck(check='fits', passed=False, detail='train: too short; test: long enough')]
    """
    if len(found) == 1:
        return list(next(iter(found.values())))
    by_name: dict[str, dict[str, SelfCheck]] = {}
    for split, checks in found.items():
        for check in checks:
            by_name.setdefault(check.check, {})[split] = check
    return [
        SelfCheck(
            name,
            all(check.passed for check in of.values()),
            "; ".join(f"{split}: {check.detail}" for split, check in of.items()),
        )
        for name, of in by_name.items()
    ]
