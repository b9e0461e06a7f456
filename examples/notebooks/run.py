"""Run the notebooks and keep what their cells show: `python examples/notebooks/run.py` (extra `notebooks`)."""

import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient


def main() -> None:
    """Run each in a folder of its own."""
    for file in sorted(Path(__file__).parent.glob("*.ipynb")):
        notebook = nbformat.read(file, as_version=4)
        with tempfile.TemporaryDirectory() as place:
            NotebookClient(notebook, resources={"metadata": {"path": place}}).execute()
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)  # times
        nbformat.write(notebook, file)
        print(file.name)


if __name__ == "__main__":
    main()
