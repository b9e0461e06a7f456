"""Everything that reads files of strangers."""

import sys
from functools import cache
from pathlib import Path

import torch

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from checkpoint_targets import checkpoints  # noqa: E402
from data_targets import data  # noqa: E402
from folder_targets import folders, recipes  # noqa: E402
from target import Target  # noqa: E402


@cache
def all_targets() -> tuple[Target, ...]:
    """Every reader."""
    torch.manual_seed(0)
    found = (*checkpoints(), *data(), *recipes(), *folders())
    assert len({target.name for target in found}) == len(found), "a name for each"
    return found
