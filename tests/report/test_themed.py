"""Pictures of the plotting library in a page: the theme's colours, no style of their own, names of their own."""

import re
from xml.etree import ElementTree

import pytest
from matplotlib import rc_context
from matplotlib.patches import Rectangle

from isthmus.report import style
from isthmus.report.drawn.themed import OF_THE_THEME, themed


def picture(draw, **look):
    with rc_context(style.STYLE):
        figure = style.empty_figure(2, 1)
        draw(figure.subplots(**look))
    return style.picture_bytes(figure, "svg")


def cells(axes):
    axes.pcolormesh([[0.0, 1.0]], cmap=style.diverging(), vmin=-1, vmax=0.5)  # white and, beyond the scale, black
    axes.text(0.5, 0.5, "light", color=style.CELL_INK)
    axes.text(1.5, 0.5, "dark", color=style.CELL_WHITE)
    axes.text(0.5, 0.2, "words")


def patches(axes):
    axes.add_patch(Rectangle((0, 0), 1, 1, facecolor="white", edgecolor=style.HOST_COLOURS["b"], hatch="////"))
    axes.plot([0, 1], [0, 1], "s-", color=style.HOST_COLOURS["a"])


def element(markup, pattern):
    (found,) = re.findall(pattern, markup)
    return found


def test_ink_follows_the_theme_and_what_stands_for_numbers_does_not():
    markup = themed(picture(cells), "A picture")
    colour = {words: fill for fill, words in re.findall(r'<text [^>]*?fill="([^"]*)"[^>]*>(\w+)</text>', markup)}
    assert colour["words"] == "var(--ink)"
    assert (colour["light"], colour["dark"]) == ("#111", "#fefefe")
    assert 'fill="var(--paper)"' in markup, "the ground"
    fills = set(re.findall(r'<path [^>]*fill="([^"]*)"', markup))
    assert any(fill.startswith("#") for fill in fills), "cells keep their colours"


def test_black_lines_are_ink_and_black_cells_stay_black():
    sheet = b'<svg id="i1" xmlns="http://www.w3.org/2000/svg" width="9pt" viewBox="0 0 9 9"><style>#i1 .a{stroke:#000}'
    markup = themed(sheet + b'</style><path d="M0 0h9" class="a"/><path d="M0 0h9v9z" fill="#000"/></svg>', "")
    assert '<path stroke="var(--ink)" d="M0 0h9"/>' in markup
    assert '<path d="M0 0h9v9z" fill="#000"/>' in markup


def test_a_picture_has_no_style_of_its_own_which_the_policy_would_forbid():
    for draw in (cells, patches):
        markup = themed(picture(draw), "A picture")
        assert not re.search(r"<style|style=|class=\"(?!plotted)|font-family|xmlns", markup)
        ElementTree.fromstring(markup)


def test_hatched_patches_and_hosts_have_the_themes_colours():
    markup = themed(picture(patches), "A picture")
    pattern = element(markup, r"<pattern.*?</pattern>")
    assert 'fill="var(--paper)"' in pattern
    assert "var(--host-b)" in pattern
    assert 'stroke="var(--host-a)"' in markup
    assert not set(OF_THE_THEME) & set(re.findall(r'"(#\w+)"', markup))


def test_what_a_picture_names_is_its_own():
    first, second = (themed(picture(draw), "") for draw in (patches, lambda axes: patches(axes) or cells(axes)))
    names = [set(re.findall(r' id="([^"]+)"', markup)) for markup in (first, second)]
    assert names[0]
    assert not names[0] & names[1]
    for markup, own in zip((first, second), names, strict=True):
        used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', markup))
        assert used <= own


@pytest.mark.parametrize("label", ['Layers <b> & "names"'])
def test_what_it_shows_is_said_as_text(label):
    assert ElementTree.fromstring(themed(picture(cells), label)).attrib["aria-label"] == label
