"""How far a measurement is: lines in a log, a bar under a notebook's cell."""

import sys
from types import SimpleNamespace

import pytest

from isthmus.runs.progress import show_progress


class Notebook:
    """As much of IPython as a bar needs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shown: list[str] = []
        handle = SimpleNamespace(update=self.shown.append)
        display = SimpleNamespace(HTML=str, display=lambda *_, **__: handle)
        shell = SimpleNamespace(kernel=object())
        monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell, display=display))
        monkeypatch.setitem(sys.modules, "IPython.display", display)


def tell(num_units: int) -> None:
    with show_progress(5, 10 * num_units, enabled=True) as advance:
        for _ in range(num_units):
            advance("test", 10)


def test_a_log_gets_ten_lines_at_most(capsys: pytest.CaptureFixture[str]) -> None:
    tell(57)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[-1].startswith("test: 5 of 5 points, ")
    assert lines[-1].endswith(" examples/s, 0 s left")


def test_a_notebook_has_a_bar_that_fills_and_goes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = Notebook(monkeypatch)
    tell(4)
    assert [f'value="{done}"' in text for done, text in zip((10, 20, 30, 40), notebook.shown, strict=False)] == [
        True
    ] * 4
    assert 'max="40"' in notebook.shown[0]
    assert "test: 5 of 5 points" in notebook.shown[3]
    assert notebook.shown[-1] == ""
    assert capsys.readouterr().err == ""


def test_the_bar_goes_when_a_measurement_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = Notebook(monkeypatch)
    with pytest.raises(KeyboardInterrupt), show_progress(5, 10, enabled=True):
        raise KeyboardInterrupt
    assert notebook.shown == [""]
