"""JSON lines: how deep they nest and how many columns they make, before they are parsed."""

import re
from pathlib import Path

import numpy as np

from isthmus.gate.limits import refuse_bomb, refuse_large, refuse_more

STRING = rb'"[^"\\\n]*(?:\\.[^"\\\n]*)*(?:"|$)'  # one that is not closed ends with its line
STRINGS, KEYS = re.compile(STRING, re.MULTILINE), re.compile(rb"(" + STRING + rb")\s*:", re.MULTILINE)
AT_ONCE = 1 << 24
OPENING, CLOSING = (np.isin(np.arange(256), np.frombuffer(signs, np.uint8)) for signs in (b"[{", b"]}"))


def refuse_json_lines(file: Path, where: str) -> None:
    """Refuse rows that nest too deep, or that have so many keys between them that the table would fill memory.

    The parser of pyarrow recurses, and a row's missing keys take as much memory as those that are there.

    Args:
        file: It is there.
        where: What to call it.
    """
    refuse_large("text", file)
    keys: set[bytes] = set()
    depth = num_rows = 0
    with file.open("rb") as stream:
        while lines := stream.readlines(AT_ONCE):
            block = b"".join(lines)
            num_rows += len(lines)
            keys.update(KEYS.findall(block))
            signs = np.frombuffer(STRINGS.sub(b"", block), np.uint8)
            levels = depth + np.cumsum(OPENING[signs].astype(np.int64) - CLOSING[signs])
            depth = max(0, int(levels[-1])) if len(levels) else depth
            refuse_more("depth", int(levels.max(initial=0)), where)
            refuse_more("columns", len(keys), where)
            # A number takes 8 bytes, there or not.
            refuse_bomb(8 * len(keys) * num_rows, file.stat().st_size, where)
