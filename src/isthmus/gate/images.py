"""Encoded images: how many pixels they unpack to, before they are decoded."""

from io import BytesIO
from threading import Lock

from PIL import Image

from isthmus.gate.door import parsing
from isthmus.gate.limits import refuse_more

_ONE_AT_A_TIME = Lock()
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
"""What image data sets hold. Pillow knows forty more formats; each is a parser that nobody needs here."""


def decoded_image(code: bytes, expected: str, where: str, remedy: str) -> Image.Image:
    """An image of no more pixels than the limit says.

    Args:
        code: Its file.
        expected: What would have been right.
        where: What holds it.
        remedy: What to do otherwise.

    Returns:
        The image, decoded; of several pictures the first.
    """
    with parsing(expected, where, remedy, "bytes that Pillow cannot decode"), _opened(code) as file:
        refuse_more("pixels", file.width * file.height, where)
        # Pillow decodes late, and the copy does it while the file is open.
        return file.copy()


def _opened(code: bytes) -> Image.Image:
    """The image, not yet decoded; Pillow's own limit, which warns at half of what it refuses, gives way to ours."""
    with _ONE_AT_A_TIME:
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(BytesIO(code), formats=FORMATS)
        finally:
            Image.MAX_IMAGE_PIXELS = before
