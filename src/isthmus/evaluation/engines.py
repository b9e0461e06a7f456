"""Engines by name."""

from dataclasses import dataclass
from typing import Literal

from isthmus.data.examples import Examples
from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.direct import DirectEngine
from isthmus.evaluation.network import Network
from isthmus.evaluation.normalization import Recalibration
from isthmus.evaluation.shared import SharedEngine
from isthmus.evaluation.stages.compiling import compiled_network
from isthmus.evaluation.stages.stages import StagedNetwork
from isthmus.evaluation.stages.staging import staged_network
from isthmus.evaluation.unit import Engine
from isthmus.paths.linear import Segment

EngineName = Literal["shared", "direct"]


@dataclass(frozen=True)
class ChosenEngine:
    """An engine, and what a run says of it.

    Attributes:
        engine: Ready to evaluate points.
        note: How it works on this network, in words.
        fell_back: Whether the network could not be cut, so that no work is shared.
    """

    engine: Engine
    note: str
    fell_back: bool = False

    @property
    def name(self) -> EngineName:
        """The engine's own name, which is not always the one asked for."""
        return "shared" if isinstance(self.engine, SharedEngine) else "direct"


def engine_of(
    name: EngineName,
    network: Network,
    segment: Segment,
    examples: Examples,
    batch_size: BatchSize,
    recalibration: Examples | None,
    *,
    compiled: bool = False,
) -> ChosenEngine:
    """The engine of a name for a network.

    Args:
        name: "shared", or "direct" for one full forward pass a point.
        network: The model, loss and arithmetic.
        segment: The two networks, on the network's device.
        examples: Examples to compare the stages of the shared engine with the network on.
        batch_size: Examples at once.
        recalibration: Data for BatchNorm policy `recalibrate`, which runs on the direct engine alone: there a
            network's statistics depend on all of its weights.
        compiled: Whether the stages of the shared engine are compiled; the direct engine has none.

    Returns:
        The engine; a network that cannot be exported runs as a single stage, and the note says why.
    """
    if recalibration is not None:
        prepared = Recalibration(network, recalibration, batch_size.size)
        note = "direct" if name == "direct" else "direct, since recalibration is not shared between points"
        return ChosenEngine(DirectEngine(network, segment, batch_size, prepared), note)
    if name == "direct":
        return ChosenEngine(
            DirectEngine(network, segment, batch_size), "direct: one full forward pass for each network"
        )
    # Never chosen by a clock: a choice that differs from run to run would change the files of a run.
    staged = staged_network(network, segment, examples, batch_size)
    note = stages_note(staged)
    # Only where asked for: on a processor compiling took 17 s and gained nothing (docs/performance.md).
    if compiled and not staged.fallback_reason:
        staged, outcome = compiled_network(staged, network, segment, examples, batch_size)
        note = f"{note}; {outcome}"
    return ChosenEngine(SharedEngine(network, segment, batch_size, staged), note, bool(staged.fallback_reason))


def stages_note(staged: StagedNetwork) -> str:
    """How a network was cut, in words.

    Args:
        staged: The network.

    Returns:
        The number of stages and how near they come to the network, or why there is one.
    """
    if staged.fallback_reason:
        return f"a single stage, without sharing: {staged.fallback_reason}"
    number = len(staged.stages)
    return f"{number} stage{'s' if number > 1 else ''}, compared with the network: {staged.agreement}"
