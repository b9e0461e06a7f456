"""Making a study part by part: what is finished stays in its folder until the study is whole, and is not made again."""

import shutil
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr

from isthmus.errors import DamagedError, InputError, IsthmusWarning
from isthmus.evaluation.arithmetic.threads import limit_threads
from isthmus.files import save_whole
from isthmus.held_folder import Hold, held_folder, refuse_held
from isthmus.progress_file import ProgressFile, end_progress
from isthmus.questions.study.folder import (
    begun_with,
    is_whole,
    load_study,
    refuse_other_study,
    save_begun,
    save_finished,
)
from isthmus.results.labelled import labelled_study
from isthmus.runs.folder.damage import damaged_files, remove_damaged
from isthmus.runs.folder.layout import Layout
from isthmus.runs.folder.store import ExampleStore, FolderStore, MemoryStore
from isthmus.runs.request.request import Request
from isthmus.sealed import damaged

Part = dict[str, np.ndarray[Any, np.dtype[Any]]]


class Parts:
    """The finished parts of a study: in its folder, or in memory.

    Attributes:
        batch_size: Examples at once; that of the beginning, so that parts fit together.
        num_threads: Threads of torch; those of the beginning.
    """

    def __init__(self, hold: Hold | None, attributes: Mapping[Any, Any], batch_size: int) -> None:
        self._hold, self._attributes = hold, attributes
        self._in_memory: dict[str, Part] = {}
        self._said: ProgressFile | None = None
        begun = {} if hold is None else begun_with(hold.folder)
        # What may change the last bit stays as it was when the study began.
        self.batch_size = begun.get("batch_size", batch_size)
        self.num_threads = begun.get("num_threads", torch.get_num_threads())

    def names(self) -> set[str]:
        """What is finished.

        Returns:
            Names of parts.
        """
        if self._hold is None:
            return set(self._in_memory)
        return {file.stem for file in Layout(self._hold.folder).parts.glob("*.npz")}

    def add(self, name: str, part: Part) -> None:
        """Keep a finished part.

        Args:
            name: Such as "traces-a".
            part: Its numbers.
        """
        if self._hold is None:
            self._in_memory[name] = part
            return
        self._begin(self._hold)
        save_whole(Layout(self._hold.folder).part(name), lambda temporary: _save_arrays(temporary, part))
        if self._said is not None:
            self._said.advance(1, part=name)

    def part(self, name: str, make: Callable[[], Part] | None = None) -> Part:
        """A part, made if it is not there.

        Args:
            name: Of the part.
            make: Makes it; None where it is known to be there.

        Returns:
            Its numbers, to the bit those that were made.

        Raises:
            DamagedError: It was damaged on the disk, and nobody says how to make it.
        """
        if make is not None and name not in self.names():
            self.add(name, make())
        if self._hold is None:
            return self._in_memory[name]
        file = Layout(self._hold.folder).part(name)
        try:
            return _load_arrays(file)
        except DamagedError:
            if make is None:
                raise
            warnings.warn(f"parts/{file.name} was damaged on the disk, and is made again", IsthmusWarning, stacklevel=2)
            self.add(name, make())
            return _load_arrays(file)

    def store(self, split: str) -> ExampleStore:
        """Where the per-example results of an engine go.

        Args:
            split: Name of the split.

        Returns:
            A store, with the units that are finished.
        """
        if self._hold is None:
            return MemoryStore(None)
        self._begin(self._hold)
        return FolderStore(Layout(self._hold.folder).splits([split])[split], None)

    def confirm(self) -> None:
        """Refuse to go on in a folder that another process has taken over."""
        if self._hold is not None:
            self._hold.confirm()

    def _begin(self, hold: Hold) -> None:
        """Say in the folder which study it is of, before the first part, unless a whole one is there."""
        hold.confirm()
        if not is_whole(hold.folder) and not begun_with(hold.folder):
            choices = {"batch_size": self.batch_size, "num_threads": self.num_threads}
            save_begun(self._attributes, choices, hold.folder)
        if self._said is None:
            self._said = ProgressFile(hold.folder, self._attributes["study"], "parts", done=len(self.names()))


def make_study(
    request: Request, attributes: Mapping[Any, Any], batch_size: int, make: Callable[[Parts], xr.Dataset]
) -> xr.Dataset:
    """A study, made into the folder of a request if it names one.

    Interrupted, it goes on with its finished parts where the request says `resume`, and ends with the same bytes; a
    whole one is then read. Without `resume` it is made from the beginning; a whole one stays until then.

    Args:
        request: What is asked.
        attributes: Those of the study that tell it from others.
        batch_size: Examples at once, where none is begun.
        make: From the finished parts to the study.

    Returns:
        The study.

    Raises:
        InputError: The folder holds something else, another process works in it, or the study began on another device.
    """
    if request.out is None:
        return labelled_study(make(Parts(None, attributes, batch_size)))
    folder = Path(request.out)
    refuse_held(folder)
    refuse_other_study(folder, attributes)
    with held_folder(folder) as hold:
        # Again, since another process may have written here before the hold.
        refuse_other_study(folder, attributes)
        if request.resume and is_whole(folder) and not damaged_files(folder):
            return load_study(folder)
        if not request.resume:
            _remove_parts(folder)
        _refuse_other_device(folder, attributes)
        remove_damaged(folder)
        parts = Parts(hold, attributes, batch_size)
        with limit_threads(parts.num_threads):
            study = make(parts)
        hold.confirm()
        end_progress(folder)
        save_finished(study, folder)
        _remove_parts(folder)
    return labelled_study(study)


def _remove_parts(folder: Path) -> None:
    """Remove what an interrupted study left, its beginning too."""
    files = Layout(folder)
    for kept in (files.parts, files.examples):
        shutil.rmtree(kept, ignore_errors=True)
    # A whole study stays until the new one is there.
    if begun_with(folder):
        files.study.unlink()


def _refuse_other_device(folder: Path, attributes: Mapping[Any, Any]) -> None:
    begun = begun_with(folder)
    there, here = (str(found.get("device", "")).partition(":")[0] for found in (begun, attributes))
    if begun and there != here:
        raise InputError(
            f"the device that the study began on, {there}", here, str(folder), f"add --device {there}, or another --out"
        )


def _load_arrays(file: Path) -> Part:
    """The numbers of a part; a zip archive, which this is, has a checksum of each of its files."""
    try:
        with np.load(file, allow_pickle=False) as stored:
            return dict(stored)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, KeyError) as error:
        raise damaged(file, str(error)) from error


def _save_arrays(file: Path, part: Part) -> None:
    with file.open("wb") as opened:
        np.savez(opened, **part)  # type: ignore[arg-type]
