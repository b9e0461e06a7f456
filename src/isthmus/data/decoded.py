"""Images decoded once into bytes, cached under the hash of their file."""

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from isthmus.data.places import decoded_folder
from isthmus.errors import InputError, UnwritableError
from isthmus.files import remove_parts, save_whole, unchanged
from isthmus.gate.images import decoded_image
from isthmus.gate.limits import refuse_bomb
from isthmus.gate.tables import opened_parquet, parquet_batches

ROWS_AT_ONCE = 4096  # encoded images in memory at a time

Images = UInt8[np.ndarray, "n channels height width"]


def load_decoded(file: Path, column: str) -> Images:
    """The images of one Parquet file, decoded the first time and mapped from the cache from then on.

    The cached file is named by the SHA-256 of the Parquet file's content and by the column. It appears whole or not
    at all; one of another type, shape or number of rows is made again. Where the cache cannot be written, nothing
    is cached.

    Args:
        file: A Parquet file.
        column: Its column of structs with a field `bytes`, each an encoded image.

    Returns:
        Bytes of shape (n, channels, height, width), in the order of the rows. From the cache they are mapped, and
        writing into them does not reach the file.

    Raises:
        InputError: If a row is no 8-bit grey or RGB image of the size of the first.
    """
    with unchanged([file]):  # or the cache would keep other images under the file's hash
        num_rows = opened_parquet(file).metadata.num_rows
        place = decoded_folder() / f"{_content_hash(file)}-{quote(column, safe='')}.npy"
        cached = _load_cached(place, num_rows)
        images = decoded_images(file, column) if cached is None else cached
    if cached is None:
        _save_cached(place, images)
    return images


def decoded_images(file: Path, column: str) -> Images:
    """The images of one Parquet file, decoded now.

    Args:
        file: A Parquet file.
        column: Its column of encoded images.

    Returns:
        Bytes of shape (n, channels, height, width), in the order of the rows.

    Raises:
        InputError: If a row is no 8-bit grey or RGB image of the size of the first.
    """
    table, size = opened_parquet(file), file.stat().st_size
    # The bytes alone: the path beside them is of no use.
    batches = parquet_batches(table, [f"{column}.bytes"], size, file.name, ROWS_AT_ONCE)
    codes = (code for batch in batches for code in batch.column(0).field("bytes").to_pylist())
    return decoded_rows(codes, table.metadata.num_rows, file.name, size)


def decoded_rows(codes: Iterable[bytes | None], num_rows: int, name: str, packed: int) -> Images:
    """Images decoded row by row.

    Args:
        codes: Encoded images.
        num_rows: How many there are.
        name: What holds them.
        packed: Bytes of what holds them.

    Returns:
        Bytes of shape (n, channels, height, width).

    Raises:
        InputError: If a row is no 8-bit grey or RGB image of the size of the first.
    """
    images: Images | None = None
    for row, code in enumerate(codes):
        where = f"row {row} of {name}"
        pixels = _pixels(code, where)
        if images is None:
            refuse_bomb(num_rows * pixels.size, packed, name)
            images = np.empty((num_rows, *pixels.shape), dtype=np.uint8)
        if pixels.shape != images.shape[1:]:
            raise InputError(
                f"images of one size, {images.shape[1:]} (channels, height, width) as in row 0",
                str(pixels.shape),
                where,
                "convert all images to one size and one mode first; isthmus neither crops nor resizes",
            )
        if row >= num_rows:
            raise InputError(f"{num_rows} rows, as the file says", "more", name, "check that the file is complete")
        images[row] = pixels
    if images is None:
        raise InputError("at least one image", "none", name, "give a file with rows")
    if row + 1 < num_rows:  # what was not written is whatever was in memory
        raise InputError(f"{num_rows} rows, as the file says", f"{row + 1}", name, "check that the file is complete")
    return images


def _pixels(code: bytes | None, where: str) -> UInt8[np.ndarray, "channels height width"]:
    expected = "an encoded image, 8-bit grey or RGB"
    if code is None:
        raise InputError(expected, "a row without bytes", where, "store the image's bytes, not only its path")
    return pixels_of(decoded_image(code, expected, where, "store PNG, JPEG or WebP"), where)


def pixels_of(image: Image.Image, where: str) -> UInt8[np.ndarray, "channels height width"]:
    """The bytes of an image of Pillow.

    Args:
        image: 8-bit grey or RGB; one of two colours becomes grey.
        where: What to call it in messages.

    Returns:
        Shape (channels, height, width).

    Raises:
        InputError: If it is of another mode.
    """
    image = image.convert("L") if image.mode == "1" else image
    if image.mode not in {"L", "RGB"}:
        expected = "an encoded image, 8-bit grey or RGB"
        raise InputError(expected, f"an image of mode {image.mode!r}", where, "convert the images to grey or RGB")
    pixels = np.asarray(image)
    return pixels[np.newaxis] if image.mode == "L" else np.moveaxis(pixels, -1, 0)


def _content_hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _load_cached(place: Path, num_rows: int) -> Images | None:
    try:
        # Copy on write: torch wants arrays that can be written to, and the cache must stay as it is.
        images = np.load(place, mmap_mode="c", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    whole = isinstance(images, np.ndarray) and images.dtype == np.uint8 and images.ndim == 4 and len(images) == num_rows
    return images if whole else None


def _save_cached(place: Path, images: Images) -> None:
    def write(path: Path) -> None:
        with path.open("wb") as stream:
            np.save(stream, images, allow_pickle=False)

    with suppress(OSError, UnwritableError):
        # The cache is shared with other processes, which may be writing.
        remove_parts(place.parent, is_ours=False)
        save_whole(place, write)
