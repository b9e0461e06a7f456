"""Honest bytes made dishonest: each mutation is decided by its random numbers alone."""

import io
import json
import random
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable

EXTREMES = (
    0,
    1,
    7,
    127,
    128,
    255,
    256,
    2**15,
    2**16 - 1,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**40,
    2**62,
    2**63 - 1,
    2**64 - 1,
)
NUMBERS = (
    "-1", "0", "1", "99", "65536", "2147483648", "9223372036854775807", "18446744073709551616", "1e309", "-0.0", "NaN",
    "9" * 400, "null", "true", '"7"', "[]", "{}", "1.5", "-9223372036854775809",
)  # fmt: skip
TEXTS = (
    b"<script>alert(1)</script>", b"\x1b[31m", b"\x00", b"../", b"..\\", b"/etc/passwd", b"\xff\xfe", b"\xed\xa0\x80",
    b'"', b"'", b"\n", b"\r", b"%s%n", b"{{7*7}}", b"\xe2\x80\xae", b"A" * 5000, b"inf", b"nan", b"__class__",
)  # fmt: skip
MOST = 1 << 20  # bytes: repetitions of repetitions end here

Mutation = Callable[[bytes, random.Random, list[bytes]], bytes]


def flipped(data: bytes, draw: random.Random, others: list[bytes]) -> bytes:
    """Some bits or bytes changed."""
    out = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 4, 16))):
        place = draw.randrange(len(out))
        out[place] = draw.choice((out[place] ^ (1 << draw.randrange(8)), draw.randrange(256), 0, 255))
    return bytes(out)


def truncated(data: bytes, draw: random.Random, others: list[bytes]) -> bytes:
    """The beginning, the end, or all but a part in the middle."""
    i, j = sorted((draw.randrange(len(data) + 1), draw.randrange(len(data) + 1)))
    return draw.choice((data[:i], data[i:], data[:i] + data[j:]))


def spliced(data: bytes, draw: random.Random, others: list[bytes]) -> bytes:
    """The beginning of these bytes and the end of others."""
    other = draw.choice(others)
    return data[: draw.randrange(len(data) + 1)] + other[draw.randrange(len(other) + 1) :]


def with_length(data: bytes, draw: random.Random, others: list[bytes]) -> bytes:
    """A field of 2, 4 or 8 bytes with an extreme number, near the beginning or the end as often as elsewhere."""
    size, form = draw.choice(((2, "H"), (4, "I"), (8, "Q")))
    if len(data) < size:
        return data
    last = len(data) - size
    place = draw.choice((0, min(8, last), draw.randrange(last + 1), last, max(0, last - draw.randrange(64))))
    number = draw.choice((*EXTREMES, len(data), len(data) + 1, len(data) - 1)) % 2 ** (8 * size)
    return data[:place] + struct.pack(draw.choice("<>") + form, number) + data[place + size :]


def with_number(data: bytes, draw: random.Random, others: list[bytes]) -> bytes:
    """A number in digits, as headers in JSON have them, replaced."""
    places = list(re.finditer(rb"-?\d+(?:\.\d+)?", data))
    if not places:
        return flipped(data, draw, others)
    found = draw.choice(places)
    return data[: found.start()] + draw.choice(NUMBERS).encode() + data[found.end() :]


def nested(data: bytes, draw: random.Random, others: list[bytes]) -> bytes:
    """Brackets, or instructions of a pickle that make tuples, many times over."""
    opening, closing = draw.choice((
        (b"[", b"]"),
        (b"{", b"}"),
        (b'{"a":', b"}"),
        (b")", b"\x85"),
        (b"(", b"t"),
        (b"a.", b""),
    ))
    count = draw.choice((2, 50, 200, 5000, 100_000))
    i, j = sorted((draw.randrange(len(data) + 1), draw.randrange(len(data) + 1)))
    return data[:i] + opening * count + data[i:j] + closing * draw.choice((0, count)) + data[j:]


def repeated(data: bytes, draw: random.Random, others: list[bytes]) -> bytes:
    """A part many times over."""
    i = draw.randrange(len(data) + 1)
    j = min(len(data), i + draw.choice((1, 8, 64, 512)))
    return data[:i] + data[i:j] * draw.choice((2, 10, 1000)) + data[j:]


