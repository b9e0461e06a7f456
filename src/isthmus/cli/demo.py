"""`isthmus demo`: the whole idea in two minutes."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    out: Annotated[Path, typer.Option(help="Where to write networks, runs and the report.")] = Path("isthmus-demo"),
) -> None:
    """Train three small networks on shipped data, measure two pairs of them, and write a report."""
    from rich.console import Console

    from isthmus.experiments.demo import run_demo
    from isthmus.report.barriers.terminal import summary_texts

    outcome = run_demo(out, _said)
    console = Console()
    for pair, result in outcome.results.items():
        console.print(f"\n{pair}", style="bold")
        console.print(*summary_texts(result), sep="\n")
    print(f"\n{outcome.reading}\nreport: {outcome.page}")


def _said(text: str) -> None:
    typer.echo(text, err=True)
