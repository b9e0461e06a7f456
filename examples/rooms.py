"""Draw the rooms of the package and which imports which: `python examples/rooms.py` writes docs/pictures/rooms.svg.

Rooms are read from the layers in pyproject.toml, imports from the code. A row's dots say what that room imports: all of
them lie left of the diagonal, since imports point down only.
"""

import tomllib
from html import escape
from pathlib import Path

import grimp

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "pictures" / "rooms.svg"
CELL, LEFT, TOP, WORDS = 18, 110, 112, 620
FEW = 3  # imports: a smaller dot


def rooms() -> list[str]:
    """The rooms from the lowest up, as the layers of import-linter name them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = next(
        found["layers"] for found in settings["tool"]["importlinter"]["contracts"] if found["type"] == "layers"
    )
    names = [name.strip().removeprefix("isthmus.") for layer in reversed(layers) for name in layer.split("|")]
    return [name for name in names if (ROOT / "src" / "isthmus" / name).is_dir()]


def imports(names: list[str]) -> dict[tuple[str, str], int]:
    """How many modules of one room import something of another.

    Args:
        names: The rooms.

    Returns:
        (importing room, imported room) -> number of pairs of modules.
    """
    graph = grimp.build_graph("isthmus", exclude_type_checking_imports=True)
    found: dict[tuple[str, str], int] = {}
    for module in sorted(graph.modules):
        for imported in graph.find_modules_directly_imported_by(module):
            pair = (module.split(".")[1:2] or [""])[0], (imported.split(".")[1:2] or [""])[0]
            if pair[0] != pair[1] and set(pair) <= set(names):
                found[pair] = found.get(pair, 0) + 1
    return found


def picture(names: list[str], edges: dict[tuple[str, str], int]) -> str:
    """The picture as SVG.

    Args:
        names: The rooms from the lowest up.
        edges: From `imports`.

    Returns:
        Its text.
    """
    count = len(names)
    width, height = LEFT + CELL * count + WORDS, TOP + CELL * count + 10
    parts = [
        f'<svg id="irooms" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for i, name in enumerate(reversed(names)):
        y = TOP + CELL * i
        own = LEFT + CELL * (count - 1 - i)
        parts.append(f'<rect x="{LEFT}" y="{y}" width="{own - LEFT}" height="{CELL - 1}" fill="#f4f4f4"/>')
        parts.append(f'<rect x="{own}" y="{y}" width="{CELL - 1}" height="{CELL - 1}" fill="#888"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end" font-weight="bold">{escape(name)}</text>')
        parts.append(f'<text x="{LEFT + CELL * count + 12}" y="{y + 13}" fill="#555">{escape(says(name))}</text>')
        column = LEFT + CELL * names.index(name) + 13
        parts.append(f'<text transform="translate({column},{TOP - 6}) rotate(-60)">{escape(name)}</text>')
        for j, imported in enumerate(names):
            if (name, imported) in edges:
                x = LEFT + CELL * j + (CELL - 1) / 2
                radius = 3 if edges[name, imported] < FEW else 5.5
                parts.append(f'<circle cx="{x:g}" cy="{y + (CELL - 1) / 2:g}" r="{radius:g}" fill="#0072b2"/>')
    return "\n".join([*parts, "</svg>", ""])


def says(name: str) -> str:
    """The sentence of a room, from its `__init__.py`."""
    text = (ROOT / "src" / "isthmus" / name / "__init__.py").read_text(encoding="utf-8")
    return text.strip().removeprefix('"""').split('"""')[0].split("\n")[0].rstrip(".")


def main() -> None:
    """Write the picture."""
    names = rooms()
    PICTURE.write_text(picture(names, imports(names)), encoding="utf-8")
    print(PICTURE.relative_to(ROOT))


if __name__ == "__main__":
    main()
