"""The explorer as one file, which carries the parts of its views."""

import base64
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from isthmus.files import save_bytes
from isthmus.pages.explorer.page import explorer_page
from isthmus.pages.explorer.parts import Parts
from isthmus.pages.explorer.places import Asked, Places
from isthmus.report.kept import one_page

MOST_BYTES = 12_000_000
"""Of the parts that a page carries, unpacked. Packed they are a tenth of it or less."""


def save_explorer(parts: Parts, file: Path, asked: Asked, most_bytes: int = MOST_BYTES) -> Path:
    """Write the explorer as a page that needs nothing else.

    Of many members it carries as many as fit, evenly chosen, with the first and the last, and says so.

    Args:
        parts: Of the explored runs.
        file: Where to.
        asked: What it shows first.
        most_bytes: How much the carried parts may weigh before they are packed, about.

    Returns:
        The file.
    """
    num_members = len(parts.explored.members)
    always = _asked_members(parts, asked)
    drawn = {always[0]: _parts_of(parts, always[0])}
    weight = sum(len(part.encode()) for _, part in drawn[always[0]])
    carried = sorted({*_evenly(num_members, max(1, most_bytes // weight)), *always})
    # Member by member, before the page: what is kept of a result is kept no longer than it is drawn.
    drawn |= {number: _parts_of(parts, number) for number in carried if number not in drawn}
    notes = [_carried_words(parts, carried)] if len(carried) < num_members else []
    pieces = [piece for number in carried for piece in drawn[number]]
    text = explorer_page(
        parts, Places(parts.explored, carried), asked, is_served=False, carried=packed(pieces), notes=notes
    )
    save_bytes(file, text.encode())
    return file


def packed(parts: Iterable[tuple[str, str]]) -> str:
    """Parts as text that the page's script unpacks.

    Args:
        parts: Keys and HTML.

    Returns:
        A JSON object of them, deflated (RFC 1950), in base64; the same text every time.
    """
    text = json.dumps(dict(parts), ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def unpacked(text: str) -> dict[str, str]:
    """What was packed, as the page's script finds it.

    Args:
        text: From `packed`.

    Returns:
        The parts by their keys.

    Example:
        >>> unpacked(packed([("0-said-0", "<p>Nothing</p>")]))
        {'0-said-0': '<p>Nothing</p>'}
    """
    found: dict[str, str] = json.loads(zlib.decompress(base64.b64decode(text)))
    return found


def _asked_members(parts: Parts, asked: Asked) -> list[int]:
    places = Places(parts.explored, range(len(parts.explored.members)))
    found = [places.member(asked.run, asked.texts)]
    return found if asked.beside is None else [*found, places.member(asked.beside, asked.texts, "beside-")]


@one_page()
def _parts_of(parts: Parts, number: int) -> list[tuple[str, str]]:
    return [(key, parts.part(key)) for key in parts.keys(number)]


def _evenly(num: int, most: int) -> Iterator[int]:
    """Numbers from 0 to num - 1, at most so many, the first and the last among them."""
    count = min(num, most)
    return (round(i * (num - 1) / max(count - 1, 1)) for i in range(count))


def _carried_words(parts: Parts, carried: list[int]) -> str:
    members, explored = parts.explored.members, parts.explored
    command = " ".join(["isthmus explore", *map(str, explored.folders)])
    titles = ", ".join(members[number].title for number in carried)
    return (
        f"This page carries {len(carried)} of {len(members)} measurements: {titles}. The others are left out, for it "
        f"would weigh too much; {command} shows them all."
    )
