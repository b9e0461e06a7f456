"""The measurement of two networks, from the request to the result and its folder."""

import logging
import warnings
from pathlib import Path

import xarray as xr

from isthmus.errors import IsthmusWarning
from isthmus.evaluation.arithmetic.reduced import float32_products
from isthmus.evaluation.arithmetic.threads import limit_threads
from isthmus.evaluation.batches import BatchSize
from isthmus.files import has_leftovers
from isthmus.held_folder import Hold, held_folder, refuse_held
from isthmus.progress_file import end_progress
from isthmus.results.dataset import class_dataset, layer_variables, result_dataset
from isthmus.runs.as_stored import losses_as_stored
from isthmus.runs.carried import InHand, with_in_hand
from isthmus.runs.evaluated import evaluate_splits
from isthmus.runs.folder.beginning import resumable_record
from isthmus.runs.folder.damage import damaged_files, remove_damaged
from isthmus.runs.folder.grid_record import GridRecord
from isthmus.runs.folder.layout import Layout
from isthmus.runs.folder.manifest import record_of, resumed_record
from isthmus.runs.folder.measurement import Measurement
from isthmus.runs.folder.reading import load_run
from isthmus.runs.folder.table import save_results, save_tables
from isthmus.runs.jobs.in_memory import in_memory
from isthmus.runs.jobs.units import spread
from isthmus.runs.memory import fit_into_memory
from isthmus.runs.request.precision import asked_precision
from isthmus.runs.request.request import Request
from isthmus.runs.subject.subject import chosen_engine, subject_of
from isthmus.runs.without_effect import effect_remarks, layers_without_effect

LOG = logging.getLogger(__name__)


def pair_result(request: Request) -> xr.Dataset:
    """Measure two networks; where there is a folder, a run that is in it goes on.

    Args:
        request: What is asked, of one network beside another.

    Returns:
        As `isthmus.measure`.

    Raises:
        InputError: Something is wrong with the input; nothing is written then.
    """
    folder = request.out
    if folder is None:
        return _measured(request, None)
    refuse_held(folder)
    earlier = resumable_record(folder, resume=request.resume)
    if earlier is not None and earlier.complete and _is_whole(folder) and not has_leftovers(folder):
        resumed_record(record_of(subject_of(request), request), earlier, folder)
        return load_run(folder)
    with held_folder(folder) as hold:
        return _measured(request, hold)


def _is_whole(folder: Path) -> bool:
    """Whether all tables of a run that is complete are there, as they were written."""
    return Layout(folder).results.is_file() and not damaged_files(folder)


def _measured(request: Request, hold: Hold | None) -> xr.Dataset:
    folder = None if hold is None else hold.folder
    earlier = None if folder is None else resumable_record(folder, resume=request.resume)
    if request.ray is not None:
        request = in_memory(request)
    settings, subject = request.settings, subject_of(request)
    record = record_of(subject, request)
    if folder is not None and earlier is not None:
        record = resumed_record(record, earlier, folder)
        is_whole = _is_whole(folder)
        remove_damaged(folder)
        if earlier.complete and is_whole:  # by another process, just now
            return load_run(folder)
    if folder is not None and record.unidentified:
        text = f"interrupted, this run can't go on: {', '.join(record.unidentified)} can't be told from others"
        warnings.warn(text, IsthmusWarning, stacklevel=3)
        record = record.model_copy(update={"warnings": (*record.warnings, text)})
    with limit_threads(record.num_threads), float32_products(settings.dtype, subject.network.device):
        size = BatchSize(record.batch_size)
        chosen = chosen_engine(subject, settings, size)
        if earlier is None:  # a run that goes on keeps its batch size
            memory = fit_into_memory(subject, chosen.engine, size)
            if memory is not None:
                LOG.info("%.0f MiB at the peak, beside what is loaded", memory.peak(size.size) / 2**20)
        LOG.info("run %s: %s; %d points, %d at once", record.run_id, chosen.note, len(subject.points), size.size)
        noted = {"engine": chosen.name, "engine_note": chosen.note, "batch_size": size.size}
        record = record.model_copy(update=noted)
        with spread(chosen, request, subject, size, record.num_threads) as shared_out:
            grid, tables = evaluate_splits(subject, record, shared_out.engine, hold, progress=request.progress)
        stored = losses_as_stored(subject, tables, size)
        still = layers_without_effect(subject, grid, tables)
    for text in (remarks := effect_remarks(still)):
        warnings.warn(text, IsthmusWarning, stacklevel=3)
    found = {"complete": True, "batch_size": size.size, "grid": GridRecord.of(grid), "as_stored": stored}
    said = {"without_effect": still, "warnings": (*record.warnings, *remarks)}
    record = record.model_copy(update=found | said)
    layer_values, asked = layer_variables(subject.distances), asked_precision(settings)
    result = result_dataset(grid, tables, settings.baseline, layer_values, record.attributes(), asked)
    if folder is None:
        return with_in_hand(result, InHand(Measurement(record, tables)))
    assert hold is not None
    # Paused for minutes, this process may have lost the folder to another.
    hold.confirm()
    split = next(iter(tables))
    classes = class_dataset(grid, tables, settings.baseline, subject.splits[split].class_names, result["distance"])
    if classes is not None:
        save_results(classes, split, Layout(folder).classes)
    save_tables(result, split, folder)
    end_progress(folder)
    # Last, since it says that all files are there.
    record.save(folder)
    return with_in_hand(result.assign_attrs(run_folder=str(folder.resolve())), InHand(classes=classes))
