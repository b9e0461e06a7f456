"""What encoding a picture keeps: every text, every shape within 0.02 pt with its look, the order of what overlaps."""

import io
import re
from collections import Counter, defaultdict
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import rc_context
from matplotlib.figure import Figure

from isthmus.report.style import STYLE, picture_bytes
from isthmus.report.svg import compact

POINTS = 0.02
DOCS = Path(__file__).parents[2] / "docs"
DRAWN = {"path", "use", "image", "text"}
EVERYWHERE = {"stroke-linejoin": "round", "stroke-linecap": "butt"}  # The drawn pictures' rule for all elements.
LOOK = ("class", "fill", "clip-path")


def heat_map(axes):
    axes.pcolormesh(np.arange(6), np.arange(4), np.arange(15).reshape(3, 5) % 4, edgecolors="white", linewidth=0.5)
    axes.set_yticks([0.5, 1.5], ["A < b & c ", "layer"], rotation=90)


def bands(axes):
    x = np.linspace(0, 3, 15)
    axes.fill_between(x, np.sin(x), np.cos(x), alpha=0.3, color="#0072b2")
    axes.plot(x, np.sin(x), "s--", markersize=3, markerfacecolor="white")
    axes.plot(x, x, "o:")


def bars(axes):
    axes.barh([0, 1, 2], [1, 3, 2], hatch="//", facecolor="white", edgecolor="red")
    axes.errorbar([1, 3, 2], [0, 1, 2], xerr=0.3, fmt="none")
    axes.barh([0.2, 1.2], [2, 2], facecolor="white", edgecolor="red")


def lines(axes):
    axes.plot([np.nan, np.nan], [0, 1])
    axes.vlines([1, 2, 3], 0, [3, 1, 2], colors="#222222")
    axes.imshow(np.arange(12).reshape(3, 4), extent=(0, 3, 0, 3))
    axes.scatter([1, 2], [2, 1], s=[9, 90])
    axes.annotate("here", (1, 1), (2, 2), arrowprops={"arrowstyle": "->"})


KINDS = [heat_map, bands, bars, lines]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def drawn(request):
    figure = Figure(figsize=(3, 2), layout="constrained")
    content = io.BytesIO()
    with rc_context(STYLE):
        request.param(figure.subplots())
        figure.savefig(content, format="svg")
    return figure, content.getvalue()


def vertices(data):
    """Every subpath's points, whatever steps are written; a closed one ends where it began."""
    subpaths, here = [], np.zeros(2)
    for command, written in re.findall(r"([A-Za-z])([^A-Za-z]*)", data):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", written)]
        if command.lower() == "z":
            here = subpaths[-1][0]
            if np.abs(subpaths[-1][-1] - here).max() > 1e-6:
                subpaths[-1].append(here)
        if command in "hv":
            numbers = [part for n in numbers for part in ((n, 0) if command == "h" else (0, n))]
        size = {"c": 3, "q": 2}.get(command.lower(), 1)
        for step in np.array(numbers).reshape(-1, size, 2):
            to = step + here if command.islower() else step
            if command in "Mm":
                subpaths.append([])
            subpaths[-1].extend(to)
            here = to[-1]
    return subpaths


def rules(root):
    text = "".join(style.text or "" for style in root.iterfind(".//{*}style"))
    return {name: look(body) for name, body in re.findall(r"\.(\w+)\{([^}]*)\}", text)}


def look(css):
    pairs = (part.split(":", 1) for part in css.split(";") if part.strip())
    return {key.strip(): re.sub(r"#(\w)(\w)(\w)$", r"#\1\1\2\2\3\3", value.strip()) for key, value in pairs}


def shapes(svg):
    """All that is drawn, in order: (what, its look, where), one for each subpath."""
    root = ElementTree.fromstring(svg)
    classes = rules(root)
    named = {element.get("id"): element for element in root.iter() if element.get("id")}

    def seen(element, inherited):
        tag = element.tag.rpartition("}")[2]
        css = dict(inherited)
        for key in LOOK:
            if key in element.attrib:
                css |= classes[element.get(key)] if key == "class" else look(f"{key}:{element.get(key)}")
        css |= look(element.get("style", ""))
        if tag in {"g", "svg"}:
            for child in element:
                yield from seen(child, css)
        elif tag in DRAWN:
            clip = named[css.pop("clip-path")[5:-1]][0] if "clip-path" in css else element
            place = [float(thing.get(k, 0)) for thing in (element, clip) for k in ("x", "y", "width", "height")]
            turned = re.sub(r"rotate\(-0 [^)]*\)", "", element.get("transform", ""))
            place += [float(n) for n in re.findall(r"-?[\d.]+", turned)]
            what = (tag, "".join(element.itertext()).strip(), tuple(sorted(css.items())))
            mark = named[element.get("{http://www.w3.org/1999/xlink}href")[1:]] if tag == "use" else element
            own = EVERYWHERE | look(mark.get("style", "")) if tag == "use" else {}
            for subpath in vertices(mark.get("d", "" if tag == "path" else "M0 0")):
                yield (*what, str(sorted(own.items()))), np.concatenate([place, *subpath])

    return list(seen(root, EVERYWHERE))


