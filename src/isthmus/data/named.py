"""Arrays by name: which are the targets, and how rows of several lengths become one tensor."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from isthmus.errors import InputError, UnknownNameError, short_list
from isthmus.trees import Tree

TARGETS = ("labels", "label", "targets", "target")
"""What targets are called, in the order in which they are looked for."""

INPUTS = "inputs"
"""An array of this name is the only input, and is passed to the network alone."""

NOT_COUNTED = -100  # as PyTorch's losses and the collators of transformers have it
IDS, MASK = "input_ids", "attention_mask"


def target_name(names: Sequence[str], where: str, chosen: str | None = None) -> str:
    """Which of several arrays or columns holds the targets.

    Args:
        names: All of them.
        where: What they are in, for messages.
        chosen: The user's choice; None for the first of `TARGETS` that is there.

    Returns:
        Its name.

    Raises:
        InputError: None of them is called so.
        UnknownNameError: There is none of the chosen name.
    """
    if chosen is not None:
        if chosen not in names:
            raise UnknownNameError("a column", chosen, names, where)
        return chosen
    found = [name for name in TARGETS if name in names]
    if not found:
        got = f"no {' or '.join(TARGETS)}; it holds {short_list(names)}"
        raise InputError("targets by a usual name", got, where, "rename them, or of a file write :label=NAME")
    return found[0]


def inputs_and_targets(named: Mapping[str, Tree], where: str, chosen: str | None = None) -> tuple[Tree, Tree]:
    """Inputs and targets among arrays by name.

    Args:
        named: All of them.
        where: What they are in, for messages.
        chosen: The name of the targets; None for a usual one.

    Returns:
        The array `inputs` alone where there is one, else all that are not the targets, by name; and the targets.

    Raises:
        InputError: There are no targets, or nothing else.

    Example:
        >>> inputs_and_targets({"input_ids": 1, "attention_mask": 2, "labels": 3}, "example")
        ({'input_ids': 1, 'attention_mask': 2}, 3)
    """
    target = target_name(list(named), where, chosen)
    inputs = {name: part for name, part in named.items() if name != target}
    if not inputs:
        raise InputError("inputs beside the targets", f"nothing but {target}", where, "give the inputs too")
    return inputs.get(INPUTS, inputs), named[target]


def stacked(
    columns: Mapping[str, Sequence[Tensor]], target: str, where: str, *, pad: int = 0, length: int | None = None
) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Rows as tensors; those of several lengths are padded at their ends.

    Whole numbers beside the targets get 0 and input_ids `pad`; targets get -100, which no loss counts. If input_ids are
    padded and there is no attention_mask, it is made.

    Args:
        columns: Name -> its value in each row.
        target: The name of the targets.
        where: What to call the rows in messages.
        pad: The number of the padding token.
        length: What input_ids, and the columns as long as these, are padded or cut to; None for the longest.

    Returns:
        Name -> tensor (n, ...), and what was done, in words.

    Raises:
        InputError: The values of a column have shapes that padding does not mend.

    Example:
        >>> rows = {"input_ids": [torch.tensor([5]), torch.tensor([6, 7])], "labels": [torch.tensor(0)] * 2}
        >>> found, notes = stacked(rows, "labels", "example")
        >>> found["input_ids"].tolist(), found["attention_mask"].tolist(), notes
        ([[5, 0], [6, 7]], [[1, 0], [1, 1]], ('input_ids padded with 0 to 2', 'attention_mask made: 0 where padded'))
    """
    found: dict[str, Tensor] = {}
    notes: list[str] = []
    tokens = [len(row) if row.ndim else 0 for row in columns.get(IDS, ())]
    for name, rows in columns.items():
        value = NOT_COUNTED if name == target else pad if name in {IDS, "decoder_input_ids"} else 0
        goes_along = bool(tokens) and [len(row) if row.ndim else None for row in rows] == tokens
        wanted = length if goes_along else None
        found[name], note = _stacked(name, rows, value, wanted, is_target=name == target, where=where)
        notes += note
    if any(note.startswith(f"{IDS} padded") for note in notes) and MASK not in columns:
        width = found[IDS].shape[1]
        found[MASK] = torch.tensor([[int(place < size) for place in range(width)] for size in tokens])
        notes.append(f"{MASK} made: 0 where padded")
    return found, tuple(notes)


def _stacked(
    name: str, rows: Sequence[Tensor], value: int, wanted: int | None, *, is_target: bool, where: str
) -> tuple[Tensor, list[str]]:
    # A row without numbers has no type of its own to go by.
    filled = [row for row in rows if row.numel()]
    dtype = (filled or rows)[0].dtype
    for row in filled:
        dtype = torch.promote_types(dtype, row.dtype)
    shapes = {tuple(row.shape) for row in rows}
    if wanted is None and len(shapes) == 1:
        return torch.stack([row.to(dtype) for row in rows]), []
    is_whole = not (dtype.is_floating_point or dtype.is_complex)
    if len({shape[1:] for shape in shapes}) > 1 or () in shapes or (is_target and not is_whole):
        expected, got = f"{name} of one shape in all rows", f"shapes such as {short_list(sorted(shapes))}"
        raise InputError(expected, got, where, "bring all of them to one shape")
    sizes = [len(row) for row in rows]
    width = wanted or max(sizes)
    whole = torch.full((len(rows), width, *next(iter(shapes))[1:]), value, dtype=dtype)
    for place, row in enumerate(rows):
        whole[place, : len(row)] = row[:width].to(dtype)
    num_cut = sum(size > width for size in sizes)
    notes = [f"{name} padded with {value} to {width}"] if min(sizes) < width else []
    return whole, notes + ([f"{name} cut to {width} in {num_cut} of {len(rows)} rows"] if num_cut else [])
