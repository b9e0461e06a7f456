"""Options that several commands have, each in one wording."""

from pathlib import Path
from typing import Annotated, Any

import typer

ModelOption = Annotated[
    str, typer.Option(help="NAME[:option=value,...] (see isthmus models) or path/to/file.py:function.")
]
DataOption = Annotated[
    str,
    typer.Option(
        help="NAME[:SPLIT][[start:stop]][:mean=0.5,std=0.25], a Parquet, .npz or .safetensors file, or "
        "file.py:function."
    ),
]
HostsOption = Annotated[str, typer.Option(help="Which networks are host: a,b or a or b.")]
LayersOption = Annotated[str, typer.Option(help="module, tensor, block, type or pattern:GLOB,...")]
LossOption = Annotated[
    str,
    typer.Option(
        help="cross_entropy, squared_error, binary_cross_entropy, or file.py:function that returns per-example losses."
    ),
]
DtypeOption = Annotated[str, typer.Option(help="float32, float64, bfloat16 or tf32.")]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, ...")]
EngineOption = Annotated[str, typer.Option(help="shared, or direct: one full forward pass for each network.")]
BatchSizeOption = Annotated[int | None, typer.Option(help="Examples in a batch; default: chosen for the device.")]
DataRootOption = Annotated[Path | None, typer.Option(help="Folder of data sets; default: ISTHMUS_DATA.")]
ProgressOption = Annotated[bool, typer.Option(help="Show progress on standard error.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
CheckpointA = Annotated[
    Path, typer.Argument(help="Checkpoint of network a: safetensors file or folder, or torch file.")
]
CheckpointB = Annotated[Path, typer.Argument(help="Checkpoint of network b.")]


def loss_of_option(loss: str) -> Any:
    """The loss's name, or the user's function for `file.py:function`.

    Args:
        loss: As on the command line.

    Returns:
        What `isthmus.measure(loss=...)` takes.
    """
    file, colon, function = loss.rpartition(":")
    if not colon:
        return loss
    from isthmus.user_code import load_function

    return load_function(Path(file), function, loss)
