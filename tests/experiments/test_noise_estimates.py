"""Noise as estimates: differences between kinds of direction, and how many layers they are told for."""

import numpy as np
import pytest
import xarray as xr

from isthmus.experiments.claims.fig5 import noise_found
from isthmus.experiments.evidence.criterion import Verdict, criteria_of, verdict_of
from isthmus.experiments.evidence.located import Located
from isthmus.experiments.evidence.noise import differences, half_way_rows, rise, share_above_zero
from isthmus.experiments.reproduction.registry import known_claims
from isthmus.measures.estimate import UNKNOWN, Estimate

KINDS = ["averaging", "training", "null", "random"]


def made_study(heights, half_width=0.1, num_layers=2):
    """Rises of height times sigma squared, so that half way stands a quarter of the height."""
    moving, sigma = ["all", *(f"fc{k}" for k in range(1, num_layers + 1))], np.array([0.0, 0.5, 1.0])
    height = np.array([heights[kind] for kind in KINDS])[None, None, :, None]
    value = height * sigma**2 + np.zeros((2, len(moving), 1, 1))
    dims = ("host", "moving", "kind", "sigma")
    return xr.Dataset(
        {
            "loss_rise": (dims, value), "loss_rise_low": (dims, value - half_width),
            "loss_rise_high": (dims, value + half_width),
            "loss_rise_effective_examples": (dims, np.full(value.shape, 300.0)),
            "distance": ("moving", np.full(len(moving), 2.0)),
            "fraction": (("moving", "sigma"), sigma + np.zeros((len(moving), 1))),
        },
        coords={"host": ["a", "b"], "moving": moving, "kind": KINDS, "sigma": sigma},
    )  # fmt: skip


def noise_criteria(studies):
    return criteria_of(known_claims()["fig5"].criteria, {"": noise_found(studies)})


STUDY = made_study({"averaging": 4.0, "training": 8.0, "null": 0.4, "random": 1.0})


def test_a_rise_is_read_half_way_and_says_where_it_was_seen():
    assert rise(STUDY, "a1-b1", "b", "fc2", "training") == Located(Estimate(2.0, 1.9, 2.1), "pair a1-b1, fc2 of b")
    assert rise(STUDY, "a1-b1", "a", "all", "null").where == "pair a1-b1, leaving a"


def test_a_difference_is_as_wide_as_both_intervals_together():
    found = differences({"a1-b1": STUDY, "a2-b2": STUDY}, ["all", "fc1"], "averaging", "null")
    assert len(found) == 2 * 2 * 2
    assert found[0].estimate.value == pytest.approx(0.9)
    assert (found[0].estimate.low, found[0].estimate.high) == pytest.approx((0.7, 1.1))
    assert found[-1].where == "pair a2-b2, fc1 of b"


def test_a_share_counts_what_is_told_and_what_may_be_and_never_what_is_not_there():
    found = [Estimate(1, 0.5, 2), Estimate(1, -1, 2), Estimate(-1, -2, -0.5), UNKNOWN]
    assert share_above_zero(found) == Located(Estimate(0.5, 0.25, 0.5), "of 4")


def test_networks_that_do_not_differ_have_no_rise():
    still = STUDY.assign(distance=0 * STUDY["distance"])
    assert rise(still, "p", "a", "all", "averaging").estimate.is_nan


def test_the_table_has_a_row_for_each_pair_group_and_host():
    titles, *rows = half_way_rows({"a1-b1": STUDY}, ["all", "fc1"])
    assert titles[3:] == [f"{kind}, nats" for kind in KINDS]
    assert [row[:3] for row in rows] == [["a1-b1", name, host] for name in ("full network", "fc1") for host in "ab"]
    assert rows[0][3] == "1.0 (0.9 to 1.1)"


@pytest.mark.parametrize(
    ("averaging", "training", "outcomes", "verdict"),
    [
        (4.0, 8.0, ["met"] * 4, Verdict.CONFIRMED),
        (0.0, 8.0, ["not met", "met", "not met", "met"], Verdict.NOT),
        (4.0, 0.5, ["met", "undecided", "met", "undecided"], Verdict.PARTLY),
    ],
)
def test_the_figure_is_confirmed_only_if_both_kinds_hurt_more_than_null_space_noise(
    averaging, training, outcomes, verdict
):
    study = made_study({"averaging": averaging, "training": training, "null": 0.4, "random": 1.0}, half_width=0.02)
    weak = made_study({"averaging": 9.0, "training": 9.0, "null": 0.4, "random": 1.0}, half_width=0.02)
    criteria = noise_criteria({"a1-b1": weak, "a2-b2": study})
    assert verdict_of(criteria) == verdict
    assert [criterion.outcome for criterion in criteria] == outcomes


def test_single_layers_have_to_show_it_mostly():
    good, bad = (made_study({"averaging": x, "training": x, "null": 0.4, "random": 1.0}) for x in (4.0, -4.0))
    for studies, met in (({"p": good, "q": good, "r": good, "s": bad}, True), ({"p": good, "q": bad}, False)):
        assert [criterion.met for criterion in noise_criteria(studies)] == [False, False, met, met]
