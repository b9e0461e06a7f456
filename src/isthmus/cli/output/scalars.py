"""What work says of itself as scalars: losses of trainings, and the numbers of `progress.jsonl`."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from isthmus.cli.output.work import Work
from isthmus.gate.door import parsing
from isthmus.gate.texts import read_text
from isthmus.progress_file import load_progress

LOSSES = "log.csv"


class Scalar(NamedTuple):
    """A number at one time.

    Attributes:
        name: Such as "training_loss".
        value: In the unit of the work, such as nats.
        step: The iteration of a training, or how many units of other work were done.
    """

    name: str
    value: float
    step: int


def scalars_in(found: list[Work], root: Path) -> Iterator[tuple[str, list[Scalar]]]:
    """The scalars of each piece of work that has any.

    Args:
        found: From `work_in`.
        root: The folder that they were found in; names count from there.

    Yields:
        The name of the work, and its scalars in their order.
    """
    for work in found:
        folder = Path(work.folder)
        scalars = list(_losses(folder) if (folder / LOSSES).is_file() else _said(folder))
        if scalars:
            below = folder.resolve().relative_to(root.resolve()).as_posix()
            yield (folder.resolve().name if below == "." else below), scalars


def _losses(folder: Path) -> Iterator[Scalar]:
    file = folder / LOSSES
    with parsing("losses as isthmus train writes them", str(file), "go on with --resume, which makes them again"):
        rows = csv.DictReader(read_text(file).splitlines())
        found = [Scalar("training_loss", float(row["training_loss"]), int(row["iteration"])) for row in rows]
    yield from found


def _said(folder: Path) -> Iterator[Scalar]:
    for line in load_progress(folder):
        if line["event"] == "progress":
            for name, value in line.items():
                if name != "done" and isinstance(value, int | float):
                    yield Scalar(name, value, line["done"])
