"""Run the notebooks and keep what their cells show: `python examples/notebooks/run.py` (extra `notebooks`)."""

import re
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient


def main() -> None:
    """Run each in a folder of its own."""
    for file in sorted(Path(__file__).parent.glob("*.ipynb")):
        notebook = nbformat.read(file, as_version=4)
        with tempfile.TemporaryDirectory() as place:
            folder = str(Path(place).resolve())
            NotebookClient(notebook, resources={"metadata": {"path": folder}}).execute()
        notebook.metadata.language_info = {"name": "python"}
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)  # times
            for output in cell.get("outputs", []):
                clean(output, folder)
        nbformat.write(notebook, file)
        print(file.name)


def clean(output: dict[str, Any], folder: str) -> None:
    """Take out of an output what is of this machine or this run.

    Args:
        output: Of a cell; changed.
        folder: In which the notebook ran.
    """
    if "text" in output:
        output["text"] = clean_text(output["text"], folder)
    data = output.get("data", {})
    data |= {kind: clean_text(text, folder) for kind, text in data.items() if kind.startswith("text/")}


def clean_text(text: str, folder: str) -> str:
    """A text without the folders that it names, and without places in memory.

    Args:
        text: What a cell shows.
        folder: In which the notebook ran.

    Returns:
        The text.
    """
    without = text.replace(f"{folder}/", "")
    without = re.sub(r"\S*/(?=isthmus/\S+\.py:\d)", "", without)
    return re.sub(r" at 0x[0-9a-f]+", "", without)


if __name__ == "__main__":
    main()
