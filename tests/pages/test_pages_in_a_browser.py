"""Pages as Chromium shows them: with scripts off, under their own policy, narrow and wide, by keyboard."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsers import SHOTS, chromium
from made_measurements import make_classes, make_measurement, many_sweeps

from isthmus.pages import save_report

HOSTILE = "<img src=x onerror=document.title='owned'>"
SHOWN = """[...document.querySelectorAll("main svg")].filter((svg) => svg.getBoundingClientRect().height > 50).length"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    grid = [i / 10 for i in range(11)]
    sixty = make_measurement(60, grid, splits=["train", "test"])
    hostile = make_measurement([HOSTILE, "fc"], grid, splits=[HOSTILE])
    hostile.attrs |= {"name_a": HOSTILE, "model": HOSTILE, "warnings": json.dumps([HOSTILE])}
    runs = {
        "sixty": [("sixty", sixty, make_classes(sixty))],
        "hostile": [(HOSTILE, hostile, None)],
        "two": [("one", make_measurement(7), None), ("other", make_measurement(7, seed=1), None)],
        "questions": [("questions", many_sweeps(5), None)],
    }
    return {name: save_report(of, folder / name) for name, of in runs.items()}


@pytest.mark.parametrize("name", ["sixty", "hostile", "two", "questions"])
def test_every_picture_is_there_with_scripts_off(name: str, pages: dict[str, Path], browser: Any) -> None:
    browser.open(pages[name], 400, scripts=False)
    off = browser.value(SHOWN)
    browser.open(pages[name], 400)
    assert off == browser.value(SHOWN) >= 7


@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("name", ["sixty", "hostile", "two", "questions"])
def test_nothing_is_cut_and_pictures_come_first(name: str, width: int, pages: dict[str, Path], browser: Any) -> None:
    browser.open(pages[name], width)
    found = SHOTS.findings(browser)
    assert 0 < found["first"] <= SHOTS.LOWEST
    assert (found["cut"], found["scrolls"], found["sideways"]) == ([], [], False)
    assert browser.complaints() == []
    assert pages[name].stat().st_size < 1_500_000


def test_a_name_that_is_markup_does_nothing_and_the_policy_forbids_what_would(
    pages: dict[str, Path], browser: Any
) -> None:
    browser.open(pages["hostile"])
    assert browser.value("document.querySelectorAll('img').length") == 0
    assert "owned" not in str(browser.value("document.title")).replace(HOSTILE, "")
    browser.value("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.owned = 1\">')")
    browser.value("new Promise((done) => setTimeout(done, 300))")
    assert browser.value("window.owned") is None
    assert any("Content Security Policy" in text for text in browser.complaints())


def test_arrow_keys_move_over_a_picture_and_say_its_numbers(pages: dict[str, Path], browser: Any) -> None:
    browser.open(pages["two"])
    browser.value("document.querySelector('.drawing').focus()")
    said = []
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        browser.ask("Input.dispatchKeyEvent", type="keyDown", key=key)
        said.append(str(browser.value("document.querySelector('.tip').textContent")))
    browser.ask("Input.dispatchKeyEvent", type="keyDown", key="Escape")
    assert [text.split("\n")[0] for text in said] == [
        "full network, rise into a", "full network, rise into b", "conv1, rise into b",
    ]  # fmt: skip
    assert all("nats" in text for text in said)
    assert browser.value("document.querySelector('.tip').hidden") is True
