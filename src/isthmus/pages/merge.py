"""The page of a merge: what was merged, what it costs, on what that was certified, and what else was tried."""

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.errors import short_list
from isthmus.files import save_bytes
from isthmus.measures.estimate import Estimate, percentage_points
from isthmus.merging.record import companion
from isthmus.merging.search.comparison import PLAIN, SLERP
from isthmus.merging.search.soup import layers_of, share_of
from isthmus.pages.merge_words import (
    data_name,
    left_out_words,
    merge_headline,
    merge_sentence,
    percent,
    unit_of,
    worth_words,
)
from isthmus.report.cells import Cell, Table
from isthmus.report.merging import MERGED, CostShown, cost_figure
from isthmus.report.picture import Picture
from isthmus.report.rendering import render
from isthmus.report.significant import interval_text, significant_text
from isthmus.report.style import picture_bytes

if TYPE_CHECKING:
    from isthmus.merging.merged import Merge
    from isthmus.merging.search.comparison import Contender

NOTES = (
    "The cost of a network is the rise of its mean loss or error rate over that of network a, paired on the examples.",
    "Layers were chosen on other examples than those of the certificate; all numbers here come from the latter.",
    "The certificate tests nested sets of layers, fixed beforehand, by bounds that hold for all of them together; sets "
    "that pass leave, the others are tested anew, and the largest that passed is merged. The probability that what it "
    "certifies costs more than the tolerance, on average over examples of this kind, is at most 2.5 %.",
)
OF_TWO = (
    "'by single layers' trusts the costs of single layers alone and adds them up; 'greedy' takes layers in that "
    "order as long as the joint cost fits; random sets are of about the same size; 'slerp' is spherical interpolation "
    "of all layers, tensor by tensor.",
)
OF_SEVERAL = (
    "Donors were taken one after another, the one that does best by itself on the examples of the choice first. Layers "
    "joined as long as the whole costs less than the tolerance there, each as the plain mean of the networks in it. "
    "The certificate is of the whole, over network a: no donor was judged on its examples.",
    "'Of all' is what donors gave of all that they could give: the plain average of all networks is 100 %. 'One "
    "donor alone' has the layers of the first that joined; random ones are as large as the merged network.",
)

RECALIBRATE_ON = "recalibrate_on"
DATA_WORDS = {"data": "Chosen on", "certify_on": "Certified on", RECALIBRATE_ON: "Statistics measured on"}
ANEW = (
    "Networks with averaged layers have BatchNorm's statistics measured anew on {}, examples of neither kind; a and "
    "b keep their own."
)


def merge_rows(merge: "Merge", *, brief: bool = False) -> Table:
    """The merged network beside what else could have been done, on the examples of the certificate.

    Args:
        merge: From `isthmus.merge`.
        brief: Leave out the error rates themselves, for a terminal.

    Returns:
        One row a network.
    """
    has_errors = all(one.error_rate is not None for one in merge.contenders)
    columns = ("Network", "Layers", f"Of all {worth_words(merge)}", "Loss", "Loss rise over a")
    rows = []
    for one in _distinct(merge):
        size = ("–", "–") if one.layers is None else (f"{len(one.layers)}", percent(one.worth))
        cells = [Cell(one.name), *(Cell(text, stored=repr(_number(text))) for text in size)]
        cells += [Cell(significant_text(one.loss, 4), stored=repr(one.loss)), _rise_cell(one.loss_rise)]
        if one.error_rate is not None and one.error_rise is not None and has_errors:
            rate = 100 * one.error_rate
            cells += [] if brief else [Cell(f"{rate:.2f}", stored=repr(rate))]
            cells.append(_rise_cell(percentage_points(one.error_rise)))
        rows.append(tuple(cells))
    more = (*(() if brief else ("Error (%)",)), "Error rise (points)") if has_errors else ()
    return Table((*columns, *more), tuple(rows))


def same_words(merge: "Merge") -> str:
    """Which of the others average the very layers of the merged network, or none.

    Args:
        merge: From `isthmus.merge`.

    Returns:
        A sentence, or "".
    """
    shown = _distinct(merge)
    same = [one.name for one in merge.contenders if one not in shown and one.soup == merge.soup]
    none = [one.name for one in merge.contenders if one not in shown and not one.layers and one.name not in same]
    said = [f"The same layers as the merged network: {short_list(same)}."] if same else []
    return " ".join([*said, *([f"No layer at all: {short_list(none)}."] if none else [])])


