"""The documents' pictures in the reader's theme, light or dark, as the documentation site shows them."""

import re
from pathlib import Path

from isthmus.report.drawn.themed import BLACK, LONG, OF_THE_THEME, WHITE

THEME = Path(__file__).parents[1] / "src" / "isthmus" / "report" / "templates" / "theme.css"
COLOUR = re.compile(r'\b(fill|stroke)(:|=")(#[0-9a-fA-F]{3,6}|white)\b')


def in_theme(svg: str) -> str:
    """A picture whose paper, ink and hosts follow the theme; what stands for a number keeps its colour.

    As an image it takes the theme of the element that shows it (`color-scheme`), which the site's switch sets.

    Args:
        svg: A picture of the documents, drawn on white.

    Returns:
        The same on the theme's paper.
    """

    def coloured(found: re.Match[str]) -> str:
        kind, sign, colour = found[1], found[2], LONG.sub(r"#\1\2\3", found[3].lower().replace("white", WHITE))
        name = "ink" if kind == "stroke" and colour == BLACK else OF_THE_THEME.get(colour)
        return f"{kind}{sign}var(--{name})" if name else found[0]

    rules = f"{THEME.read_text(encoding='utf-8')} :root {{ fill: var(--ink); background: var(--paper) }}"
    head, body = COLOUR.sub(coloured, svg).split(">", 1)
    return f"{head}><style>{' '.join(rules.split())}</style>{body}"
