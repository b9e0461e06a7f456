"""`isthmus report`: pictures and a page from stored runs and studies."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, or the folder of one study.")],
    out: Annotated[Path | None, typer.Option(help="Where to write; the run's own folder if there is only one.")] = None,
) -> None:
    """Make pictures and one self-contained page from stored results; nothing is measured."""
    from isthmus.errors import InputError

    if out is None and len(runs) > 1:
        raise InputError("--out FOLDER for the report of several runs", "none", "isthmus report", "add --out FOLDER")
    print(f"report: {save_runs_report(runs, out or runs[0])}")


def save_run_report(folder: Path) -> Path:
    """Write the report of one run into its own folder.

    Args:
        folder: A run folder.

    Returns:
        The page.
    """
    return save_runs_report([folder], folder)


def save_runs_report(folders: list[Path], out: Path) -> Path:
    """Write one report of several runs, or of one study.

    Args:
        folders: Run folders, or the folder of one study.
        out: Where to write.

    Returns:
        The page.

    Raises:
        InputError: There is a study among several folders.
    """
    from isthmus.errors import InputError
    from isthmus.report.folder import save_report
    from isthmus.report.studies import save_study_report
    from isthmus.runs.access import load_classes, load_run
    from isthmus.runs.study import is_study, load_study

    studies = [folder for folder in folders if is_study(folder)]
    if studies and len(folders) > 1:
        raise InputError(
            "several runs, or one study", f"a study among {len(folders)} folders", str(studies[0]), "report it alone"
        )
    if studies:
        return save_study_report(load_study(studies[0]), out)
    return save_report([(folder.resolve().name, load_run(folder), load_classes(folder)) for folder in folders], out)
