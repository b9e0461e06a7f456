"""A merge as JSON: what was merged, what it costs, and what else was tried."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.files import save_bytes
from isthmus.measures.estimate import Estimate
from isthmus.merging.search.certificate import CONFIDENCE
from isthmus.merging.search.soup import Soup

if TYPE_CHECKING:
    from isthmus.merging.merged import Merge
    from isthmus.merging.search.comparison import Contender

SCHEMA_VERSION = 1
NAME = "merge"
COMPANIONS = (".json", ".html")
"""Endings of the files that belong to a merged network."""


def companion(out: Path, ending: str) -> Path:
    """A file that belongs to a merged network.

    Args:
        out: The `.safetensors` file or the folder.
        ending: Such as ".json".

    Returns:
        Beside a file, `merged.merge.json`; in a folder, `merge.json`.

    Example:
        >>> str(companion(Path("m.safetensors"), ".json")), str(companion(Path("m"), ".html"))
        ('m.merge.json', 'm/merge.html')
    """
    return out.with_suffix(f".{NAME}{ending}") if out.suffix == ".safetensors" else out / f"{NAME}{ending}"


def record_of_merge(merge: "Merge") -> dict[str, Any]:
    """All that was found, as values that strict JSON can hold.

    Args:
        merge: The merge.

    Returns:
        NaN and infinities are texts.
    """
    is_soup = len(merge.donors) > 1

    def of_donors(soup: Soup) -> dict[str, Any]:
        """Of two networks the layers say it."""
        layers = [list(merge.in_order(layers)) for layers in soup]
        return {"donors": dict(zip(merge.donors, layers, strict=True))} if is_soup else {}

    tests = [
        {
            "layers": list(merge.in_order(test.layers)),
            **of_donors(soup),
            **_ends("rise", test.rise),
            "bound": test.bound,
            "passed": test.passed,
        }
        for test, soup in zip(merge.certificate.tests, merge.soups, strict=True)
    ]
    searches = [
        {
            "layers": list(merge.in_order(selection.chosen)),
            "num_tried": selection.num_tried,
            "single": {label: _ends("rise", rise) for label, rise in selection.single.items()},
        }
        for selection in merge.selections
    ]
    record = {
        "schema_version": SCHEMA_VERSION,
        **merge.facts,
        "merged": {"layers": list(merge.layers), **of_donors(merge.soup), "num_parameters": merge.num_parameters[0]},
        "num_parameters": merge.num_parameters[1],
        "worth": merge.worth,
        "certificate": {"confidence": CONFIDENCE, "tests": tests},
        "selection": dict(zip(merge.donors, searches, strict=True)) if is_soup else searches[0],
        "compared": [_compared(one) | (of_donors(one.soup) if one.soup else {}) for one in merge.contenders],
        "notes": list(merge.notes),
    }
    plain: dict[str, Any] = _plain(record)
    return plain


def save_record(merge: "Merge", file: Path) -> None:
    """Write a merge as JSON, whole or not at all.

    Args:
        merge: The merge.
        file: To make.
    """
    save_bytes(file, (json.dumps(record_of_merge(merge), indent=1, allow_nan=False) + "\n").encode())


def _ends(name: str, estimate: Estimate) -> dict[str, Any]:
    ends = {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return ends if estimate.trusted or estimate.is_exact else ends | {"trusted": False}


def _compared(one: "Contender") -> dict[str, Any]:
    found = {"name": one.name, "layers": None if one.layers is None else list(one.layers), "worth_share": one.worth}
    found |= {"loss": one.loss, **_ends("loss_rise", one.loss_rise)}
    if one.error_rate is not None and one.error_rise is not None:
        found |= {"error_rate": one.error_rate, **_ends("error_rise", one.error_rise)}
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
