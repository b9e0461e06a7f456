"""`isthmus explore`: runs to look into, choice by choice, served to this machine or written as a page."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.errors import InputError

if TYPE_CHECKING:
    from isthmus.pages.explorer.parts import Parts
    from isthmus.pages.explorer.places import Asked

MANY = 20
"""Runs, from which on it takes a moment to read them."""


def explore(
    runs: Annotated[
        list[Path], typer.Argument(help="Run folders, or folders of collections; the second stands beside the first.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Write a page of this name, such as explore.html, and serve nothing.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="The split of the data to show first.")] = None,
    value: Annotated[
        str | None, typer.Option(help="What to show first: loss_rise, loss_barrier, error_rise or error_barrier.")
    ] = None,
    alpha: Annotated[float | None, typer.Option(help="The alpha to show rises at first.")] = None,
    host: Annotated[str | None, typer.Option(help="The host to show first: a or b.")] = None,
    sweep: Annotated[str | None, typer.Option(help="The sweep to show first, as isthmus measure names it.")] = None,
    layer: Annotated[
        str | None, typer.Option(help="The layer, or group of layers, to show first; all: the full network.")
    ] = None,
    pair: Annotated[str | None, typer.Option(help="The pair of a collection to show first.")] = None,
    step: Annotated[str | None, typer.Option(help="The step of a collection to show first.")] = None,
    beside_pair: Annotated[str | None, typer.Option(help="The pair to show beside it.")] = None,
    beside_step: Annotated[str | None, typer.Option(help="The step to show beside it.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to serve at; 0: any that is free.")] = 0,
    *,
    no_open: Annotated[bool, typer.Option("--no-open", help="Print the address, and open no browser.")] = False,
) -> None:
    """Look into runs: choose split, host, alpha, sweep, step and pair, and see a layer's curve, classes and neighbours.

    Two runs, or two members of a collection, stand side by side. What is shown can be copied as a command and as a line
    of Python. Serves to this machine alone until Ctrl-C; the address holds a secret token.
    """
    from isthmus.pages.explorer.explored import Explored
    from isthmus.pages.explorer.parts import Parts
    from isthmus.pages.explorer.places import Asked, Places
    from isthmus.pages.explorer.scales import Scales

    if out is not None:
        _refuse_no_page(out)
    folders = list(dict.fromkeys(runs))
    explored = Explored(folders)
    of_alpha = None if alpha is None else repr(alpha)
    given = {
        "split": split, "value": value, "alpha": of_alpha, "host": host, "sweep": sweep, "layer": layer,
        "pair": pair, "step": step, "beside-pair": beside_pair, "beside-step": beside_step,
    }  # fmt: skip
    texts = {name: text for name, text in given.items() if text is not None}
    beside = folders.index(runs[1]) if len(runs) > 1 else 0 if beside_pair or beside_step else None
    asked, places = Asked(0, beside, texts), Places(explored, range(len(explored.members)))
    places.refuse_unknown(asked)
    first = places.member(0, texts)
    explored.loaded(first).options.refuse_unknown(texts)
    if len(explored.members) > MANY:
        typer.echo(f"reading {len(explored.members)} measurements, for scales that all share", err=True)
    parts = Parts(explored, Scales.of(explored))
    if out is not None:
        from isthmus.pages.explorer.written import save_explorer

        print(f"explorer: {save_explorer(parts, out, asked)}")
        return
    _serve(parts, asked, port, is_opened=not no_open)


def _refuse_no_page(out: Path) -> None:
    if out.suffix != ".html" or out.is_dir():
        remedy = f"write --out {out / 'explore.html' if out.is_dir() else out.with_suffix('.html')}"
        raise InputError("the name of a page that ends in .html", str(out), "--out", remedy)


def _serve(parts: "Parts", asked: "Asked", port: int, *, is_opened: bool) -> None:
    import webbrowser

    from isthmus.cli.output.outcome import TERMINATED, TerminatedError
    from isthmus.pages.explorer.server import ExplorerServer

    with ExplorerServer(parts, asked, port) as server:
        print(f"explorer: {server.address}", flush=True)
        print("Ctrl-C ends it", file=sys.stderr)
        if is_opened:
            webbrowser.open(server.address)
        try:
            server.serve_forever()
        except KeyboardInterrupt as end:
            print("ended", file=sys.stderr)
            if isinstance(end, TerminatedError):
                raise typer.Exit(TERMINATED) from None
