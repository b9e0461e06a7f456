"""`isthmus explain`: an idea of the paper with freshly measured numbers."""

import json
from pathlib import Path
from typing import Annotated

import typer

TOPICS = {"theorem": "why one layer of a deep linear network has no barrier, and two layers may have one"}


def explain(
    topic: Annotated[str | None, typer.Argument(help="What to explain; without it, list the topics.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write pictures and page; default: isthmus-TOPIC.")] = None,
    a: Annotated[float, typer.Option(help="First weight of network a in the minimal example.")] = 0.25,
    b: Annotated[float, typer.Option(help="First weight of network b in the minimal example.")] = 4.0,
    pairs: Annotated[int, typer.Option(min=1, help="Number of pairs of random deep linear networks.")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random deep linear networks.")] = 0,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
) -> None:
    """Explain a topic: a short text, closed forms with measurements, and pictures."""
    from isthmus.errors import InputError, UnknownNameError

    if topic is None:
        for name, words in TOPICS.items():
            print(f"{name:12}{words}")
        return
    if topic not in TOPICS:
        raise UnknownNameError("a topic", topic, TOPICS, "isthmus explain", "`isthmus explain` lists the topics")
    from isthmus.questions.theorem.example import DiagonalExample

    example, folder = DiagonalExample(a, b), out or Path(f"isthmus-{topic}")
    if folder.is_file():
        raise InputError("a folder", "a file", str(folder), "name another --out")
    from isthmus.questions.theorem.study import run_theorem

    theorem = run_theorem(folder, example, pairs, seed, _said)
    if as_json:
        print(json.dumps(theorem.numbers(), indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    from isthmus.questions.theorem.page import midpoint_rows
    from isthmus.questions.theorem.reading import EXPLANATION

    rows = midpoint_rows(theorem.paths)
    table = Table(box=None, header_style="bold", title="loss half-way along each path", title_justify="left")
    for column in rows[0]:
        table.add_column(column, justify="left" if column in {"path", "verdict"} else "right", overflow="fold")
    for row in rows:
        table.add_row(*row.values())
    console = Console(highlight=False)
    for paragraph in EXPLANATION:
        console.print(f"{paragraph}\n", markup=False)
    console.print(table)
    for reading in theorem.readings:
        console.print(f"\n{reading}", markup=False)
    print(f"\npage: {theorem.page}")


def _said(text: str) -> None:
    typer.echo(text, err=True)
