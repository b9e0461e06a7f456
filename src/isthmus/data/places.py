"""Where data sets and decoded images are on this machine."""

import os
from pathlib import Path

from platformdirs import user_cache_path


def data_root_folder(data_root: Path | None = None) -> Path:
    """The folder that holds a folder for each known data set.

    Args:
        data_root: The user's choice; it wins over everything.

    Returns:
        `data_root`, else the environment variable ISTHMUS_DATA, else `data` in the user's cache folder.
    """
    if data_root is not None:
        return Path(data_root)
    named = os.environ.get("ISTHMUS_DATA")
    return Path(named) if named else user_cache_path("isthmus") / "data"


def decoded_folder() -> Path:
    """The folder of decoded images.

    Returns:
        The environment's ISTHMUS_CACHE, else `decoded` in the user's cache folder.
    """
    named = os.environ.get("ISTHMUS_CACHE")
    return Path(named) if named else user_cache_path("isthmus") / "decoded"
