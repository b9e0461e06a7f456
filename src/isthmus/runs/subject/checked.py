"""The second step: the model runs on a few examples of every split, and what could only be wrong is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from isthmus.evaluation.device import DTYPES, device_named
from isthmus.evaluation.losses.remarks import missing_inputs
from isthmus.evaluation.network import Network
from isthmus.evaluation.normalization import refuse_shared_examples
from isthmus.evaluation.output import Output
from isthmus.evaluation.probe import SelfCheck, probe_of
from isthmus.runs.request.settings import Settings
from isthmus.runs.subject.cautions import drawn_remarks
from isthmus.runs.subject.loaded import Loaded
from isthmus.weights.state import cast_weights


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
    weights_a: dict[str, Tensor]
    weights_b: dict[str, Tensor]
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
        network = Network.from_model(loaded.model.module, loaded.loss.function, device, dtype, Output(settings.output))
        network = replace(network, error=loaded.error.function if loaded.error else None)
        blended = torch.float64 if dtype == torch.float64 else torch.float32
        a, b = ({k: t.to(device) for k, t in cast_weights(n.weights, blended).items()} for n in (loaded.a, loaded.b))
        probes = {name: probe_of(network, a, split) for name, split in loaded.splits.items()}
        remarks = [f"{split.name}: {note}" for split in loaded.splits.values() for note in split.notes]
        remarks += drawn_remarks(loaded.model) + [remark for probe in probes.values() for remark in probe.remarks]
        if loaded.recalibration is not None:
            remarks += missing_inputs(loaded.recalibration, partial(network.outputs, a), dtype)
            if not settings.allow_shared_examples:
                for split in loaded.splits.values():
                    refuse_shared_examples(loaded.recalibration, split)
        network = replace(network, counts_errors=all(probe.counts_errors for probe in probes.values()))
        return cls(network, a, b, checks_of_all({name: probe.checks for name, probe in probes.items()}), remarks)


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
