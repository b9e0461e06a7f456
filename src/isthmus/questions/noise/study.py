"""`subspace_noise()`: is the way to the other network special among all ways of equal length?"""

from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from isthmus.evaluation.arithmetic.reduced import float32_products
from isthmus.evaluation.batches import BatchSize
from isthmus.measures.examples import ExampleTable
from isthmus.measures.rise import rise_over_host
from isthmus.paths.direction import RandomDirection
from isthmus.paths.host import Host
from isthmus.questions.noise.grid import ABSENT, KINDS, NoiseGrid, noise_grid
from isthmus.questions.noise.settings import NUM_DRAWS, SIGMAS, NoiseSettings
from isthmus.questions.noise.snapshots import last_file, load_snapshots, named_trajectory
from isthmus.questions.study.making import Parts, make_study
from isthmus.questions.study.settings import NOISE, study_request
from isthmus.questions.study.subject import only_split, study_attributes
from isthmus.results.studies import NOISE as NOISE_VARIABLES
from isthmus.results.studies import NOISE_RISE
from isthmus.results.variables import LOSS, Values, Variable, with_dimensions
from isthmus.runs.progress import show_progress
from isthmus.runs.request.inputs import Model
from isthmus.runs.request.request import Request
from isthmus.runs.request.signature import with_settings_shown
from isthmus.runs.subject.subject import Subject, chosen_engine, examples_at_once, subject_of
from isthmus.sweeps.group import Sweep
from isthmus.weights.trajectory import Trajectory

STUDY = "subspace"
ENDS: tuple[tuple[Host, Variable], ...] = (("a", LOSS.ends["a"]), ("b", LOSS.ends["b"]))
RISE_FIELDS = {
    NOISE_RISE.name: "estimate.value",
    NOISE_RISE.low: "estimate.low",
    NOISE_RISE.high: "estimate.high",
    NOISE_RISE.spread: "spread",
    NOISE_RISE.effective_examples: "effective_examples",
}


@with_settings_shown(*NOISE)
def subspace_noise(
    model: Model,
    a: Trajectory | str | Path,
    b: Trajectory | str | Path,
    data: object,
    *,
    sigmas: Sequence[float] = SIGMAS,
    sigma_unit: str = "distance",
    num_draws: int = NUM_DRAWS,
    sweep: str | Sweep | Sequence[str | Sweep] = "single",
    out: str | Path | None = None,
    **others: Any,
) -> xr.Dataset:
    """How the loss rises around two networks: within the subspace of their training, outside of it, between them.

    The training subspace is the span of the snapshots of both trainings (`isthmus.questions.noise.subspace`), for a
    moving group that of its own parameters. Every host is left by a length sigma in the moving layers, along four kinds
    of directions: `averaging`, towards the other network; `training`, Gaussian noise in the training subspace; `null`,
    Gaussian noise orthogonal to every snapshot; `random`, isotropic Gaussian noise (`isthmus.questions.noise.grid`).
    Adilova et al., "Layer-wise linear mode connectivity", ICLR 2024, Figure 5. Departures: sigma is by default a
    fraction of each group's own distance; both hosts; the interval; random noise beside the other three.

    Args:
        model: A module, a function that builds one, or a name such as "mlp:width=128".
        a: The trajectory of network a, or its folder; its last checkpoint is the network.
        b: The same of network b.
        data: Examples of one split, as for `isthmus.measure`.
        sigmas: Lengths of the noise, from 0, in units of `sigma_unit`.
        sigma_unit: "distance": the distance |d| of the two networks in the moving layers, so that averaging is half way
            at 0.5 and the other network at 1; "absolute": lengths in weight space, as the paper has them.
        num_draws: Directions of each kind of noise.
        sweep: As for `isthmus.measure`; the full network is always there.
        out: A folder for the study.
        others: Settings as of `isthmus.measure`; hosts are the networks that are left, and the seed is that of the
            draws:

    Returns:
        Dimensions host, moving, kind, sigma and draw. `loss` and, with classes, `error_rate` over all five; over the
        first four `loss_rise` over the host, mean over draws, with the ends `_low` and `_high` of its 95 % interval
        over examples, its `_spread` (standard deviation) over draws, and how many examples carry it,
        `_effective_examples`. Over (moving, sigma) `length`, sigma in weight space, and `fraction`, length / |d|; over
        moving `distance` (|d|), `rank`, `null_dimension` and `num_parameters`; `num_snapshots`. NaN where there is no
        such network: the null space is empty, the snapshots are all zero, or the two networks do not differ.

    Raises:
        InputError: Something is wrong with the input.
    """
    request = study_request(model, a, b, data, NOISE, sweep=sweep, out=out, **others)
    return noise_study(request, NoiseSettings.of(sigmas, sigma_unit, num_draws))


