"""The section of a model card that says what averaging its layers costs: the table of barriers as Markdown."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.errors import InputError
from isthmus.files import save_bytes
from isthmus.hugging_face import card_name
from isthmus.report.barriers.reading import headline
from isthmus.report.barriers.table import BarrierTable, barrier_table
from isthmus.report.shown import CutBarrier
from isthmus.report.values import Column, columns_of, kind_of, value_words
from isthmus.results.rows import in_split, split_names
from isthmus.results.variables import OF
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr

BEGIN, END = "<!-- isthmus: barriers -->", "<!-- isthmus: end -->"
TITLE = "## What averaging its layers costs"
MARKUP = re.compile(r"[\\*_~$:@&#]|(?<=www)\.")  # what Markdown makes something of in a sentence, beside `card_name`


def card_section(result: "xr.Dataset") -> str:
    """What averaging each layer costs, for any model card; names from files are written so that they are no markup.

    Args:
        result: A measurement of two networks.

    Returns:
        Markdown between two comments, by which `save_in_card` finds it again.

    Raises:
        InputError: It is a collection, whose members have a table each.
    """
    members = [dim for dim in ("pair", "step") if dim in result.dims]
    if members:
        raise InputError(
            "a measurement of two networks",
            f"a collection of {result.sizes[members[0]]} {members[0]}s",
            "the model card",
            f"choose one: result.sel({members[0]}=...), or the folder of a member, FOLDER/members/NAME",
        )
    lines = [BEGIN, TITLE, "", *_made(result)]
    for split in split_names(result):
        lines += ["", f"### {_sentence(split)}"] if split else []
        said = headline(result, split)
        lines += ["", _sentence(said)] if said else []
        lines += ["", *_table(result, split)]
    return "\n".join([*lines, "", END, ""])


def save_in_card(section: str, card: Path) -> Path:
    """Put a section into a model card: in place of an earlier one, else at its end. All else stays as it is.

    Args:
        section: From `card_section`.
        card: A Markdown file, mostly `README.md`; made where there is none.

    Returns:
        The file.

    Raises:
        InputError: It is no text, or holds not exactly one begin and end of an earlier section.
    """
    try:
        text = card.read_bytes().decode("utf-8") if card.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            "a Markdown file in UTF-8", str(error), str(card), "name the README.md of a model, or a new file"
        ) from error
    begins, ends = (text.count(mark) for mark in (BEGIN, END))
    if (begins, ends) == (0, 0):
        text = f"{text.rstrip()}\n\n{section}" if text.strip() else section
    elif (begins, ends) == (1, 1) and text.index(BEGIN) < text.index(END):
        before, _, rest = text.partition(BEGIN)
        text = before + section.rstrip("\n") + rest.partition(END)[2]
    else:
        raise InputError(
            f"one {BEGIN} and after it one {END}", f"{begins} and {ends}", str(card), "remove the earlier section"
        )
    save_bytes(card, text.encode("utf-8"))
    return card


def _made(result: "xr.Dataset") -> list[str]:
    facts = {name: card_name(result.attrs.get(name, "")) for name in (*"ab", "data_name", "layer_rule", "loss")}
    for side in "ab":
        name, content = (card_name(result.attrs.get(f"{what}_{side}", "")) for what in ("name", "hash"))
        facts[side] = f"`{name or side}`" + (f" (`{content[:12]}`)" if content else "")
    baseline, alphas = result.attrs.get("baseline", "models"), ", ".join(f"{x:g}" for x in result["alpha"].values)
    asked = [f"layers by `{facts['layer_rule']}`"] * bool(facts["layer_rule"])
    asked += [f"loss `{facts['loss']}`"] * bool(facts["loss"]) + [f"alpha {alphas}", f"baseline `{baseline}`"]
    return [
        f"Network a is {facts['a']}, network b {facts['b']}, measured on "
        f"{result.attrs.get('num_examples', '?')} examples of `{facts['data_name'] or 'data'}` by isthmus "
        f"{card_name(result.attrs.get('isthmus_version', ''))} ({', '.join(asked)}).",
        "",
        "Into a: network a keeps its layers but that of the row, which is averaged with b's. The rise is what this "
        "costs a; the barrier is the largest excess over the baseline (Adilova et al., *Layer-wise linear mode "
        "connectivity*, ICLR 2024). Parentheses hold 95 % intervals; pp are percentage points.",
    ]


def _table(result: "xr.Dataset", split: str | None) -> list[str]:
    part = in_split(result, split)
    columns = [column for kind in OF if OF[kind].barrier.name in part for column in columns_of(result, kind)]
    tables = [barrier_table(result, column.value, split) for column in columns]
    titles = ["layer", "into", *(_title(*pair) for pair in zip(columns, tables, strict=True))]
    lines = [_row(titles), _row(["---", "---", *["---:"] * len(columns)])]
    for row in tables[0].all_rows:
        name = "full network" if row == FULL_NETWORK else f"`{card_name(row)}`"
        for host in tables[0].hosts:
            cells = [_cell(table.cells[row, host], column) for column, table in zip(columns, tables, strict=True)]
            lines.append(_row([name, host, *cells]))
    notes = dict.fromkeys(note for shown in tables for note in shown.notes)
    return [*lines, *(f"\n{_sentence(note)}" for note in notes)]


def _title(column: Column, table: BarrierTable) -> str:
    unit = "pp" if kind_of(column.value) == "error" else table.unit
    return _sentence(f"{value_words(column.value)} ({unit})")


def _cell(shown: CutBarrier, column: Column) -> str:
    estimate = shown.estimate
    at = f" at {shown.alpha:.3g}" if column.has_alpha and not estimate.is_nan else ""
    return f"{estimate.text}{shown.marks}{at} ({estimate.ends_text})"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _sentence(text: str) -> str:
    """Words with names among them, in which nothing is markup."""
    return MARKUP.sub(lambda found: f"\\{found[0]}", card_name(text))
