"""What work says of itself as scalars for TensorBoard, by tensorboardX: the writer alone, without TensorBoard's server.

The package `tensorboard`, which `torch.utils.tensorboard` needs, brings a web server, gRPC and more, and is needed only
to look. tensorboardX is one writer on protobuf and NumPy.
"""

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.cli.output.work import Work
from isthmus.errors import InputError
from isthmus.progress_file import load_progress

if TYPE_CHECKING:
    from tensorboardX import SummaryWriter

LOSSES = "log.csv"


def save_scalars(found: list[Work], root: Path, out: Path) -> Path:
    """Write the losses of trainings, and what other work says of itself while it goes on.

    Args:
        found: From `work_in`.
        root: The folder that they were found in; names count from there.
        out: The folder to make.

    Returns:
        The folder.

    Raises:
        InputError: tensorboardX is not installed.
    """
    try:
        from tensorboardX import SummaryWriter
    except ImportError as error:
        remedy = "pip install 'isthmus[tensorboard]'"
        raise InputError("tensorboardX, which writes scalars", "none installed", "--tensorboard", remedy) from error
    with SummaryWriter(str(out)) as writer:
        for work in found:
            folder = Path(work.folder)
            if (folder / LOSSES).is_file():
                _save_losses(writer, folder, _name(folder, root))
            else:
                _save_said(writer, folder, _name(folder, root))
    return out


def _name(folder: Path, root: Path) -> str:
    return folder.resolve().relative_to(root.resolve()).as_posix().removeprefix(".") or folder.resolve().name


def _save_losses(writer: "SummaryWriter", folder: Path, name: str) -> None:
    with (folder / LOSSES).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            writer.add_scalar(f"{name}/training_loss", float(row["training_loss"]), int(row["iteration"]))


def _save_said(writer: "SummaryWriter", folder: Path, name: str) -> None:
    for line in load_progress(folder):
        if line["event"] == "progress":
            values = {key: value for key, value in line.items() if isinstance(value, int | float)}
            for key in values.keys() - {"done"}:
                writer.add_scalar(f"{name}/{key}", values[key], line["done"])