def noise_study(request: Request, noise: NoiseSettings) -> xr.Dataset:
    """The study of a request.

    Args:
        request: What is asked, of two trajectories.
        noise: How far, and along how many directions.

    Returns:
        As `subspace_noise`.
    """
    trajectories = [named_trajectory(given, name) for given, name in ((request.a, "a"), (request.b, "b"))]
    ends = dict(zip("ab", map(last_file, trajectories), strict=True))
    request = request.model_copy(update=ends)
    subject = subject_of(request)
    snapshots = load_snapshots(trajectories, subject.model.module)
    attributes = study_attributes(
        STUDY,
        request,
        subject,
        sigmas=list(noise.sigmas),
        sigma_unit=noise.sigma_unit,
        num_draws=noise.num_draws,
        sweep=list(request.settings.sweep),
        snapshots_hash=snapshots.hash,
    )
    attributes |= dict(zip(("name_a", "name_b"), (trajectory.name for trajectory in trajectories), strict=True))

    def make(parts: Parts) -> xr.Dataset:
        lengths, alphas = _lengths(subject, noise)
        draws = [RandomDirection(request.settings.seed, draw) for draw in range(noise.num_draws)]
        groups = subject.grid.groups
        grid = noise_grid(subject.segment, groups, subject.grid.hosts, snapshots.weights, lengths, alphas, draws)
        table, recorded = _evaluated(request, subject, grid, parts)
        more: Values = {
            "distance": np.array([d.distance for d in subject.distances]),
            "length": lengths,
            "fraction": alphas,
            "num_parameters": np.array([d.num_parameters for d in subject.distances], dtype=np.int64),
            "num_snapshots": len(snapshots),
        }
        study = _dataset(subject, noise, grid, table).assign(with_dimensions(more, NOISE_VARIABLES))
        return study.assign_attrs(attributes | {"sigma_unit": noise.sigma_unit} | recorded)

    return make_study(request, attributes, examples_at_once(subject, request.settings), make)


def _lengths(subject: Subject, noise: NoiseSettings) -> tuple[np.ndarray, np.ndarray]:
    """For every (moving, sigma) the length in weight space, and the share of the way to the other network."""
    distance = np.array([d.distance for d in subject.distances])[:, None]
    sigmas = np.array(noise.sigmas)[None] + 0 * distance
    if noise.sigma_unit == "distance":
        return sigmas * distance, sigmas
    with np.errstate(divide="ignore", invalid="ignore"):
        return sigmas, np.where(distance > 0, sigmas / distance, np.nan)


def _evaluated(
    request: Request, subject: Subject, grid: NoiseGrid, parts: Parts
) -> tuple[ExampleTable, dict[str, str | int]]:
    """Per-example results, and what to record of how they came about."""
    examples, settings, size = only_split(subject), request.settings, BatchSize(parts.batch_size)
    num_points = len(grid.points)
    with (
        float32_products(settings.dtype, subject.network.device),
        show_progress(num_points, num_points * len(examples), enabled=request.progress) as advance,
    ):
        chosen = chosen_engine(subject, settings, size)
        store = parts.store(examples.name)
        for block in chosen.engine.blocks(grid.points, examples, store.done()):
            parts.confirm()
            store.add(block)
            advance(examples.name, block.loss.size)
    return store.table(num_points, len(examples)), {"engine_note": chosen.note, "batch_size": size.size}


def _dataset(subject: Subject, noise: NoiseSettings, grid: NoiseGrid, table: ExampleTable) -> xr.Dataset:
    hosts, groups, absent = subject.grid.hosts, subject.grid.groups, grid.rows == ABSENT
    numbers = {name: np.full(grid.rows.shape[:-1], np.nan) for name in RISE_FIELDS}
    for place in np.ndindex(*grid.rows.shape[:-1]):
        if not absent[place].any():
            # Towards the other network all draws are one point, and have no spread.
            points = grid.rows[place][:1] if KINDS[place[2]] == "averaging" else grid.rows[place]
            rise = rise_over_host(table.loss[points], table.loss[subject.grid.end(hosts[place[0]])])
            for name, array in numbers.items():
                array[place] = attrgetter(RISE_FIELDS[name])(rise)
    means = {"loss": table.loss} if table.error is None else {"loss": table.loss, "error_rate": table.error}
    found: Values = {
        name: np.where(absent, np.nan, values.mean(axis=1, dtype=np.float64)[grid.rows])
        for name, values in means.items()
    }
    found |= numbers | {"rank": grid.rank, "null_dimension": grid.null_dimension}
    found |= {end.name: table.loss[subject.grid.end(host)].mean(dtype=np.float64) for host, end in ENDS}
    return xr.Dataset(
        with_dimensions(found, NOISE_VARIABLES),
        coords={
            "host": list(hosts),
            "moving": [group.label for group in groups],
            "kind": list(KINDS),
            "sigma": list(noise.sigmas),
            "draw": list(range(noise.num_draws)),
            "sweep": ("moving", [group.sweep for group in groups]),
            "layers_moved": ("moving", ["+".join(group.layers) for group in groups]),
        },
    )
