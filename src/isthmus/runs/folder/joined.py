"""The results of a collection's members as one labelled result, and back."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from isthmus.errors import InputError
from isthmus.results.labelled import labelled
from isthmus.runs.folder.collection_record import KIND, CollectionRecord, MemberRecord

LISTS = ("warnings", "notes", "unidentified")
CHECKS = "self_checks"


def joined_result(record: CollectionRecord, results: Sequence[xr.Dataset]) -> xr.Dataset:
    """One result with leading dimensions `pair` and `step`.

    Args:
        record: Which members there are.
        results: One a member, in its order.

    Returns:
        The members' variables, each with the leading dimensions; coordinates `name_a` and `name_b` along `pair` and,
        where known, `iteration` along `step`. Attributes that all members share stay, those that differ stand with
        the members in the attribute `members`. Where members were measured at different alphas, the others are NaN.
    """
    dimensions, members = record.dimensions, record.members
    parts = list(results)
    labels = {dim: list(dict.fromkeys(getattr(member, dim) for member in members)) for dim in dimensions}
    for dim in reversed(dimensions):
        length = len(labels[dim])
        groups = [parts[i : i + length] for i in range(0, len(parts), length)]
        parts = [_concatenated(group, dim) for group in groups]
    (whole,) = parts
    whole = whole.assign_coords({dim: np.array(labels[dim], dtype=object) for dim in dimensions})
    for name, dim in (("name_a", "pair"), ("name_b", "pair"), ("iteration", "step")):
        if dim in dimensions:
            values = {getattr(member, dim): getattr(member, name) for member in members}
            # 20 epochs of different batch sizes are one step, but no common iteration.
            if None not in values.values():
                dtype = np.int64 if name == "iteration" else object
                whole = whole.assign_coords({name: (dim, np.array(list(values.values()), dtype=dtype))})
    return labelled(whole.transpose(*dimensions, ...).assign_attrs(_attributes(record, results)))


def _concatenated(parts: Sequence[xr.Dataset], dim: str) -> xr.Dataset:
    return xr.concat(
        parts, dim=dim, data_vars="all", coords="different", compat="equals", join="outer", combine_attrs="drop"
    )


def _attributes(record: CollectionRecord, results: Sequence[xr.Dataset]) -> dict[str, Any]:
    names = list(dict.fromkeys(name for result in results for name in result.attrs if name != "run_folder"))
    lists = {name: _joined_list(record.members, results, name) for name in LISTS if name in names}
    if "warnings" in lists:
        lists["warnings"] = json.dumps([*record.warnings, *json.loads(lists["warnings"])])
    if CHECKS in names:
        lists[CHECKS] = _joined_checks(record.members, results)
    values = {name: [result.attrs.get(name) for result in results] for name in names if name not in lists}
    shared = {name: found[0] for name, found in values.items() if all(value == found[0] for value in found)}
    differing = [name for name in values if name not in shared]
    members = [
        {**member.model_dump(), "attributes": {name: values[name][i] for name in differing}}
        for i, member in enumerate(record.members)
    ]
    first = record.members[0]
    ends = {"name_a": first.name_a, "name_b": first.name_b} if "pair" not in record.dimensions else {}
    run_ids = [str(result.attrs["run_id"]) for result in results]
    return {
        **{name: value for name, value in shared.items() if name not in {"name_a", "name_b"}},
        **ends,
        **lists,
        "run_id": record.completed(run_ids).run_id,
        "kind": KIND,
        "dimensions": ", ".join(record.dimensions),
        "members": json.dumps(members),
    }


def _joined_list(members: Sequence[MemberRecord], results: Sequence[xr.Dataset], name: str) -> str:
    listed = [json.loads(str(result.attrs.get(name) or "[]")) for result in results]
    named = zip(members, listed, strict=True)
    return json.dumps([f"{member.name}: {text}" for member, texts in named for text in texts])


def _joined_checks(members: Sequence[MemberRecord], results: Sequence[xr.Dataset]) -> str:
    """One entry a check: passed if it passed in every member."""
    failed: dict[str, list[str]] = {}
    for member, result in zip(members, results, strict=True):
        for check in json.loads(str(result.attrs[CHECKS])):
            words = failed.setdefault(check["check"], [])
            words += [] if check["passed"] else [f"{member.name}: {check['detail']}"]
    return json.dumps([
        {"check": check, "passed": not words, "detail": "; ".join(words) or f"in all {len(members)} members"}
        for check, words in failed.items()
    ])


def is_joined(result: xr.Dataset) -> bool:
    """Whether a result is that of a collection, or a part of one.

    Args:
        result: Any result.

    Returns:
        False for the result of one measurement.
    """
    return result.attrs.get("kind") == KIND


def dimensions_of(result: xr.Dataset) -> list[str]:
    """What tells the members of a joined result apart.

    Args:
        result: From `joined_result`.

    Returns:
        Of "pair" and "step".
    """
    return str(result.attrs["dimensions"]).split(", ")


def record_of_members(result: xr.Dataset) -> CollectionRecord:
    """The record of the members that a joined result, or a part of one, still holds.

    Args:
        result: From `joined_result`, perhaps with some pairs and steps chosen from it.

    Returns:
        The record of these members.
    """
    dimensions = dimensions_of(result)
    held = {dim: [str(label) for label in np.atleast_1d(result[dim].values)] for dim in dimensions}
    fields = MemberRecord.model_fields
    members = [
        MemberRecord(**{name: value for name, value in member.items() if name in fields})
        for member in json.loads(result.attrs["members"])
    ]
    chosen = [member for member in members if all(getattr(member, dim) in held[dim] for dim in dimensions)]
    return CollectionRecord(dimensions=tuple(dimensions), members=tuple(chosen))  # type: ignore[arg-type]


def only_member(result: xr.Dataset) -> MemberRecord:
    """The one member that is left of a joined result.

    Args:
        result: With one pair and one step chosen.

    Returns:
        The member.

    Raises:
        InputError: There are several.
    """
    members = record_of_members(result).members
    if len(members) > 1:
        first = members[0]
        chosen = ", ".join(f"{dim}={getattr(first, dim)!r}" for dim in dimensions_of(result))
        raise InputError(
            "the result of one measurement",
            f"a collection of {len(members)}",
            "result",
            f"choose one member: result.sel({chosen}), or isthmus.load_run(FOLDER/members/{first.folder})",
        )
    return members[0]
