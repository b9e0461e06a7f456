"""The third step: lays out the layers, the rows and the points of a measurement."""

import warnings
from dataclasses import dataclass

from isthmus.errors import IsthmusWarning
from isthmus.evaluation.arithmetic.layout import lay_out
from isthmus.evaluation.arithmetic.memory import give_back
from isthmus.evaluation.arithmetic.reduced import reduction_checks
from isthmus.evaluation.batches import BatchSize, default_batch_size
from isthmus.evaluation.engines import ChosenEngine, engine_of
from isthmus.evaluation.network import Network
from isthmus.evaluation.probe import PROBE_SIZE, SelfCheck, end_checks
from isthmus.evaluation.readout import Readout, readout_of
from isthmus.layers.order import order_of_use
from isthmus.layers.rules import layer_partition
from isthmus.measures.distance import LayerDistance, layer_distance
from isthmus.paths.linear import Segment
from isthmus.paths.point import Point
from isthmus.runs.request.request import Request
from isthmus.runs.request.settings import Settings
from isthmus.runs.subject.cautions import give_cautions, held_type_check, spectral_checks
from isthmus.runs.subject.checked import Checked
from isthmus.runs.subject.loaded import Loaded
from isthmus.sweeps.directions import with_directions
from isthmus.sweeps.grid import Grid, grid_of
from isthmus.weights.parametrisation import spectral_norms
from isthmus.weights.state import entry_kinds, tied_keys


@dataclass(frozen=True)
class Subject(Loaded):
    """Two networks, the model and the data, checked and laid out.

    Attributes:
        network: A copy of the model that runs with any weights.
        segment: The networks between a and b, on the device.
        grid: The rows.
        points: The distinct networks behind them.
        distances: One a moving group.
        readout: The last linear layer, where theory says something of it.
        checks: What was checked and how it came out.
        warnings: What may be other than it seems.
    """

    network: Network
    segment: Segment
    grid: Grid
    points: tuple[Point, ...]
    distances: list[LayerDistance]
    readout: Readout
    checks: list[SelfCheck]
    warnings: list[str]


def subject_of(request: Request) -> Subject:
    """Load, check and lay out a measurement.

    Args:
        request: What was asked.

    Returns:
        What is to be measured. Nothing has been written yet, and no input has been changed.
    """
    loaded = Loaded.of(request)
    return layout_of(loaded, Checked.of(loaded, request.settings), request)


def layout_of(loaded: Loaded, checked: Checked, request: Request) -> Subject:
    """Lay out a measurement.

    Args:
        loaded: From the first step.
        checked: From the second.
        request: What was asked.

    Returns:
        The subject; what may be other than it seems is warned of.

    Raises:
        InputError: The layers, the sweeps or the alphas are none of this network.
    """
    settings, network, module = request.settings, checked.network, loaded.model.module
    first = next(iter(loaded.splits.values()))
    a, b, layout_checks = lay_out(network, checked.weights_a, checked.weights_b, first)
    # More examples only where the first leaves weights unread.
    inputs, more = (first.batch(0, min(n, len(first)), network.device, network.dtype)[0] for n in (1, PROBE_SIZE))
    norms = spectral_norms(network.module)
    segment = Segment.between(
        a,
        b,
        layer_partition(request.layers, module, order_of_use(network.module, (inputs, more))),
        entry_kinds(module),
        keeps_statistics=settings.batch_norm == "host",
        # Those of the files, so that the order of the pair does not depend on dtype.
        hashes=(loaded.a.hash, loaded.b.hash),
        ties=tied_keys(module),
        spectral=norms,
    )
    # Where the grid holds 1.0 the far ends are evaluated anyway.
    needs_far_ends = settings.baseline == "cut" or 1.0 in settings.alphas
    grid, points = grid_of(segment, request.sweeps, settings.hosts, settings.alphas, far_ends=needs_far_ends)
    checks = checked.checks + layout_checks + end_checks(network, segment, a, b, first)
    checks += reduction_checks(settings.dtype, network, module, segment, first)
    give_back()  # the weights that these two made
    stored = spectral_checks(norms, checked.weights_a, checked.weights_b)
    checks += stored + held_type_check(module, settings.dtype)
    moved = [segment.parameters(group.layers) for group in grid.groups]
    distances = [layer_distance(checked.weights_a, checked.weights_b, keys) for keys in moved]
    if settings.directions:
        lengths = [found.distance for found in distances]
        grid, points = with_directions(grid, points, segment, lengths, settings.directions, settings.seed)
    return Subject(
        **vars(loaded),
        network=network,
        segment=segment,
        grid=grid,
        points=points,
        distances=distances,
        readout=readout_of(network.module, inputs, network.output),
        checks=checks,
        warnings=give_cautions(module, loaded.a, loaded.b, segment.kinds, settings, stored, checked.remarks),
    )


def examples_at_once(subject: Subject, settings: Settings) -> int:
    """The batch size to begin with: the one asked for, else that of a rule on the device and the length of windows.

    Args:
        subject: What is measured.
        settings: What was asked.

    Returns:
        Examples at once.
    """
    first = next(iter(subject.splits.values()))
    return settings.batch_size or default_batch_size(subject.network.device, first.longest)


def chosen_engine(subject: Subject, settings: Settings, size: BatchSize) -> ChosenEngine:
    """The engine that a measurement runs on.

    Args:
        subject: What is measured.
        settings: What was asked.
        size: Examples at once.

    Returns:
        The engine and what to say of it; a warning is given where the network could not be cut into stages.
    """
    first = next(iter(subject.splits.values()))
    chosen = engine_of(
        settings.engine,
        subject.network,
        subject.segment,
        first,
        size,
        subject.recalibration,
        compiled=settings.compile,
    )
    if chosen.fell_back:
        warnings.warn(f"engine {settings.engine}: {chosen.note}", IsthmusWarning, stacklevel=3)
    return chosen
