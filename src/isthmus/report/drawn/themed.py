"""Pictures that the plotting library drew, as a part of a page: in the page's letters, and in the colours of its theme.

Paper, ink and the hosts' colours become those of the theme. What stands for a number (the colours of cells, and the ink
on them, which is `style.CELL_INK` or `style.CELL_WHITE`) is the same on light and on dark.
"""

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.sax.saxutils import quoteattr

from isthmus.report.svg import element_text

BLACK, WHITE = "#000", "#fff"
OF_THE_THEME = {
    WHITE: "paper",
    "#f4f4f4": "tint",
    "#e6e6e6": "line",
    "#bbb": "faint",
    "#888": "faint",
    "#777": "faint",
    "#555": "faint",
    "#222": "ink",
    "#0072b2": "host-a",
    "#d55e00": "host-b",
}
RULE = re.compile(r"#\w+ \.(\w+)\{([^}]*)\}")
LONG = re.compile(r"^#(.)\1(.)\2(.)\3$")
NAMED = re.compile(r"url\(#(\w+)\)")


def themed(svg: bytes, label: str) -> str:
    """A picture as a part of a page, whose policy allows no style of its own.

    Args:
        svg: From `isthmus.report.svg.compact`.
        label: What it shows, for those who don't see it.

    Returns:
        SVG for HTML; the page's style sheet sets its size and its letters.
    """
    root = ElementTree.fromstring(svg)
    name = root.attrib["id"]
    rules = {short: dict(_pairs(rule)) for sheet in root.iter() for short, rule in RULE.findall(sheet.text or "")}
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag.endswith("}style")]:
            parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = _attributes(element, rules, name)
    size = f'viewBox="{root.attrib["viewBox"]}" width="{root.attrib["width"]}"'
    line = 'stroke-linejoin="round" stroke-linecap="butt"'
    inside = "".join(map(element_text, root))
    return f'<svg class="plotted" role="img" aria-label={quoteattr(label)} {size} {line}>{inside}</svg>'


def _attributes(element: Element, rules: dict[str, dict[str, str]], picture: str) -> dict[str, str]:
    """Attributes with those of the class, names that no other picture of the page has, and the theme's colours."""
    known = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
    known = rules.get(known.pop("class", ""), {}) | dict(_pairs(known.pop("style", ""))) | known
    known.pop("font-family", None)
    for key, value in known.items():
        known[key] = NAMED.sub(rf"url(#{picture}-\1)", value)
    if "id" in known:
        known["id"] = f"{picture}-{known['id']}"
    if known.get("href", "").startswith("#"):
        known["href"] = f"#{picture}-{known['href'][1:]}"
    is_text = "font-size" in known
    if is_text:
        known.setdefault("fill", BLACK)  # which the plotting library leaves out
    for key in known.keys() & {"fill", "stroke"}:
        known[key] = LONG.sub(r"#\1\2\3", known[key])
        is_ink = known[key] == BLACK and (is_text or key == "stroke")
        of_theme = "ink" if is_ink else None if is_text and known[key] == WHITE else OF_THE_THEME.get(known[key])
        known[key] = f"var(--{of_theme})" if of_theme else known[key]
    return known


def _pairs(rule: str) -> list[tuple[str, str]]:
    parts = (part.partition(":") for part in rule.split(";") if part)
    return [(key.strip(), value.strip()) for key, _, value in parts]
