"""What a federated training says, in sentences computed from its numbers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from isthmus.report.federated.accuracy import accuracy_words, gain_words, loss_words
from isthmus.report.federated.table import BYTES_A_MEGABYTE

if TYPE_CHECKING:
    from isthmus.federated.results.levels import Comparison
    from isthmus.federated.results.summary import Earned, RuleSummary, Summary

Verdict = Literal["better", "worse", "not told apart"]
ONE_SEED = "One seed: there are no intervals, and no difference can be told from chance. Three seeds or more give them."


def verdict_of(found: "Comparison") -> Verdict:
    """Whether a difference can be told from zero.

    Args:
        found: Of error rates.

    Returns:
        "better" or "worse" where its interval leaves zero out.
    """
    if found.difference.is_nan or found.difference.includes_zero:
        return "not told apart"
    return "better" if found.difference.value < 0 else "worse"


def headline(summary: "Summary") -> str:
    """What partial averaging gave against full averaging and local training.

    Args:
        summary: Of error rates or losses.

    Returns:
        One or two sentences, with intervals.
    """
    is_accuracy = summary.value == "error_rate"
    level_words = accuracy_words if is_accuracy else loss_words
    ends = []
    for name, words in ((summary.everything, "full averaging"), (summary.nothing, "local training")):
        if name is not None:
            ends.append(f"{level_words(summary.of(name).own.mean)} with {words} ({name})")
    partial = _partial(summary)
    if not ends:
        ends = [f"{level_words(rule.own.mean)} under {rule.rule}" for rule in partial]
    rounds = f"{summary.num_rounds} {'round' if summary.num_rounds == 1 else 'rounds'}"
    level = "an accuracy" if is_accuracy else "a loss"
    first = f"After {rounds} clients reach {level} on their own test parts of {_listed(ends)}."
    both = [rule for rule in partial if _beats_both(rule)]
    has_both = summary.everything is not None and summary.nothing is not None
    if not partial or not has_both:
        return first
    if both:
        return f"{first} Averaging only some layers is better than both under {_listed([r.rule for r in both])}."
    return f"{first} No rule that averages only some layers can be shown to be better than both."


def reading(summary: "Summary") -> list[str]:
    """What else the last round says.

    Args:
        summary: Of error rates.

    Returns:
        Paragraphs: each reference, the worst clients, what measuring was worth.
    """
    found = []
    for name, words, kind in (
        (summary.everything, "full averaging", "all"), (summary.nothing, "local training", "none"),
    ):  # fmt: skip
        if name is not None:
            others = [(r.rule, c) for r in summary.rules if (c := r.to_all if kind == "all" else r.to_none)]
            found += [_against(words, name, others) + _before(summary.of(name))] if others else []
    found.append(_worst(summary))
    found += [earned_sentence(one, summary) for one in summary.earned]
    return found


def earned_sentence(earned: "Earned", summary: "Summary") -> str:
    """Whether a rule that measures barriers earned their cost.

    Args:
        earned: The rule against the best of those that measure nothing.
        summary: For its cost, and full averaging.

    Returns:
        A paragraph.
    """
    rule = summary.of(earned.rule)
    cost, found = rule.cost, earned.to_best
    parts = [f"{100 * cost.seconds_share:.0f} % of its seconds"] * (cost.seconds > 0)
    parts += [f"{100 * cost.bytes_share:.0f} % of its bytes"] * (cost.num_bytes > 0)
    says = {
        "better": f"{earned.rule} earned its cost",
        "worse": f"{earned.rule} did not earn its cost",
        "not told apart": f"{earned.rule} has not been shown to earn its cost",
    }[verdict_of(found)]
    text = f"{says}: against {earned.best}, the best of the rules that measure nothing, it gives {_signed(found)}"
    text += f". Measuring barriers takes {_listed(parts)}" if parts else ""
    if summary.everything is not None:
        full = summary.of(summary.everything).cost.num_bytes
        text += f"; with it {cost.num_bytes / BYTES_A_MEGABYTE:.1f} MB are sent, by {summary.everything} "
        text += f"{full / BYTES_A_MEGABYTE:.1f} MB"
    return f"{text}."


def clients_sentence(summary: "Summary") -> str:
    """What the picture of clients shows.

    Args:
        summary: Of error rates.

    Returns:
        How many clients every rule makes better off than local training, and what the last averaging changed.
    """
    gains = [(rule.rule, rule.to_none) for rule in summary.rules if rule.to_none]
    gained = [f"{found.num_better} of {found.num_pairs} under {rule}" for rule, found in gains]
    averagings = [(rule.rule, rule.averaging) for rule in summary.rules if rule.averaging]
    changed = [f"{_signed(found)} under {rule}" for rule, found in averagings if found.num_equal < found.num_pairs]
    parts = ["A dot is a client of one seed."]
    if gained:
        parts.append(f"Better than with local training are {_listed(gained)}.")
    if changed:
        parts.append(f"The last averaging by itself gives clients, who have just trained alone, {_listed(changed)}.")
    return " ".join(parts)


def _against(words: str, name: str, others: "Sequence[tuple[str, Comparison]]") -> str:
    groups: dict[Verdict, list[str]] = {"better": [], "worse": [], "not told apart": []}
    for rule, found in others:
        groups[verdict_of(found)].append(f"{rule} {_signed(found)}")
    ends = {"better": ("is", "are", "better"), "worse": ("is", "are", "worse")}
    said = []
    for verdict, rules in ((verdict, rules) for verdict, rules in groups.items() if rules):
        one, several, how = ends.get(verdict, ("can't", "can't", "be told from it"))
        said.append(f"{len(rules)} {one if len(rules) == 1 else several} {how}: {_listed(rules)}")
    count = f"the {len(others)} other rules" if len(others) > 1 else "the other rule"
    return f"Against {words} ({name}), of {count} {'; '.join(said)}."


def _before(rule: "RuleSummary") -> str:
    if rule.own_before is None or rule.averaging is None or rule.averaging.num_equal == rule.averaging.num_pairs:
        return ""
    who = "Before its last averaging, with each client's own training on top of the common network,"
    return f" {who} it has {accuracy_words(rule.own_before.mean)}."


def _worst(summary: "Summary") -> str:
    count = max(1, summary.rules[0].own.num_clients // 10)
    who = "the worst client" if count == 1 else f"the {count} worst clients"
    best = min(summary.rules, key=lambda rule: rule.own.worst_tenth.value)
    named = [rule for rule in summary.rules if rule.rule in {summary.everything, summary.nothing}]
    named = [best, *(rule for rule in named if rule is not best)]
    ends = [f"{accuracy_words(rule.own.worst_tenth)} under {rule.rule}" for rule in named]
    return f"The worst tenth ({who} of every seed) fares best under {best.rule}: it reaches {_listed(ends)}."


def _signed(found: "Comparison") -> str:
    return f"{'+' if found.difference.value < 0 else ''}{gain_words(found.difference)}"


def _partial(summary: "Summary") -> "list[RuleSummary]":
    return [rule for rule in summary.rules if rule.rule not in {summary.everything, summary.nothing}]


def _beats_both(rule: "RuleSummary") -> bool:
    return all(found is not None and verdict_of(found) == "better" for found in (rule.to_all, rule.to_none))


def _listed(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
