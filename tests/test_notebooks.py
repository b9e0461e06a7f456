"""The notebooks run from top to bottom, in a folder of their own, and what their cells show can be shown."""

import ast
import importlib.util
import json
from pathlib import Path

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