def certificate_rows(merge: "Merge") -> Table:
    """The nested sets of the certificate, the smallest first.

    Args:
        merge: From `isthmus.merge`.

    Returns:
        One row a set.
    """
    rows, before = [], frozenset[tuple[str, str]]()
    for number, (test, soup) in enumerate(zip(merge.certificate.tests, merge.soups, strict=True), start=1):
        pairs = [
            (donor, label) for donor, layers in zip(merge.donors, soup, strict=True) for label in merge.in_order(layers)
        ]
        added = [pair for pair in pairs if pair not in before]
        before = frozenset(pairs)
        share = share_of(soup, merge.worth)
        is_soup = len(merge.donors) > 1
        words = f"{len(added)} layers" if number == 1 and len(added) > 3 else _joining(added, is_soup=is_soup)
        is_error = merge.facts["metric"] == "error"
        cost, bound = (percentage_points(test.rise), 100 * test.bound) if is_error else (test.rise, test.bound)
        verdict = "certified" if test.passed else "not"
        rows.append((
            Cell(f"{number}"), Cell(f"{len(test.layers)}", stored=f"{len(test.layers)}"), Cell(words),
            Cell(percent(share), stored=repr(share)), _rise_cell(cost),
            Cell(significant_text(bound), stored=repr(bound)), Cell(verdict),
        ))  # fmt: skip
    return Table(("Test", "Layers", "With these more", "Of all", "Cost", "Surely below", "Verdict"), tuple(rows))


def _joining(added: "list[tuple[str, str]]", *, is_soup: bool) -> str:
    """Layers that are averaged with a donor more than in the test before; the donors' names where there are several."""
    donors = dict.fromkeys(donor for donor, _ in added)
    of = {donor: short_list([label for name, label in added if name == donor], 3) for donor in donors}
    return "; ".join(f"{donor}: {labels}" if is_soup else labels for donor, labels in of.items())


def save_merge_page(merge: "Merge", out: Path) -> Path:
    """Write one self-contained page of a merge beside its file, or in its folder.

    Args:
        merge: From `isthmus.merge`.
        out: The merged network's file or folder.

    Returns:
        The page's file.
    """
    page = companion(out, ".html")
    save_bytes(page, merge_page(merge, out.name).encode())
    return page


def merge_page(merge: "Merge", name: str) -> str:
    """The page's text.

    Args:
        merge: From `isthmus.merge`.
        name: Of the merged network's file or folder.

    Returns:
        HTML that loads nothing.
    """
    picture = Picture("merge", "What averaging costs", partial(cost_figure, cost_shown(merge)), merge_sentence(merge))
    assert picture.draw is not None
    svg = picture_bytes(picture.draw(), "svg")
    facts = {name: value for name, value in merge.facts.items() if not isinstance(value, dict)}
    data = [(title, merge.facts[key]) for key, title in DATA_WORDS.items() if key in merge.facts]
    settings = [(title, f"{of['name']}, {of['num_examples']} examples, hash {of['hash'][:16]}") for title, of in data]
    settings += [
        (name.replace("_", " "), value if isinstance(value, str) else json.dumps(value))
        for name, value in facts.items()
    ]
    anew = (ANEW.format(data_name(merge.facts[RECALIBRATE_ON]["name"])),) if RECALIBRATE_ON in merge.facts else ()
    alphas = merge.facts.get("alphas", {})
    kept = [label for label in merge.worth if label not in merge.layers]
    return render(
        "merge.html",
        title=f"Isthmus: {name}",
        facts=merge.facts,
        file=name,
        headline=merge_headline(merge),
        merged=[f"{label} at {alphas[label]:g}" if label in alphas else label for label in merge.layers],
        kept=kept,
        donors=merge.donors,
        joined=merge.joined if len(merge.donors) > 1 else {},
        left_out=left_out_words(merge),
        picture=picture.shown({"merge": svg}),
        compared=merge_rows(merge),
        same=same_words(merge),
        on=data_name(merge.facts["certify_on"]["name"]),
        tests=certificate_rows(merge),
        notes=(*NOTES, *(OF_TWO if len(merge.donors) == 1 else OF_SEVERAL), *anew),
        warnings=list(merge.notes),
        settings=settings,
        is_folder=not name.endswith(".safetensors"),
    )


def cost_shown(merge: "Merge") -> CostShown:
    """What the picture of a merge shows.

    Args:
        merge: From `isthmus.merge`.

    Returns:
        Shares of worth and costs, in nats or percentage points.
    """
    is_error = merge.facts["metric"] == "error"

    def shown(cost: Estimate) -> Estimate:
        return percentage_points(cost) if is_error else cost

    points = []
    for one in _distinct(merge):
        cost = one.error_rise if is_error else one.loss_rise
        if one.layers is not None and cost is not None:
            points.append((one.name, one.worth, shown(cost)))
    tests = [
        (share_of(soup, merge.worth), shown(test.rise), test.passed)
        for test, soup in zip(merge.certificate.tests, merge.soups, strict=True)
    ]
    limit = 100 * merge.certificate.tolerance if is_error else merge.certificate.tolerance
    return CostShown(tuple(points), tuple(tests), limit, unit_of(merge.facts) or "loss", worth_words(merge))


def _distinct(merge: "Merge") -> "list[Contender]":
    """The networks beside one another, without those that are the merged network or the host once more."""
    always = (MERGED, SLERP) if len(merge.donors) > 1 else (MERGED, PLAIN, SLERP)
    return [
        one
        for one in merge.contenders
        if one.soup is None or one.name in always or (layers_of(one.soup) and one.soup != merge.soup)
    ]


def _rise_cell(cost: Estimate) -> Cell:
    return Cell(significant_text(cost.value), "" if cost.is_exact else interval_text(cost), repr(cost.value))


def _number(text: str) -> float:
    return float("nan") if text == "–" else float(text.rstrip(" %"))