def test_every_shape_keeps_its_look_and_its_place(drawn):
    _, svg = drawn
    before, after = shapes(svg), shapes(compact(svg))
    assert Counter(what for what, _ in before) == Counter(what for what, _ in after)
    unmet = defaultdict(list)
    for what, where in after:
        unmet[what].append(where)
    for what, where in before:
        near = [
            i
            for i, other in enumerate(unmet[what])
            if other.shape == where.shape and np.allclose(other, where, 0, POINTS)
        ]
        assert near, (what, where)
        unmet[what].pop(near[0])


def test_marks_look_the_same_wherever_they_stand(drawn):
    """A clip of `use` would move with it, and what it draws has other ancestors than those that rules of style name."""
    _, svg = drawn
    root = ElementTree.fromstring(compact(svg))
    assert not root.findall("./{*}defs//*[@class]")
    assert {key: root.get(key) for key in EVERYWHERE} == EVERYWHERE
    assert {element.tag.rpartition("}")[2] for element in root.iterfind(".//*[@clip-path]")} == {"g"}


def test_every_text_stays_in_order(drawn):
    _, svg = drawn
    texts = [
        ["".join(t.itertext()) for t in ElementTree.fromstring(x).iterfind(".//{*}text")] for x in (svg, compact(svg))
    ]
    assert texts[0] == texts[1]
    assert texts[0]


def test_encoding_again_changes_nothing(drawn):
    figure, svg = drawn
    once, again = compact(svg), picture_bytes(figure, "svg")
    assert compact(once) == once == compact(svg)
    assert len(once) < 0.6 * len(svg)
    assert compact(again) == again


def page(*paths):
    drawn = "".join(f'<path d="{data}" style="fill: {fill}; stroke: #ffffff"/>' for fill, data in paths)
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="9pt" height="9pt"><g id="a">{drawn}</g></svg>'


def square(x, y, size=1):
    return f"M {x} {y} L {x + size} {y} L {x + size} {y + size} L {x} {y + size} L {x} {y}"


def fills(svg):
    return [dict(what[2])["fill"] for what, _ in shapes(svg)]


def test_cells_of_one_colour_are_one_path_and_what_overlaps_keeps_its_order():
    apart = compact(page(("#ff0000", square(0, 0)), ("#0000ff", square(1, 0)), ("#ff0000", square(2, 0))).encode())
    over = compact(page(("#ff0000", square(0, 0)), ("#0000ff", square(0.5, 0)), ("#ff0000", square(1, 0))).encode())
    assert apart.count(b"<path") == 2
    assert fills(over) == ["#ff0000", "#0000ff", "#ff0000"]


def test_rules_of_one_picture_do_not_reach_another():
    pictures = [compact(page((colour, square(0, 0))).encode()) for colour in ("#ff0000", "#00ff00")]
    names = [ElementTree.fromstring(svg).get("id") for svg in pictures]
    assert names[0] != names[1]
    for name, svg in zip(names, pictures, strict=True):
        (style,) = ElementTree.fromstring(svg).iterfind(".//{*}style")
        selectors = re.findall(r"([^{}]+)\{", style.text or "")
        assert selectors
        assert all(selector.startswith(f"#{name} ") for selector in selectors)


coordinates = st.floats(-2_000, 2_000).map(lambda value: round(value, 6)) | st.integers(-20, 20)


@given(st.lists(st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=8), min_size=1, max_size=3))
def test_a_path_of_any_points_stays_within_rounding(subpaths):
    data = " z ".join("M " + " L ".join(f"{x:f} {y:f}" for x, y in points) for points in subpaths)
    (path,) = ElementTree.fromstring(compact(page(("none", data)).encode())).iterfind(".//{*}path")
    for points, after in zip(subpaths, vertices(path.get("d")), strict=True):
        assert np.allclose(points, after[: len(points)], 0, 0.0051)


def test_all_documents_together_stay_under_four_megabytes():
    files = [file for file in DOCS.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 4_000_000
    pictures = [file for file in files if file.suffix == ".svg"]
    assert len(pictures) > 50
    loose = [file.name for file in pictures if compact(file.read_bytes()) != file.read_bytes()]
    assert not loose, f"`make pictures` writes these anew: {loose}"
