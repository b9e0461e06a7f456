"""What every rule of a federated training gave in its last round, beside full averaging and local training.

The best round is never what is reported: which one it is would be chosen on the test examples.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from isthmus.federated.results.costs import Cost, cost_of
from isthmus.federated.results.levels import Comparison, Level, Value, comparison_of, level_of, per_client

if TYPE_CHECKING:
    from isthmus.federated.results.tables import FederationTables


@dataclass(frozen=True)
class RuleSummary:
    """One rule in the last round.

    Attributes:
        rule: Its label.
        own: On the clients' own test parts at the end: after the rule's last phases if it has any, or after averaging.
        own_before: The same before the last averaging, after local training; None where that was not evaluated.
        whole: On all test examples, at the end; None where they were not evaluated.
        averaging: Own, after the last averaging against before it.
        to_all: Own, against the rule that averages every layer; None for itself and where the recipe lacks it.
        to_none: Own, against local training.
        cost: Of all rounds.
    """

    rule: str
    own: Level
    own_before: Level | None
    whole: Level | None
    averaging: Comparison | None
    to_all: Comparison | None
    to_none: Comparison | None
    cost: Cost


@dataclass(frozen=True)
class Earned:
    """Whether a rule that measures barriers earned their cost: against the best rule that measures nothing.

    Attributes:
        rule: The label of the rule that measures.
        best: The label of the rule with the best mean of those that don't, full averaging and local training included.
            It is chosen on the test examples, which favours it.
        to_best: The first against the second.
    """

    rule: str
    best: str
    to_best: Comparison


@dataclass(frozen=True)
class Summary:
    """Every rule in the last round.

    Attributes:
        value: What the numbers are of.
        num_rounds: The last round's number.
        seeds: Over which intervals go.
        rules: In the recipe's order.
        everything: The label of full averaging; None where the recipe lacks it.
        nothing: The label of local training; None where the recipe lacks it.
        earned: One for each rule that measures barriers.
    """

    value: Value
    num_rounds: int
    seeds: tuple[int, ...]
    rules: tuple[RuleSummary, ...]
    everything: str | None
    nothing: str | None
    earned: tuple[Earned, ...]

    def of(self, rule: str) -> RuleSummary:
        """One rule.

        Args:
            rule: Its label.

        Returns:
            Its summary.
        """
        return next(found for found in self.rules if found.rule == rule)


def summary_of(federation: "FederationTables", value: Value | None = None) -> Summary:
    """The last round under every rule.

    Args:
        federation: A finished training.
        value: Of what: larger is worse. None for error rates, or losses where examples have no classes.

    Returns:
        The summary.
    """
    if value is None:
        value = "error_rate" if federation.outcomes["error_rate"].notna().any() else "loss"
    rules = tuple(_rule_summary(federation, rule, value) for rule in federation.rules)
    everything, nothing = (next(iter(federation.labels_of(kind)), None) for kind in ("all", "none"))
    measuring = federation.labels_of("barrier")
    others = [found for found in rules if found.rule not in measuring]
    best = min(others, key=lambda found: found.own.mean.value).rule if others else ""
    pairs = [(rule, difference(federation, rule, best, value)) for rule in measuring if best]
    earned = tuple(Earned(rule, best, found) for rule, found in pairs if found is not None)
    return Summary(value, federation.num_rounds, federation.seeds, rules, everything, nothing, earned)


def difference(federation: "FederationTables", rule: str, other: str, value: Value = "error_rate") -> Comparison | None:
    """Two rules on the clients' own test parts at the end, paired by seed and client.

    Args:
        federation: A finished training.
        rule: A label.
        other: The label of what is taken away.
        value: Of what.

    Returns:
        The comparison; None where they share no client.
    """
    ends = (per_client(federation.outcomes, name, federation.num_rounds, value=value) for name in (rule, other))
    return comparison_of(*ends)


def _rule_summary(federation: "FederationTables", rule: str, value: Value) -> RuleSummary:
    outcomes, last = federation.outcomes, federation.num_rounds
    before, after = (per_client(outcomes, rule, last, when, value=value) for when in ("before", "after"))
    own = level_of(per_client(outcomes, rule, last, value=value))
    assert own is not None, "a federation has own outcomes of the last round"

    def against(kind: str) -> Comparison | None:
        others = [label for label in federation.labels_of(kind) if label != rule]
        return difference(federation, rule, others[0], value) if others else None

    return RuleSummary(
        rule=rule,
        own=own,
        own_before=level_of(before),
        whole=level_of(per_client(outcomes, rule, last, data="global", value=value)),
        averaging=comparison_of(after, before),
        to_all=against("all"),
        to_none=against("none"),
        cost=cost_of(federation, rule),
    )
