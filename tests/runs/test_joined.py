"""Joining results: what is common stays common, what differs is kept for each member."""

import json

import numpy as np
import xarray as xr

from isthmus.runs.folder.collection_record import CollectionRecord, MemberRecord
from isthmus.runs.folder.joined import joined_result

RECORD = CollectionRecord(
    dimensions=("step",),
    members=tuple(
        MemberRecord(name=step, folder=step, step=step, iteration=n, name_a="one", name_b="two")
        for n, step in enumerate(("0ep", "9ep"))
    ),
)


def member(number, refined=2):
    checks = [{"check": "same twice", "passed": number == 0, "detail": f"detail {number}"}]
    attrs = {"run_id": str(number), "seed": 0, "hash_a": f"h{number}", "name_a": "0ep.safetensors"}
    return xr.Dataset(
        {"loss": (("moving", "alpha"), np.full((2, 1), float(number))), "distance": ("moving", [1.0, number])},
        coords={
            "moving": ["all", "fc"],
            "alpha": [0.5],
            "sweep": ("moving", ["full", "single"]),
            "refined": np.arange(refined),
            "refined_alpha": (("moving", "refined"), np.full((2, refined), 0.1 * number)),
        },
        attrs={
            **attrs,
            "warnings": json.dumps(["odd"] * number),
            "notes": json.dumps([]),
            "self_checks": json.dumps(checks),
        },
    )


def test_coordinates_that_differ_are_kept_for_each_member_and_equal_ones_stay_common():
    result = joined_result(RECORD, [member(0), member(1)])
    assert result.refined_alpha.dims == ("step", "moving", "refined")
    np.testing.assert_array_equal(result.refined_alpha.sel(step="9ep"), 0.1)
    assert result["sweep"].dims == ("moving",)
    longer = joined_result(RECORD, [member(0), member(1, refined=3)])
    assert np.isnan(longer.refined_alpha.sel(step="0ep", refined=2)).all()
    np.testing.assert_array_equal(longer.refined_alpha.sel(step="9ep", refined=2), 0.1)


def test_attributes_that_differ_stand_with_their_members():
    attrs = joined_result(RECORD, [member(0), member(1)]).attrs
    assert attrs["seed"] == 0
    assert "hash_a" not in attrs
    assert [m["attributes"]["hash_a"] for m in json.loads(attrs["members"])] == ["h0", "h1"]
    assert attrs["name_a"] == "one"
    assert json.loads(attrs["warnings"]) == ["9ep: odd"]
    (check,) = json.loads(attrs["self_checks"])
    assert (check["passed"], check["detail"]) == (False, "9ep: detail 1")
