"""What a command prints about a finished federated training."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from isthmus.cli.output.json_text import plain_number


def print_federation(folder: Path, *, as_json: bool = False) -> None:
    """Write the page of a federated training; print its last round as a table, or as JSON.

    Args:
        folder: Of `isthmus federate`.
        as_json: Whether to print JSON instead.
    """
    from isthmus.federated.results.summary import summary_of
    from isthmus.federated.results.tables import load_federation
    from isthmus.pages.federated import save_federated_report

    federation = load_federation(folder)
    page = save_federated_report(federation, folder)
    summary = summary_of(federation)
    if as_json:
        print(summary_json_text(summary))
        return
    from rich.console import Console

    from isthmus.cli.output.study import rich_table
    from isthmus.report.federated.reading import ONE_SEED, earned_sentence, headline
    from isthmus.report.federated.table import summary_table

    console = Console()
    which = f"{federation.name}, round {summary.num_rounds}"
    level = "accuracy" if summary.value == "error_rate" else "loss"
    title = f"{which}: {level} with 95 % intervals over seeds ({len(summary.seeds)})"
    console.print(rich_table(summary_table(summary), title, console.width))
    worth = summary.earned if summary.value == "error_rate" else ()
    print(headline(summary), *(earned_sentence(earned, summary) for earned in worth))
    if len(summary.seeds) == 1:
        print(ONE_SEED)
    print(f"report: {page}")


def summary_json_text(summary: Any) -> str:
    """The last round under every rule as strict JSON.

    Args:
        summary: An `isthmus.federated.results.summary.Summary`.

    Returns:
        JSON of its fields: error rates as fractions or, of examples without classes, losses; differences below zero
        where the rule is better. NaN and infinities are the texts "NaN", "Infinity" and "-Infinity".
    """
    return json.dumps(_plain(asdict(summary)), indent=1)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else plain_number(value)
