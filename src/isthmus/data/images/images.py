"""Image sets in Parquet files: the known ones and the user's own."""

from pathlib import Path

import torch

from isthmus.data.examples import Examples, Normalization
from isthmus.data.images.normalizations import SCALE_ONLY, known_normalization, own_normalization
from isthmus.data.images.parquet import ImageTable, load_image_table, split_files
from isthmus.data.places import data_root_folder
from isthmus.data.spec import DataSpec, slice_bounds
from isthmus.data.tables.files import Files
from isthmus.errors import InputError

KNOWN_LABELS = {"cifar10": "label", "cifar100": "fine_label", "mnist": "label", "fashion_mnist": "label"}
"""The label column of each known set."""


def load_known_images(spec: DataSpec, data_root: Path | None) -> Examples:
    """A known set, from a folder of its name under the data root.

    Args:
        spec: A source of `KNOWN_LABELS`, with its slice.
        data_root: The user's choice of a root, if any.

    Returns:
        Bytes of shape (n, channels, height, width) in the official order, normalised when used.

    Raises:
        InputError: If the set is not there.
    """
    split = spec.split or "test"
    root = data_root_folder(data_root)
    folder = root / spec.source
    if not any(folder.glob(f"{split}-*.parquet")):
        raise InputError(
            f"the data set {spec.source} in {str(folder)!r}, with files {split}-*.parquet",
            "no such file" if folder.is_dir() else "no such folder",
            f"data {spec.source}:{split}",
            f"set --data-root or the environment variable ISTHMUS_DATA to the folder that holds {spec.source}/",
        )
    table = load_image_table(
        split_files(folder, split, whole=spec.stop is None), f"{spec.source}:{split}", label=KNOWN_LABELS[spec.source]
    )
    return _examples(table, spec, split, known_normalization(spec.source, spec.options))


def load_own_images(files: Files, spec: DataSpec) -> Examples:
    """The user's own images: one Parquet file, or a folder of files `<split>-*.parquet`.

    Args:
        files: Where they are.
        spec: The slice and the options `image`, `label`, `mean`, `std`.

    Returns:
        Bytes of shape (n, channels, height, width), divided by 255 when used, then normalised as the options say.
    """
    table = load_image_table(files.paths, files.name, spec.options.get("image"), spec.options.get("label"))
    normalization = own_normalization(spec.options, SCALE_ONLY.scale, files.name) or SCALE_ONLY
    return _examples(table, spec, files.split, normalization)


def _examples(table: ImageTable, spec: DataSpec, split: str, normalization: Normalization) -> Examples:
    start, stop = slice_bounds(spec.start, spec.stop, sum(table.sizes), table.name)
    images, labels = table.load_rows(start, stop)
    name = table.name if (spec.start, spec.stop) == (None, None) else f"{table.name}[{start}:{stop}]"
    return Examples(torch.from_numpy(images), torch.from_numpy(labels), name, split, normalization, table.class_names)
