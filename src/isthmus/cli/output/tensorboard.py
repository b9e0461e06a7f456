"""Scalars for TensorBoard, by tensorboardX: the writer alone, without TensorBoard's server.

The package `tensorboard`, which `torch.utils.tensorboard` needs, brings a web server, gRPC and more, and is needed only
to look. tensorboardX is one writer on protobuf and NumPy.
"""

from pathlib import Path

from isthmus.cli.output.scalars import scalars_in
from isthmus.cli.output.work import Work
from isthmus.errors import InputError


def save_scalars(found: list[Work], root: Path, out: Path) -> Path:
    """Write what work says of itself into a folder that TensorBoard reads.

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
        for name, scalars in scalars_in(found, root):
            for scalar in scalars:
                writer.add_scalar(f"{name}/{scalar.name}", scalar.value, scalar.step)
    return out