def with_text(data: bytes, draw: random.Random, others: list[bytes]) -> bytes:
    """Bytes put in that mean something to some reader."""
    i = draw.randrange(len(data) + 1)
    return data[:i] + draw.choice(TEXTS) + data[i + draw.choice((0, 0, 1, 4)) :]


def renamed(data: bytes, draw: random.Random, others: list[bytes]) -> bytes:
    """A word of the file replaced by another one of it, everywhere or once, at equal length or not."""
    words = re.findall(rb"[A-Za-z_][\w./-]{2,40}", data)
    if not words:
        return with_text(data, draw, others)
    return data.replace(draw.choice(words), draw.choice((*words, *TEXTS)), draw.choice((1, -1)))


def restructured(data: bytes, draw: random.Random, others: list[bytes]) -> bytes:
    """JSON, alone or as the header of safetensors, with a value replaced by one of another kind; else a number."""
    start = 8 if data[8:9] == b"{" else 0
    stop = 8 + struct.unpack("<Q", data[:8])[0] if start else len(data)
    try:
        contents = json.loads(data[start:stop])
        places = list(_places(contents))
        holder, key = draw.choice(places)
    except (ValueError, IndexError, RecursionError):
        return with_number(data, draw, others)
    strange = (
        None,
        True,
        -1,
        0,
        2**63,
        1e308,
        float("nan"),
        "",
        "\x1b[1m",
        "<b>",
        [],
        {},
        [[]],
        [-1],
        [2**62, 2],
        "x" * 3000,
    )
    change = draw.randrange(4)
    if change == 0 and isinstance(holder, dict):
        del holder[key]
    elif change == 1 and isinstance(holder, dict):
        holder[draw.choice(("", "a\nb", "\x1b[1m", "x" * 3000, "__metadata__", "dtype", "shape"))] = holder.pop(key)
    else:
        other, name = draw.choice(places)
        holder[key] = draw.choice((*strange, other[name]))
    try:
        text = json.dumps(contents).encode()
    except (ValueError, RecursionError):  # it holds itself now
        return with_number(data, draw, others)
    return (struct.pack("<Q", len(text)) + text + data[stop:]) if start else text


def rezipped(data: bytes, draw: random.Random, others: list[bytes]) -> bytes:
    """An archive with one entry mutated and its checksum right; else a number."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = {entry.filename: archive.read(entry) for entry in archive.infolist()}
        name = draw.choice(sorted(entries))
    except (zipfile.BadZipFile, ValueError, IndexError, RuntimeError, EOFError, zlib.error, OSError):
        return with_number(data, draw, others)
    simple = [mutation for mutation in MUTATIONS if mutation is not rezipped]
    entries[name] = draw.choice(simple)(entries[name] or b"\0", draw, others)[:MOST]
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", draw.choice((0, 8))) as archive:
        warnings.simplefilter("ignore")
        for entry, contents in entries.items():
            archive.writestr(entry, contents)
            if draw.random() < 0.05:
                archive.writestr(entry, contents)
    return stream.getvalue()


def _places(contents: object) -> list[tuple[dict | list, str | int]]:
    found: list[tuple[dict | list, str | int]] = []
    waiting = [contents]
    while waiting:
        one = waiting.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else []
        found += [(one, key) for key in keys]
        waiting += [one[key] for key in keys]
    return found


MUTATIONS: tuple[Mutation, ...] = (
    flipped, truncated, spliced, with_length, with_number, nested, repeated, with_text, renamed, restructured, rezipped,
)  # fmt: skip


def mutated(data: bytes, draw: random.Random, others: list[bytes]) -> bytes:
    """One to three mutations, one after another."""
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        # Damage from without is mostly found at once; what knows the form gets further in.
        fitting = rezipped if data[:2] == b"PK" else restructured if data[8:9] == b"{" or data[:1] == b"{" else None
        mutation = fitting if fitting and draw.random() < 0.5 else draw.choice(MUTATIONS)
        data = mutation(data or b"\0", draw, others)[:MOST]
    return data
