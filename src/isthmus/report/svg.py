"""SVG in a quarter of its bytes: the reader sees the same, the plotting library's verbose form goes.

Positions are rounded to 0.01 pt and written as steps, what neighbours share stands once in a group, and neighbouring
paths of one look are one path. `make pictures` writes those of the documents anew.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

import numpy as np

MARK = b'<svg id="i'
XLINK = "http://www.w3.org/1999/xlink"
EVERYWHERE = {"stroke-linejoin": "round", "stroke-linecap": "butt"}  # matplotlib's rule for all elements.
SHARED = ("clip-path", "class", "fill")  # What a group says for its members, the outermost first.
NUMBER = r"-?[\d.]+"
RECTANGLE = re.compile(rf"M({NUMBER}) ?({NUMBER})h({NUMBER})v({NUMBER})h({NUMBER})(?:v({NUMBER}))?z?")


def compact(svg: bytes) -> bytes:
    """A picture that looks the same in fewer bytes.

    Its rules of style count inside this picture only, also where several stand in one page of HTML.

    Args:
        svg: The picture, as matplotlib draws it, or as this function wrote it: then it stays as it is.

    Returns:
        The picture without metadata, comments and indentation; the same bytes every time.
    """
    if svg.startswith(MARK):
        return svg
    root = ElementTree.fromstring(svg)
    named = {name for element in root.iter() for v in element.attrib.values() for name in re.findall(r"#(\w+)", v)}
    classes: dict[str, str] = {}
    leaves = [_plain(leaf, named, classes) for leaf in _leaves(root)]
    definitions = "".join(element_text(part) for leaf in leaves if leaf.tag == "defs" for part in leaf)
    # Joined, see-through paths would no longer darken where they cross, and dashes would run on.
    single = {short for rule, short in classes.items() if re.search("opacity|dash", rule)}
    drawn = _grouped(list(_joined((leaf for leaf in leaves if leaf.tag != "defs"), single)), SHARED)
    name = "i" + hashlib.sha256((definitions + drawn + str(classes)).encode()).hexdigest()[:6]
    rules = "".join(f"#{name} .{short}{{{rule}}}" for rule, short in classes.items())
    kept = {key: value for key, value in root.attrib.items() if key != "version"} | EVERYWHERE
    return (
        f'<svg id="{name}" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="{XLINK}"{_attributes(kept)}>'
        f"<style>{rules}</style><defs>{definitions}</defs>{drawn}</svg>\n"
    ).encode()


def _leaves(parent: Element) -> Iterator[Element]:
    """What is drawn or defined, in order, out of its groups; a group's clip goes with its members."""
    for child in parent:
        child.tag = child.tag.rpartition("}")[2]
        if child.tag == "g" and child.attrib.keys() <= {"id", "clip-path"}:
            for leaf in _leaves(child):
                leaf.attrib |= {key: value for key, value in child.attrib.items() if key == "clip-path"}
                yield leaf
        elif (
            child.tag != "metadata" and child.find("{*}style") is None and (child.tag != "path" or "d" in child.attrib)
        ):
            yield child


def _plain(leaf: Element, named: set[str], classes: dict[str, str]) -> Element:
    """An element with its style as a class (but a path's fill, of many values), rounded, without unused names."""
    for element in leaf.iter():
        element.tag = element.tag.rpartition("}")[2]
        known = {key.replace(f"{{{XLINK}}}", "xlink:"): value for key, value in element.attrib.items()}
        pairs = (part.split(": ", 1) for part in known.pop("style", "").split("; ") if part)
        style = {key: re.sub(r"^#(.)\1(.)\2(.)\3$", r"#\1\2\3", value) for key, value in pairs}
        if element.tag == "path" and "fill" in style:
            known["fill"] = style.pop("fill")
        if leaf.tag == "defs" and element.tag == "path":
            # What `use` draws has other ancestors than the picture, and so is out of reach of its rules.
            known["style"] = _rule(EVERYWHERE | style)
        elif style:
            known["class"] = classes.setdefault(_rule(style), _letters(len(classes)))
        if known.get("id") not in named:
            known.pop("id", None)
        for key in known.keys() & {"x", "y", "width", "height"}:
            known[key] = _rounded(known[key])
        if "transform" in known:
            turned = re.sub(r"rotate\(-0 [^)]*\)", "", known["transform"])
            known["transform"] = re.sub(r"translate\([^)]*\)", lambda found: _rounded(found[0]), turned)
        if "d" in known:
            known["d"] = _steps(known["d"])
        if "xlink:href" in known:
            known["xlink:href"] = "".join(known["xlink:href"].split())
        element.attrib = {key: value for key, value in known.items() if value}
    return leaf


def _rule(style: dict[str, str]) -> str:
    return ";".join(f"{key}:{value}" for key, value in style.items())


def _attributes(attributes: dict[str, str]) -> str:
    return "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())


