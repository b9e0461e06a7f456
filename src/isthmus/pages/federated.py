"""The report of a federated training: its pictures as files, and one self-contained page."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.federated.results.costs import left_out
from isthmus.federated.results.layer_maps import averaging_shares, largest_barriers
from isthmus.federated.results.levels import Data, by_round, per_client
from isthmus.federated.results.summary import Summary, summary_of
from isthmus.report.cells import Cell, Table
from isthmus.report.federated.clients import ClientDots, clients_figure
from isthmus.report.federated.over_rounds import rounds_figure
from isthmus.report.federated.reading import ONE_SEED, clients_sentence, headline, reading
from isthmus.report.federated.round_map import SHARE_SCALE, barrier_scale, map_figure
from isthmus.report.federated.table import accuracy_table, cost_table
from isthmus.report.file_names import file_names
from isthmus.report.picture import USUAL, Picture, save_page
from isthmus.report.rendering import render
from isthmus.runs.folder.layout import Layout

if TYPE_CHECKING:
    import pandas as pd

    from isthmus.federated.results.tables import FederationTables

BASELINES = {"models": "the mean loss of both networks", "host": "the loss of the network that is changed"}
MOST_ROWS = 400
"""Of a table in the page; all rows are in the Parquet files."""


def save_federated_report(federation: "FederationTables", folder: Path, formats: Sequence[str] = USUAL) -> Path:
    """Write `figures/*.svg` and a self-contained `report.html`, each whole or not at all.

    Args:
        federation: A finished training.
        folder: Where to; made if it is not there.
        formats: Of the pictures' files, SVG among them.

    Returns:
        The path of `report.html`.
    """
    summary, files = summary_of(federation), Layout(folder)
    pictures = federated_pictures(federation, summary)
    return save_page(
        files.page, files.figures, pictures, lambda svgs: _page(federation, summary, pictures, svgs), formats
    )


def federated_pictures(federation: "FederationTables", summary: Summary) -> list[Picture]:
    """Every picture of a federated training.

    Args:
        federation: The training.
        summary: Of its error rates, or of losses where there are no classes.

    Returns:
        Accuracy over rounds and the clients where there are classes, which layers were averaged, and barriers under
        each rule that measured.
    """
    found = _accuracy_pictures(federation, summary) if summary.value == "error_rate" else []
    shares = {rule: 100 * averaging_shares(federation, rule) for rule in federation.rules}
    found.append(_rules_picture(shares))
    for rule, stem in zip(federation.rules, file_names(federation.rules), strict=True):
        if (shares[rule].nunique(axis=1) > 1).any():
            found.append(_shares_picture(shares[rule], rule, stem))
        barriers = largest_barriers(federation, rule)
        if len(barriers.columns):
            found.append(_barriers_picture(federation, barriers, rule, stem))
    return found


def _accuracy_pictures(federation: "FederationTables", summary: Summary) -> list[Picture]:
    found = [_rounds_picture(federation, summary, "own", "own test part")]
    if any(rule.whole is not None for rule in summary.rules):
        found.append(_rounds_picture(federation, summary, "global", "global test set"))
    dots = {rule: _dots(federation, summary, rule) for rule in federation.rules}
    return [*found, Picture("clients", "Every client", partial(clients_figure, dots), clients_sentence(summary))]


def _rounds_picture(federation: "FederationTables", summary: Summary, data: Data, words: str) -> Picture:
    curves = {rule: by_round(federation.outcomes, rule, data=data) for rule in federation.rules}
    draw = partial(rounds_figure, curves, (summary.everything, summary.nothing), words)
    sentence = (
        "The mean over clients after averaging in every round that was evaluated; bands are 95 % intervals over seeds, "
        "each for its rule and round. The last round is what is reported, not the best."
    )
    return Picture(f"accuracy_{data}", f"Accuracy over rounds, {words}", draw, sentence)


def _dots(federation: "FederationTables", summary: Summary, rule: str) -> ClientDots:
    before = per_client(federation.outcomes, rule, federation.num_rounds, "before")
    after = per_client(federation.outcomes, rule, federation.num_rounds)
    found = summary.of(rule)
    worst_before = found.own_before.worst_tenth.value if found.own_before else float("nan")
    return ClientDots(before.tolist(), after.tolist(), worst_before, found.own.worst_tenth.value)


def _rules_picture(shares: "Mapping[str, pd.DataFrame]") -> Picture:
    import pandas as pd

    means = pd.DataFrame({rule: of_rule.mean(axis=1) for rule, of_rule in shares.items()})
    counts = ", ".join(f"{(means[rule] > 0).sum()} under {rule}" for rule in means.columns)
    sentence = (
        f"The share of clients that average a layer, mean over rounds and seeds. Layers that some client averages, of "
        f"{len(means)}: {counts}."
    )
    draw = partial(map_figure, means, SHARE_SCALE, "Mean over rounds", axis="")
    return Picture("layers", "Which layers are averaged", draw, sentence)


def _shares_picture(shares: "pd.DataFrame", rule: str, stem: str) -> Picture:
    first, last = (float((shares[number] / 100).sum()) for number in (shares.columns[0], shares.columns[-1]))
    sentence = (
        f"The share of clients that average a layer in each round, mean over seeds. A client averages {first:.1f} of "
        f"{len(shares)} layers in the first round and {last:.1f} in the last, on average."
    )
    draw = partial(map_figure, shares, SHARE_SCALE, rule)
    return Picture(f"averaged_{stem}", f"Which layers are averaged in which round: {rule}", draw, sentence)


def _barriers_picture(federation: "FederationTables", barriers: "pd.DataFrame", rule: str, stem: str) -> Picture:
    threshold = federation.threshold
    baseline = BASELINES[str((federation.recipe.get("barriers") or {}).get("baseline", "models"))]
    sentence = (
        f"The largest loss barrier of each layer alone over the measured pairs of clients, counted from {baseline}, "
        f"after local training and before averaging; mean over seeds."
    )
    if threshold is not None:
        last = barriers.iloc[:, -1]
        sentence += (
            f" In the last measured round ({barriers.columns[-1]}) {int((last > threshold).sum())} of {len(last)} "
            f"layers are above {threshold:g} nats. A client goes by its own barriers, so some may average these too."
        )
    draw = partial(map_figure, barriers, barrier_scale(barriers, threshold), rule)
    return Picture(f"barriers_{stem}", f"Barriers between clients: {rule}", draw, sentence)


def _page(
    federation: "FederationTables", summary: Summary, pictures: Sequence[Picture], svgs: Mapping[str, bytes]
) -> str:
    absent = left_out(federation)
    return render(
        "federated.html",
        title=f"Isthmus: {federation.name}",
        recipe=federation.recipe,
        seeds=federation.seeds,
        headline=headline(summary),
        reading=reading(summary) if summary.value == "error_rate" else [],
        hint=ONE_SEED if len(federation.seeds) == 1 else "",
        level="Accuracy" if summary.value == "error_rate" else "Loss",
        accuracies=accuracy_table(summary),
        costs=cost_table(summary, summary_of(federation, "loss")),
        pictures=[picture.shown(svgs) for picture in pictures],
        left_out=_table(absent, ("Rule", "Seed", "Round", "Client", "Why")) if len(absent) else None,
        num_left_out=len(absent),
        clients=_clients_table(federation),
        num_clients=len(federation.clients),
        layers=_table(federation.layers[["layer", "bytes", "parameters"]], ("Layer", "Bytes", "Parameters")),
        most_rows=MOST_ROWS,
        last_rules=sorted(set(federation.outcomes.loc[federation.outcomes["when"] == "last", "rule"])),
        settings=_settings(federation),
    )


def _table(frame: "pd.DataFrame", columns: tuple[str, ...]) -> Table:
    rows = frame.head(MOST_ROWS).itertuples(index=False, name=None)
    return Table(columns, tuple(tuple(_cell(value) for value in row) for row in rows))


def _cell(value: object) -> Cell:
    return Cell(str(value)) if isinstance(value, str) else Cell(str(value), stored=repr(value))


def _clients_table(federation: "FederationTables") -> Table:
    shown = federation.clients[["seed", "client", "num_train", "num_test"]].assign(
        classes=[", ".join(f"{count} of {label}" for label, count in c.items()) for c in federation.clients["classes"]]
    )
    return _table(shown, ("Seed", "Client", "Training examples", "Test examples", "Training examples by class"))


def _settings(federation: "FederationTables") -> list[tuple[str, str]]:
    rows = [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in federation.recipe.items()]
    rows += [(f"hash of {name}", str(value)) for name, value in federation.hashes.items() if value]
    return rows + [(f"version of {name}", str(value)) for name, value in federation.versions.items()]
