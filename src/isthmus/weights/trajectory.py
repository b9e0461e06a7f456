"""All checkpoints of one training: a folder of files named by their step."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from isthmus.errors import InputError, UnknownNameError
from isthmus.files import instead_of_folder, save_whole
from isthmus.gate.texts import read_object
from isthmus.weights.checkpoint import Checkpoint, load_checkpoint
from isthmus.weights.formats.folder import USUAL_FILES
from isthmus.weights.step import Step

ENDINGS = (".safetensors", ".pt", ".pth", ".ckpt", ".bin")
TRAJECTORY_FILE = "trajectory.json"


@dataclass(frozen=True)
class Trajectory:
    """Checkpoints of one training, in the order of time. A checkpoint is read when it is asked for.

    Attributes:
        name: The folder's name, for labels and messages.
        files: Step -> file, in the order of time.
        iterations_per_epoch: Mini-batches in an epoch, where `trajectory.json` says so.

    Example:
        A folder with `0ep.safetensors`, `20ep.safetensors` and `40ep.safetensors`.
    """

    name: str
    files: Mapping[Step, Path]
    iterations_per_epoch: int | None = None

    def __iter__(self) -> Iterator[Step]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, step: Step) -> Checkpoint:
        if step not in self.files:
            raise UnknownNameError("a step", str(step), map(str, self.files), self.name)
        return load_checkpoint(self.files[step])


def is_trajectory(path: str | Path) -> bool:
    """Whether a path is a folder with a checkpoint named by its step.

    Args:
        path: Any path.

    Returns:
        True for a folder that `load_trajectory` is meant for.
    """
    return Path(path).is_dir() and bool(_files(Path(path)))


def load_trajectory(folder: str | Path) -> Trajectory:
    """Find the checkpoints of a training.

    Args:
        folder: With files or folders named by their step, as `Step.of_name` reads it; `trajectory.json` may say how
            many iterations an epoch has (`{"iterations_per_epoch": 391}`), which orders epochs among iterations.

    Returns:
        The trajectory.

    Raises:
        InputError: There is no such file, two names mean one time, or units are mixed and an epoch's length is unknown.
    """
    folder = Path(folder)
    files = _files(folder) if folder.is_dir() else {}
    if not files:
        raise InputError(
            "a folder of checkpoints named by their step, such as 20ep.safetensors or 500it.safetensors",
            instead_of_folder(folder, "none there"),
            str(folder),
            "check the path, or rename the checkpoints",
        )
    per_epoch = _iterations_per_epoch(folder)
    times: dict[int, Step] = {}
    # "0ep" and "0it" are one time and need no conversion.
    units = {step.unit for step in files if step.count}
    for step in files:
        time = step.count if len(units) < 2 else step.iterations(per_epoch)
        if time in times:
            raise InputError(
                "one checkpoint a step",
                f"'{times[time]}' and '{step}', which are one time",
                str(folder),
                "remove one of the two",
            )
        times[time] = step
    return Trajectory(folder.name, {times[time]: files[times[time]] for time in sorted(times)}, per_epoch)


def save_trajectory_facts(folder: Path, *, iterations_per_epoch: int) -> None:
    """Write what a trajectory's file names don't say.

    Args:
        folder: Of the checkpoints.
        iterations_per_epoch: Mini-batches in an epoch.
    """
    text = json.dumps({"iterations_per_epoch": iterations_per_epoch}) + "\n"
    save_whole(folder / TRAJECTORY_FILE, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def _files(folder: Path) -> dict[Step, Path]:
    """Checkpoints by step. Folders count where there is no file of weights under a usual name beside them."""
    is_one = any((folder / name).exists() for name in USUAL_FILES)
    found: dict[Step, Path] = {}
    # Sorted, so that of two files of one step the same one counts everywhere.
    for place in sorted(folder.iterdir()):
        name = place.stem if place.is_file() and place.suffix in ENDINGS else None
        name = place.name if place.is_dir() and not is_one else name
        step = Step.of_name(name) if name is not None else None
        if step is not None and step not in found:
            found[step] = place
    return found


def _iterations_per_epoch(folder: Path) -> int | None:
    file = folder / TRAJECTORY_FILE
    if not file.exists():
        return None
    expected, remedy = 'JSON such as {"iterations_per_epoch": 391}', "correct or remove it"
    number = read_object(file, expected, remedy).get("iterations_per_epoch")
    if not isinstance(number, int) or number < 1:
        raise InputError(expected, f"something else ({number!r})", str(file), remedy)
    return number