def _letters(number: int) -> str:
    return (_letters(number // 26 - 1) if number >= 26 else "") + chr(ord("a") + number % 26)


def _joined(leaves: Iterable[Element], single: set[str]) -> Iterator[Element]:
    """Neighbouring paths of one look as one: lines, and tiles (cells of a heat map), whose order shows nowhere."""
    for (tag, look), found in groupby(leaves, key=lambda leaf: (leaf.tag, leaf.attrib | {"d": "", "fill": ""})):
        run = list(found)
        joins = tag == "path" and look.get("class") not in single
        tiles = joins and _are_tiles([path.attrib["d"] for path in run])
        for fill, alike in groupby(sorted(run, key=_fill) if tiles else run, key=_fill):
            paths = list(alike)
            if tiles or (joins and fill == "none"):
                data = "".join(path.attrib["d"] for path in paths)
                paths[0].attrib["d"] = re.sub(rf"v{NUMBER}(?=M|$)", "z", data) if tiles else data
                del paths[1:]
            yield from paths


def _fill(path: Element) -> str:
    return path.get("fill", "")


def _are_tiles(paths: Sequence[str]) -> bool:
    """Whether all are axis-parallel rectangles of which no two overlap."""
    edges = []
    for data in paths:
        found = RECTANGLE.fullmatch(data)
        x, y, width, height, back, up = (_hundredths(n) for n in found.groups("0")) if found else (0,) * 6
        if back != -width or up not in {0, -height} or width * height == 0:
            return False
        edges.append([*sorted([x, x + width]), *sorted([y, y + height])])
    (xs, columns), (ys, rows) = (np.unique(np.array(edges)[:, i : i + 2], return_inverse=True) for i in (0, 2))
    covered = np.zeros((len(xs), len(ys)), int)
    for (left, right), (top, bottom) in zip(columns.reshape(-1, 2), rows.reshape(-1, 2), strict=True):
        covered[left:right, top:bottom] += 1
    return bool(covered.max() == 1)


def _grouped(leaves: Sequence[Element], keys: Sequence[str]) -> str:
    if not keys:
        return "".join(map(element_text, leaves))
    text = ""
    for value, found in groupby(leaves, key=lambda leaf: leaf.attrib.get(keys[0])):
        run = list(found)
        # A clip on `use` itself would move with its x and y, so that it always stands at a group.
        if value is not None and (len(run) > 1 or keys[0] == "clip-path"):
            for leaf in run:
                del leaf.attrib[keys[0]]
            text += f"<g {keys[0]}={quoteattr(value)}>{_grouped(run, keys[1:])}</g>"
        else:
            text += _grouped(run, keys[1:])
    return text


def element_text(element: Element) -> str:
    """An element as markup, without the blanks between elements.

    Args:
        element: Of a picture; names of tags and attributes as they are written.

    Returns:
        The markup.
    """
    attributes = _attributes(element.attrib)
    words = element.tag in {"text", "tspan"}
    inside = escape(element.text or "") if words else ""
    inside += "".join(element_text(child) + (escape(child.tail or "") if words else "") for child in element)
    return f"<{element.tag}{attributes}>{inside}</{element.tag}>" if inside else f"<{element.tag}{attributes}/>"


def _hundredths(number: str) -> int:
    return round(100 * float(number))


def _shown(hundredths: int) -> str:
    return re.sub(r"^(-?)0\.", r"\1.", f"{hundredths / 100:.2f}".rstrip("0").rstrip("."))


def _rounded(text: str) -> str:
    return re.sub(NUMBER, lambda found: _shown(_hundredths(found[0])), text)


def _steps(data: str) -> str:
    """Path data in the shortest of absolute, relative, horizontal and vertical steps between rounded points."""
    if set(re.findall("[A-Za-z]", data)) - set("MLCQz"):
        return data
    text, last, here, start = "", "", (0, 0), (0, 0)
    for command, written in re.findall(r"([MLCQz])([^A-Za-z]*)", data):
        # In whole hundredths steps add up to the rounded points exactly.
        numbers = [_hundredths(number) for number in written.split()]
        moved = [number - here[i % 2] for i, number in enumerate(numbers)]
        ways = [(command, numbers), (command.lower(), moved)]
        if command == "L" and 0 in moved:
            ways = [("h", moved[:1])] if moved[1] == 0 else [("v", moved[1:])]
        shown = [(way, " ".join(map(_shown, values)).replace(" -", "-")) for way, values in ways]
        way, best = shown[0] if not text else min(shown, key=lambda choice: len(choice[1]))
        # A second pair of numbers after a move would be drawn as a line.
        repeated = way == last and way not in {"M", "m"}
        text += (best if best.startswith("-") else f" {best}") if repeated else way + best
        here, last = ((numbers[-2], numbers[-1]) if numbers else start), way
        start = here if command == "M" else start
    return text
