"""The notebooks run from top to bottom, in a folder of their own, and what their cells show can be shown."""

import ast
import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

NOTEBOOKS = {file.stem: file for file in sorted((Path(__file__).parents[1] / "examples" / "notebooks").glob("*.ipynb"))}


def code_cells(file: Path) -> list[str]:
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def run_cell(source: str, names: dict[str, object]) -> object:
    """Run a cell as a notebook does: the value of its last line is what it shows."""
    body = ast.parse(source).body
    last = body.pop() if isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), "cell", "exec"), names)
    return None if last is None else eval(compile(ast.Expression(last.value), "cell", "eval"), names)


def test_there_are_the_three_that_the_documents_name() -> None:
    assert set(NOTEBOOKS) == {"merging", "trajectory", "two_checkpoints"}


def outputs(file: Path) -> list[dict[str, Any]]:
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    return [output for cell in cells for output in cell.get("outputs", [])]


def test_what_the_cells_show_is_kept_and_weighs_little() -> None:
    """They are read where nothing can be run: on a hosting site, in a mail."""
    assert sum(file.stat().st_size for file in NOTEBOOKS.values()) < 300_000
    for name, file in NOTEBOOKS.items():
        kinds = {kind for output in outputs(file) for kind in output.get("data", {})}
        assert kinds >= {"text/plain"}, name
        assert kinds & {"text/html", "image/png"}, name
        assert not [output for output in outputs(file) if output["output_type"] == "error"], name


def test_nothing_that_is_kept_tells_where_it_was_made() -> None:
    absolute = re.compile(r"(?<![\w.:/<>])/(?:[\w.-]+/)+[\w.-]*|0x[0-9a-f]{6,}")
    assert absolute.search("PosixPath('/tmp/a/report.html')")
    for name, file in NOTEBOOKS.items():
        texts = [output.get("text", output.get("data", {}).get("text/plain", "")) for output in outputs(file)]
        assert [found[0] for text in texts for found in absolute.finditer("".join(text))] == [], name


@pytest.mark.filterwarnings("ignore::isthmus.errors.IsthmusWarning")  # they are part of what is shown
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_from_top_to_bottom(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mpl.use("agg")
    names: dict[str, object] = {}
    shown = []
    for cell in code_cells(NOTEBOOKS[name]):
        value = run_cell(cell, names)
        html = getattr(value, "_repr_html_", None)
        shown.append(html() if html else repr(value))
        plt.close("all")
    assert any("costs" in text or "array" in text or "Axes" in text for text in shown)


@pytest.mark.skipif(importlib.util.find_spec("nbclient") is None, reason="needs the extra notebooks")
@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_in_a_kernel(name: str, tmp_path: Path) -> None:
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(NOTEBOOKS[name], as_version=4)
    NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert any("text/html" in output.get("data", {}) for output in outputs)
