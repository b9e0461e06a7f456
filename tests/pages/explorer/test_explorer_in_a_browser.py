"""The explorer as Chromium shows it, written and served: choose, click, copy; with scripts off; names made to run."""

import contextlib
import io
import json
import shlex
import threading
import time

import pytest
from browsers import SHOTS, chromium
from explored_runs import HOSTILE, make_collection
from typer.testing import CliRunner

from isthmus.cli.main import app
from isthmus.measures.estimate import number_text
from isthmus.pages.explorer.places import Asked
from isthmus.pages.explorer.server import ExplorerServer
from isthmus.pages.explorer.written import save_explorer

SELECTED = "document.querySelector('[name={}]').selectedOptions[0].textContent"
TURN = "document.body.dataset.turn"
PANES = r"[...document.querySelectorAll('.pane')].map((pane) => pane.textContent.replace(/\s+/g, ' '))"
NUMBERS_OF_COLOURS = r"""[...document.querySelectorAll(".map .drawing")].map((drawing) =>
  [...drawing.querySelectorAll("text.small[text-anchor=middle]")].map((text) => text.textContent)
    .filter((text) => /^−?[\d.]+$/.test(text)).join())"""
OFFERED = "[...document.querySelector('[name=layer]').options].filter((one) => !one.disabled).map((one) => one.value)"
PLACE = """(() => {
  const drawing = document.querySelectorAll("DRAWING")[NUMBER];
  drawing.scrollIntoView({ block: "center" });
  const box = drawing.getBoundingClientRect(), scale = box.width / drawing.viewBox.baseVal.width;
  for (const [lefts, tops, widths, heights, rows, columns] of JSON.parse(drawing.dataset.zones)) {
    const i = rows.indexOf("ROW"), j = columns.indexOf("COLUMN");
    if (i < 0 || j < 0) continue;
    const x = lefts[j] + (widths[j] ?? widths) / 2, y = tops[i] + (heights[i] ?? heights) / 2;
    return [box.left + scale * x, box.top + scale * y];
  }
})()"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        found.ask("Emulation.setFocusEmulationEnabled", enabled=True)
        yield found


@pytest.fixture(scope="module")
def pages(runs, tmp_path_factory, parts_of):
    """Addresses: a written page, the same served, and a hostile one."""
    folder = tmp_path_factory.mktemp("explorers")
    both = parts_of(runs["one"], runs["two"])
    asked = Asked(texts={"split": "test", "host": "a", "layer": "hidden1", "alpha": "0.5"})
    with ExplorerServer(both, asked) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield {
            "written": save_explorer(both, folder / "two runs.html", asked).as_uri(),
            "served": server.address,
            "hostile": save_explorer(parts_of(runs["hostile"]), folder / "hostile.html", Asked()).as_uri(),
            "beside": save_explorer(both, folder / "beside.html", Asked(0, 1)).as_uri(),
        }
        server.shutdown()


def drawn_after(browser, turn):
    """Wait until the page has drawn anew."""
    end = time.monotonic() + 20
    while browser.value(TURN) == turn:
        assert time.monotonic() < end, "nothing was drawn anew"
        browser.value("new Promise((done) => setTimeout(done, 10))")


def opened(browser, page, **options):
    browser.open(page, **options)
    if options.get("scripts", True):
        drawn_after(browser, None)


def choose(browser, name, words):
    """Choose as a reader does: the option with these words."""
    turn = browser.value(TURN)
    browser.value(f"""(() => {{
      const select = document.querySelector("[name={name}]");
      [...select.options].find((one) => one.textContent === {json.dumps(words)}).selected = true;
      select.dispatchEvent(new Event("change", {{ bubbles: true }}));
    }})()""")
    drawn_after(browser, turn)


def click(browser, drawing, row, column, number=0):
    """Click in the middle of a zone, by the mouse."""
    words = {"DRAWING": drawing, "NUMBER": str(number), "ROW": row, "COLUMN": column}
    place = PLACE
    for word, text in words.items():
        place = place.replace(word, text)
    x, y = browser.value(place)
    turn = browser.value(TURN)
    for kind in ("mousePressed", "mouseReleased"):
        browser.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
    drawn_after(browser, turn)


def copied(browser, line):
    """What the button of a line puts into the clipboard."""
    browser.ask("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    browser.value(f"document.querySelector('{line} .copy').click()")
    browser.value("new Promise((done) => setTimeout(done, 100))")
    return browser.value("navigator.clipboard.readText()")


def cell(browser, row, column):
    """The first line of what the map says where a row and a column meet."""
    look = f"""(() => {{
      const drawing = document.querySelector(".map .drawing");
      const [, , , , rows, columns, tips] = JSON.parse(drawing.dataset.zones)[0];
      return tips[rows.indexOf("{row}")][columns.indexOf("{column}")].split("\\n")[0];
    }})()"""
    return browser.value(look)


@pytest.mark.parametrize("page", ["written", "served"])
def test_choose_click_and_copy(page, pages, browser):
    opened(browser, pages[page])
    assert browser.value("document.querySelector('.layer h3').textContent") == "hidden1, into a"

    choose(browser, "alpha", "alpha 0.25")
    assert "loss rise at alpha 0.25" in browser.value("document.querySelector('.map').textContent")

    click(browser, ".map .drawing", "hidden3", "into b")
    assert browser.value("document.querySelector('.layer h3').textContent") == "hidden3, into b"
    assert [browser.value(SELECTED.format(name)) for name in ("layer", "host")] == ["hidden3", "into b"]
    assert browser.value("document.querySelectorAll('.map .chosen.inner').length") == 1

    line = copied(browser, ".python")
    assert line == browser.value("document.querySelector('.python code').textContent")
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(line, {})
    shown = cell(browser, "hidden3", "into b").split()[0]
    assert number_text(float(said.getvalue()), len(shown.partition(".")[2])) == shown

    command = copied(browser, ".again")
    assert "--alpha 0.25 --host b --sweep single --layer hidden3" in command
    assert browser.complaints() == []


def test_the_copied_command_makes_a_page_that_begins_with_the_view(pages, browser, tmp_path):
    opened(browser, pages["written"])
    choose(browser, "beside", "two")
    choose(browser, "sweep", "window:2")
    choose(browser, "split", "train")
    shown = browser.value(PANES)
    program, *arguments = shlex.split(copied(browser, ".again"))
    assert program == "isthmus"
    found = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "again.html")])
    assert found.exit_code == 0, found.stderr
    opened(browser, (tmp_path / "again.html").as_uri(), scripts=False)
    again = browser.value(PANES)
    assert len(again) == 2
    assert again == shown


def test_arrow_keys_and_enter_choose_a_cell(pages, browser):
    opened(browser, pages["written"])
    browser.value("document.querySelector('.map .drawing').focus()")
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowRight"):
        browser.ask("Input.dispatchKeyEvent", type="keyDown", key=key)
    browser.ask("Input.dispatchKeyEvent", type="keyDown", key="Enter")
    browser.value("new Promise((done) => setTimeout(done, 300))")
    assert browser.value("document.querySelector('.layer h3').textContent") == "hidden2, into b"
    assert browser.value("document.activeElement.matches('.map .drawing')"), "the map keeps the focus"


def test_a_click_on_the_curve_chooses_the_alpha(pages, browser):
    opened(browser, pages["written"])
    click(browser, ".layer .drawing", "into a", "alpha 0.75")
    assert browser.value(SELECTED.format("alpha")) == "alpha 0.75"
    assert "loss rise at alpha 0.75" in browser.value("document.querySelector('.map').textContent")


def test_a_sweep_offers_its_own_layers(pages, browser):
    opened(browser, pages["written"])
    choose(browser, "sweep", "window:2")
    offered = browser.value(OFFERED)
    assert offered == ["all", "window2:hidden1", "window2:hidden2", "window2:hidden3"]
    assert browser.value(SELECTED.format("layer")) == "window2:hidden1"
    choose(browser, "value", "loss barrier")
    assert browser.value("document.querySelector('[name=alpha]').disabled"), "a barrier has an alpha of its own"


@pytest.mark.parametrize("page", ["written", "served"])
def test_two_runs_stand_side_by_side_with_the_same_colours(page, pages, browser):
    opened(browser, pages[page])
    choose(browser, "beside", "two")
    assert browser.value("[...document.querySelectorAll('.pane h2')].map((h) => h.textContent)") == [
        "one, test",
        "two, test",
    ]
    lefts = browser.value("[...document.querySelectorAll('.map .drawing')].map((d) => d.getBoundingClientRect().left)")
    assert lefts[1] - lefts[0] > 400
    limits = browser.value(NUMBERS_OF_COLOURS)
    assert limits[0] == limits[1]
    choose(browser, "beside", "nothing")
    assert browser.value("document.querySelectorAll('.pane').length") == 1


@pytest.mark.parametrize("page", ["written", "served", "hostile", "beside"])
def test_with_scripts_off_the_first_view_is_there(page, pages, browser):
    opened(browser, pages[page], width=400, scripts=False)
    assert browser.value("document.querySelectorAll('.map svg, .layer figure svg').length") >= 2
    assert browser.value("[...document.querySelectorAll('.table tbody tr')].length") >= 4
    said = browser.value("document.querySelector('noscript').textContent")
    assert ("Show" in said) if page == "served" else ("Scripts are off" in said)
    assert browser.value("document.querySelector('noscript').getClientRects().length") > 0


def test_with_scripts_off_a_served_page_chooses_by_its_button(pages, browser):
    opened(browser, pages["served"], scripts=False)
    browser.value(
        "document.querySelector('[name=layer]').value = 'fc'; document.querySelector('[name=alpha]').value = '0.75'"
    )
    browser.events.clear()
    browser.value("document.querySelector('noscript button').click()")
    while not any(event.get("method") == "Page.loadEventFired" for event in browser.events):
        browser.value("1")
    assert browser.value("document.querySelector('.layer h3').textContent") == "fc, into a"
    assert "loss rise at alpha 0.75" in browser.value("document.querySelector('.map').textContent")


def test_names_that_are_markup_do_nothing(pages, browser):
    opened(browser, pages["hostile"])
    for name, words in (("layer", HOSTILE[0]), ("layer", HOSTILE[1]), ("host", "into b")):
        choose(browser, name, words)
        assert browser.value("window.name") == ""
    assert HOSTILE[1] in browser.value("document.querySelector('.layer h3').textContent")
    assert browser.value("document.querySelectorAll('img, main script:not([type])').length") == 0
    browser.value("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"name=7\">')")
    browser.value("new Promise((done) => setTimeout(done, 200))")
    assert browser.value("window.name") == "", "and the policy forbids what would"


@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("page", ["written", "hostile", "beside"])
def test_nothing_is_cut_and_the_first_picture_comes_early(page, width, pages, browser):
    opened(browser, pages[page], width=width)
    found = SHOTS.findings(browser)
    assert 0 < found["first"] <= SHOTS.LOWEST
    assert (found["cut"], found["scrolls"], found["sideways"]) == ([], [], False)
    assert browser.complaints() == []


def test_steps_of_a_collection_are_asked_for_one_by_one(runs, tmp_path, parts_of, browser):
    parts = parts_of(make_collection(runs["midpoint"], tmp_path / "many", 9))
    asked = []
    with ExplorerServer(parts, Asked()) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        drawn = parts.part
        parts.part = lambda key: (asked.append(key), drawn(key))[1]
        opened(browser, server.address)
        asked.clear()
        choose(browser, "step", "4ep")
        assert browser.value("document.querySelector('.pane h2').textContent") == "many: 4ep"
        assert {key.split("-")[0] for key in asked} == {"4"}
        assert len(asked) == 5, "the controls, the map, the layer, the headline and the table"
        choose(browser, "beside", "many")
        choose(browser, "beside-step", "7ep")
        assert browser.value("document.querySelectorAll('.pane h2')[1].textContent") == "many: 7ep"
        assert "--step 4ep --beside-step 7ep --value" in browser.value(
            "document.querySelector('.again code').textContent"
        )
        server.shutdown()
        server.server_close()
        choose(browser, "step", "5ep")
        assert "isthmus explore has ended" in browser.value("document.querySelector('.absent').textContent")
