"""A merge in words: what it costs, how sure that is, and why nothing was certified where that is so."""

import re
from typing import TYPE_CHECKING, Any

from isthmus.errors import short_list
from isthmus.measures.estimate import Estimate, percentage_points
from isthmus.merging.search.certificate import CONFIDENCE
from isthmus.merging.search.selection import room_below
from isthmus.report.merging import MERGED
from isthmus.report.significant import ends_text, significant_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from isthmus.merging.merged import Merge

WORTH_WORDS = {"parameters": "parameters", "count": "layers"}


def merge_headline(merge: "Merge") -> str:
    """What a merge costs, in a line or two.

    Args:
        merge: From `isthmus.merge`.

    Returns:
        One sentence.
    """
    certified, limit = merge.certificate.certified, cost_text(Estimate.exact(merge.certificate.tolerance), merge.facts)
    if certified is None:
        return f"Nothing is merged: no set of layers is certified to cost less than {limit}."
    cost = cost_text(certified.rise, merge.facts)
    return (
        f"Averaging {len(merge.layers)} of {len(merge.worth)} layers costs network a {cost}, certified below {limit}."
    )


def merge_sentence(merge: "Merge") -> str:
    """What was merged and what it costs.

    Args:
        merge: From `isthmus.merge`.

    Returns:
        One or two sentences.
    """
    facts, found = merge.facts, merge.certificate
    certified, on = found.certified, facts["certify_on"]
    limit = cost_text(Estimate.exact(found.tolerance), facts)
    if certified is None:
        return (
            f"No set of layers is certified to cost less than {limit} on {on['num_examples']} examples of "
            f"{data_name(on['name'])}: nothing is merged. {_failure_words(merge)}"
        )
    moved, total = merge.num_parameters
    largest = found.tests[-1].layers
    more = (
        ""
        if merge.soups[-1] == merge.soup
        else f" The search offered {len(largest)}; more than these were not certified."
        if len(merge.donors) == 1
        else " The search offered more; that was not certified."
    )
    share = percent(moved / total if total else 0)
    return (
        f"{len(merge.layers)} of {len(merge.worth)} layers with {share} of the parameters are averaged"
        f"{_donor_words(merge)}. That costs network a {cost_text(certified.rise, facts)} on {on['num_examples']} "
        f"examples of {data_name(on['name'])} that did not choose the layers: less than {limit} with "
        f"{percent(CONFIDENCE)} confidence.{more}{_error_words(merge)}"
    )


def _donor_words(merge: "Merge") -> str:
    """How many layers each of several donors joined, and which joined none."""
    if len(merge.donors) == 1:
        return ""
    joined = [f"{name} in {len(layers)}" for name, layers in merge.joined.items() if layers]
    return "; ".join([f", each as the mean of the networks in it: {', '.join(joined)}", *left_out_words(merge)])


def worth_words(merge: "Merge") -> str:
    """What shares of a merge are of: with several donors, of what all of them could give.

    Args:
        merge: From `isthmus.merge`.

    Returns:
        Such as "parameters", or "donors' parameters".
    """
    worth = WORTH_WORDS.get(merge.facts["by"], "worth")
    return worth if len(merge.donors) == 1 else f"donors' {worth}"


def left_out_words(merge: "Merge") -> list[str]:
    """Which donors are in no layer of the merged network, and why.

    Args:
        merge: From `isthmus.merge`.

    Returns:
        Up to two texts.
    """
    fits = {name for name, selection in zip(merge.donors, merge.selections, strict=True) if selection.chosen}
    unfit, uncertified = ([n for n in merge.left_out if (n in fits) == is_fit] for is_fit in (False, True))
    said = [f"left out, since no layer fits: {', '.join(unfit)}"] if unfit else []
    return [*said, *([f"left out, since it is not certified: {', '.join(uncertified)}"] if uncertified else [])]


def _error_words(merge: "Merge") -> str:
    """That errors rise where only the loss was certified: means of networks are less sure, which losses reward."""
    (merged,) = (one for one in merge.contenders if one.name == MERGED)
    rise = merged.error_rise
    if merge.facts["metric"] == "error" or rise is None or not rise.low > 0:
        return ""
    words = cost_text(rise, {**merge.facts, "metric": "error"})
    return f" Its error rate rises by {words} all the same; --metric error limits that."


def _failure_words(merge: "Merge") -> str:
    """Why nothing was certified, and how many examples would change it if the means stayed as they are."""
    tests = merge.certificate.tests
    if not tests:
        return "No layer alone costs less on the examples of the search: a larger tolerance may help."
    layers, cost = tests[0].layers, cost_text(tests[0].rise, merge.facts)
    name = short_list(sorted(layers)) if len(layers) < 4 else f"{len(layers)} layers"
    said = f"The smallest set that was tested ({name}) costs {cost}"
    room = room_below(tests[0].rise, merge.certificate.tolerance)
    if not room > 0:
        return f"{said}: a larger tolerance may help."
    needed = merge.facts["certify_on"]["num_examples"] / room**2
    return f"{said}: at this mean and spread it takes about {float(f'{needed:.2g}'):,.0f} examples to certify it."


def data_name(name: str) -> str:
    """The name of data without the options of its reading.

    Args:
        name: Such as "cifar10:test[0:500]:mean=0.5,std=0.25".

    Returns:
        Such as "cifar10:test[0:500]".
    """
    return re.sub(r":[a-z_]+=.*", "", name)


def cost_text(cost: Estimate, facts: "Mapping[str, Any]") -> str:
    """A cost with its unit, and with its interval where it has one.

    Args:
        cost: Of loss, or a fraction of errors.
        facts: Of the merge.

    Returns:
        Such as "0.0123 nats (95 % interval 0.01 to 0.02)"; errors in percentage points.
    """
    shown = percentage_points(cost) if facts["metric"] == "error" else cost
    text = f"{significant_text(shown.value)} {unit_of(facts)}".strip()
    return text if cost.is_exact else f"{text} (95 % interval {ends_text(shown)})"


def unit_of(facts: "Mapping[str, Any]") -> str:
    """The unit of costs.

    Args:
        facts: Of the merge.

    Returns:
        "nats", "percentage points", or "" for a loss that has none.
    """
    if facts["metric"] == "error":
        return "percentage points"
    return "nats" if facts["loss"].startswith("cross_entropy") else ""


def percent(fraction: float) -> str:
    """A fraction as text.

    Args:
        fraction: Of [0, 1].

    Returns:
        Such as "97.5 %".
    """
    return f"{100 * fraction:.1f} %"
