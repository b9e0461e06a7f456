"""Draw the pictures of docs/concepts.md: `python examples/concepts.py` writes them into docs/pictures.

They are drawn by hand, from made-up numbers that stand here, and show what the words mean.
"""

import math
from html import escape
from pathlib import Path

from isthmus.report.svg import compact

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
A, B, INK, FAINT = "#0072B2", "#D55E00", "#222222", "#bbbbbb"
LAYERS = ("conv1", "conv2", "conv3", "fc")


def text(x: float, y: float, words: str, anchor: str = "start", colour: str = INK, size: int = 15) -> str:
    """A line of text."""
    style = f'text-anchor="{anchor}" fill="{colour}" font-size="{size}"'
    return f'<text x="{x:.0f}" y="{y:.0f}" {style}>{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, colour: str = INK, more: str = "") -> str:
    """A straight line."""
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{colour}" fill="none" {more}/>'


def box(x: float, y: float, colour: str, width: float = 110) -> str:
    """A layer, or a part of one."""
    return f'<rect x="{x}" y="{y}" width="{width}" height="30" fill="{colour}" fill-opacity="0.8"/>'


def svg(name: str, title: str, width: int, height: int, parts: list[str]) -> tuple[str, str]:
    """A whole picture, by the name of its file."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" font-family="sans-serif">'
    )
    ground = f'<rect width="{width}" height="{height}" fill="white"/>'
    return name, "\n".join([head, f"<title>{escape(title)}</title>", ground, *parts, "</svg>"]) + "\n"


def host_and_donor() -> tuple[str, str]:
    """Two networks, and the host with one layer half-way to the donor."""
    parts = []
    for x, words, colour in ((90, "a, the host", A), (260, "b, the donor", B), (470, "a, with conv2 averaged", A)):
        parts.append(text(x + 55, 24, words, "middle", colour))
        parts += [box(x, 40 + 40 * i, colour, 55 if (x, i) == (470, 1) else 110) for i in range(len(LAYERS))]
    parts += [text(80, 60 + 40 * i, name, "end") for i, name in enumerate(LAYERS)]
    parts.append(box(525, 80, B, width=55))
    parts += [line(372, 95, 460, 95, B, 'stroke-width="1.5" stroke-dasharray="5 3"')]
    parts += [text(590, 92, "moving layer,"), text(590, 108, "alpha = 0.5"), text(590, 180, "the host's own")]
    parts += [text(590, 140, "the host's own"), text(590, 60, "the host's own")]
    return svg("concept_host.svg", "One layer of the host moves half-way to the donor", 700, 215, parts)


def rise_and_barrier() -> tuple[str, str]:
    """The loss along alpha with the numbers that are read off."""
    loss_a, loss_b = 0.30, 0.50
    baseline = (loss_a + loss_b) / 2
    loss = [loss_a + 0.35 * math.sin(math.pi * alpha) + 0.25 * alpha for alpha in (i / 40 for i in range(41))]
    left, width = 70, 330

    def x(alpha: float) -> float:
        return left + width * alpha

    def y(value: float) -> float:
        return 250 - 260 * (value - 0.2)

    best = max(range(41), key=lambda i: loss[i])
    curve = "L".join(f"{x(i / 40):.1f} {y(value):.1f}" for i, value in enumerate(loss))
    arrow = 'stroke-width="2" marker-start="url(#end)" marker-end="url(#end)"'
    parts = [
        '<marker id="end" viewBox="0 0 6 6" refX="3" refY="3" markerWidth="4" markerHeight="4">',
        '<circle cx="3" cy="3" r="2.5"/></marker>',
        line(left, 250, left + width, 250),
        line(left, 250, left, 40),
        f'<path d="M{curve}" stroke="{INK}" stroke-width="2" fill="none"/>',
        line(left, y(baseline), left + width, y(baseline), FAINT, 'stroke-width="2" stroke-dasharray="6 4"'),
        line(x(0.5), y(loss_a), x(0.5), y(loss[20]), A, arrow),
        line(left, y(loss_a), x(0.5), y(loss_a), A, 'stroke-dasharray="2 3"'),
        line(x(best / 40), y(baseline), x(best / 40), y(loss[best]), B, arrow),
        text(x(0.5) - 8, y(0.56), "rise", "end", A),
        text(x(best / 40) + 8, y(0.56), "barrier", "start", B),
        text(left + width + 8, y(baseline) + 4, "baseline: mean of the two networks"),
        text(left + width + 8, y(loss[-1]) + 4, "the layer is the donor's (an exchange)"),
        text(left - 8, y(loss_a) + 4, "loss of a", "end", A),
        text(left, 268, "alpha 0", "middle"),
        text(x(0.5), 268, "0.5", "middle"),
        text(x(1.0), 268, "1", "middle"),
        text(left, 28, "loss", "middle"),
    ]
    return svg("concept_rise.svg", "Rise and barrier along one cut", 700, 285, parts)


def intervals() -> tuple[str, str]:
    """The same rise, known better and better."""
    rows = (("100 examples", 0.05, 0.09), ("400 examples", 0.07, 0.045), ("6,400 examples", 0.06, 0.011))

    def x(value: float) -> float:
        return 250 + 1500 * value

    parts = [line(x(0), 20, x(0), 150, FAINT, 'stroke-width="2"'), text(x(0), 168, "0", "middle")]
    parts += [text(x(0.1), 168, "0.1 nats", "middle")]
    for i, (words, value, half) in enumerate(rows):
        y = 40 + 40 * i
        decided = value > half
        parts += [line(x(value - half), y, x(value + half), y, A, 'stroke-width="3"')]
        parts += [f'<circle cx="{x(value):.1f}" cy="{y}" r="5" fill="{A if decided else "white"}" stroke="{A}"/>']
        parts += [text(170, y + 4, words, "end")]
        parts += [text(490, y + 4, "told from zero" if decided else "includes zero: undecided")]
    return svg("concept_interval.svg", "The interval of a rise for more and more examples", 700, 180, parts)


def pictures() -> dict[str, str]:
    """File -> picture, in the bytes of the other documents' pictures."""
    drawn = [host_and_donor(), rise_and_barrier(), intervals()]
    return {file: compact(picture.encode()).decode() for file, picture in drawn}


if __name__ == "__main__":
    for file, picture in pictures().items():
        (PICTURES / file).write_text(picture, encoding="utf-8")
