"""`isthmus report`: pictures and a page from stored runs and studies."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    runs: Annotated[
        list[Path], typer.Argument(help="Run folders, or one folder of a collection, a study or a federated training.")
    ],
    out: Annotated[Path | None, typer.Option(help="Where to write; default for one run: its own folder.")] = None,
    model_card: Annotated[
        Path | None,
        typer.Option(help="Also put a section with the table of barriers into this model card (README.md)."),
    ] = None,
    png: Annotated[bool, typer.Option("--png", help="Write every picture as PNG too, drawn by matplotlib.")] = False,
) -> None:
    """Make pictures and one self-contained page from stored results, without measuring."""
    from isthmus.errors import InputError

    if out is None and len(runs) > 1:
        raise InputError("--out FOLDER for the report of several runs", "none", "isthmus report", "add --out FOLDER")
    section = "" if model_card is None else _card_section(runs)
    print(f"report: {save_runs_report(runs, out or runs[0], png=png)}")
    if model_card is not None:
        from isthmus.report.barriers.model_card import save_in_card

        print(f"model card: {save_in_card(section, model_card)}")


def _card_section(folders: list[Path]) -> str:
    from isthmus.errors import InputError
    from isthmus.report.barriers.model_card import card_section
    from isthmus.runs.folder.layout import RUN_FILE
    from isthmus.runs.folder.reading import load_run
    from isthmus.runs.renewed import with_rises

    if len(folders) > 1 or not (folders[0] / RUN_FILE).exists():
        got = "a folder of something else" if len(folders) == 1 else f"{len(folders)} folders"
        raise InputError("one run of two networks", got, "--model-card", "make a section of each run by itself")
    return card_section(with_rises(load_run(folders[0])))


def save_runs_report(folders: list[Path], out: Path, *, png: bool = False) -> Path:
    """Write one report of several runs, or of one study or federated training.

    Args:
        folders: Run folders, or the folder of one study or federated training.
        out: Where to write.
        png: Whether pictures are written as PNG too.

    Returns:
        The page.

    Raises:
        InputError: A collection, a study or a federated training is not alone.
    """
    from isthmus.errors import InputError
    from isthmus.federated.results.tables import is_federation, load_federation
    from isthmus.pages.result import save_result_report
    from isthmus.pages.run import save_report
    from isthmus.pages.study import save_study_report
    from isthmus.questions.study.folder import is_study, load_study
    from isthmus.report.picture import FORMATS, USUAL
    from isthmus.runs.folder.collection_record import is_collection
    from isthmus.runs.folder.loading import classes_of
    from isthmus.runs.folder.reading import load_run
    from isthmus.runs.renewed import with_rises

    for kind, name, remedy in (
        (is_study, "study", "report it by itself"),
        (is_federation, "federated training", "report it by itself"),
        (is_collection, "collection", "report it by itself, or name its members: FOLDER/members/*"),
    ):
        found = [folder for folder in folders if kind(folder)]
        if found and len(folders) > 1:
            raise InputError(
                f"runs of two networks, or one {name} alone",
                f"the {name} {found[0].name} among {len(folders)} folders",
                "isthmus report",
                remedy,
            )
    formats = FORMATS if png else USUAL
    if is_study(folders[0]):
        return save_study_report(load_study(folders[0]), out, formats)
    if is_federation(folders[0]):
        from isthmus.pages.federated import save_federated_report

        return save_federated_report(load_federation(folders[0]), out, formats)
    runs = [(folder.resolve().name, load_run(folder)) for folder in folders]
    if len(runs) == 1:
        return save_result_report(*runs[0], out, formats)
    return save_report([(name, with_rises(result), classes_of(result)) for name, result in runs], out, formats)
