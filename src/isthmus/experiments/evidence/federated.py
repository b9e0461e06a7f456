"""What averaging some layers between clients gives them, over averaging all layers and over none."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from isthmus.experiments.evidence.criterion import Found
from isthmus.experiments.evidence.evidence import Evidence
from isthmus.experiments.evidence.located import Located
from isthmus.federated.results.levels import Comparison
from isthmus.federated.results.summary import Summary, difference, summary_of
from isthmus.measures.estimate import UNKNOWN, Estimate
from isthmus.report.federated.accuracy import accuracy
from isthmus.report.federated.accuracy import gain as points
from isthmus.report.federated.gains import gain_heatmap
from isthmus.report.picture import Picture

if TYPE_CHECKING:
    from isthmus.federated.results.tables import FederationTables

FULL, LOCAL, MEASURED = "all", "none", "barrier"


def gain(comparison: Comparison | None) -> Estimate:
    """What a rule gains over another in accuracy.

    Args:
        comparison: Of error rates.

    Returns:
        Percentage points: above zero where the rule is better.
    """
    assert comparison is not None, "both rules have the same seeds and clients"
    return points(comparison.difference)


def partial_rules(federation: "FederationTables") -> list[str]:
    """The rules that average some layers.

    Args:
        federation: With the rules "all" and "none".

    Returns:
        Labels of all others.
    """
    return [rule for rule in federation.rules if rule not in {FULL, LOCAL}]


def gains(federations: "Mapping[str, FederationTables]", names: Iterable[str], over: str) -> list[Located]:
    """What every partial rule gains, federation by federation.

    Args:
        federations: By name.
        names: Of those that count.
        over: The label of the other rule.

    Returns:
        One a rule and federation.
    """
    return [
        Located(gain(difference(federations[name], rule, over)), f"rule {rule}, {name}")
        for name in names
        for rule in partial_rules(federations[name])
    ]


def cost_text(summary: Summary) -> str:
    """What measuring barriers costs beside what it gives.

    Args:
        summary: Of a federation with the rules "all", "none" and "barrier".

    Returns:
        A sentence.
    """
    found = summary.of(MEASURED)
    given = gain(found.to_all)
    sure = (
        "surely more" if given.low > 0 else "surely less" if given.high < 0 else "neither surely more nor surely less"
    )
    return (
        f"choosing by barriers gives {given.whole_text} points over averaging everything, {sure}; measuring takes "
        f"{found.cost.seconds_share:.0%} of its seconds and {found.cost.bytes_share:.0%} of its bytes"
    )


def level_rows(federations: "Mapping[str, FederationTables]", summaries: Mapping[str, Summary]) -> list[list[str]]:
    """Every rule in the last round, as a table.

    Args:
        federations: By name.
        summaries: Of them, by name.

    Returns:
        Rows of cells, the titles first: accuracies in per cent on the clients' own test parts.
    """
    titles = [
        "federation", "rule", "accuracy, own, %", "worst tenth, %", "before averaging, %", "all test, %",
        "over full, points", "over local, points", "MB a client",
    ]  # fmt: skip
    rows = [titles]
    for name, federation in federations.items():
        num_clients = int(federation.recipe["clients"])
        for rule in summaries[name].rules:
            rows.append([
                name, rule.rule, _percent(rule.own.mean), _percent(rule.own.worst_tenth),
                _percent(rule.own_before.mean) if rule.own_before else "–",
                _percent(rule.whole.mean) if rule.whole else "–",
                gain(rule.to_all).whole_text if rule.to_all else "–",
                gain(rule.to_none).whole_text if rule.to_none else "–",
                f"{rule.cost.num_bytes / num_clients / 1e6:.1f}",
            ])  # fmt: skip
    return rows


def evidence_of(federations: "Mapping[str, FederationTables]", found: Mapping[str, Found]) -> Evidence:
    """What federations show: levels, gains, and what measuring barriers costs.

    Args:
        federations: By name.
        found: What was seen for each criterion.

    Returns:
        The evidence, with heat maps of what every rule gains over full averaging and over local training.
    """
    summaries = {name: summary_of(one) for name, one in federations.items()}
    measured = [f"{name}: {cost_text(one)}" for name, one in summaries.items()]
    told = [_local_and_full(summaries), f"Measured against its cost. {'; '.join(measured)}."]
    rules = list(dict.fromkeys(rule for federation in federations.values() for rule in federation.rules))
    panels = {
        words: {rule: [_cell(summary, rule, over) for summary in summaries.values()] for rule in rules if rule != over}
        for words, over in (("over averaging everything", FULL), ("over training alone", LOCAL))
    }
    title = "Accuracy on the clients' own test parts gained by averaging some layers, percentage points"
    sentence = (
        "Mean over clients and seeds in the last round, each rule against the other on the same seeds and clients."
    )
    picture = Picture("gains", title, partial(gain_heatmap, panels, list(federations), rules), sentence)
    seeds = {len(federation.seeds) for federation in federations.values()}
    clients = {int(federation.recipe["clients"]) for federation in federations.values()}
    basis = (
        f"From {'/'.join(map(str, sorted(seeds)))} seeds of {'/'.join(map(str, sorted(clients)))} clients each; "
        "brackets hold Student's 95 % intervals over seeds, rules paired by seed and client; of an extreme, from the "
        "most extreme lower to the most extreme upper end."
    )
    return Evidence(found, told, [picture], 0, level_rows(federations, summaries), basis)


def _percent(error_rate: Estimate) -> str:
    return accuracy(error_rate).whole_text


def _cell(summary: Summary, rule: str, over: str) -> Estimate:
    found = next((one for one in summary.rules if one.rule == rule), None)
    return UNKNOWN if found is None else gain(found.to_all if over == FULL else found.to_none)


def _local_and_full(summaries: Mapping[str, Summary]) -> str:
    """What local training and full averaging reach, for a reader who knows public baselines."""
    parts = []
    for name, summary in summaries.items():
        full, local = summary.of(FULL), summary.of(LOCAL)
        on_all = f" ({_percent(full.whole.mean)} on all test images)" if full.whole else ""
        parts.append(
            f"{name}: averaging everything {_percent(full.own.mean)} %{on_all}, training alone "
            f"{_percent(local.own.mean)} %"
        )
    return "Accuracy on the clients' own test parts in the last round. " + "; ".join(parts) + "."
