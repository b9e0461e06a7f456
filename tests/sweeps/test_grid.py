"""The rows of a measurement and the distinct networks behind them."""

import subprocess
import sys

import pytest
from cases import CASES
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.errors import InputError
from isthmus.layers.rules import layer_partition
from isthmus.paths.linear import Segment
from isthmus.sweeps.full import Full
from isthmus.sweeps.grid import grid_of
from isthmus.sweeps.group import MovingGroup
from isthmus.sweeps.single import Single
from isthmus.sweeps.spec import FORMS, sweeps_of
from isthmus.weights.state import entry_kinds


def small_segment():
    case = CASES[1]
    model = case.build()
    return Segment.between(case.weights(0), case.weights(1), layer_partition("module", model), entry_kinds(model))


def test_rows_that_are_one_network_share_a_point():
    segment = small_segment()
    num_layers = len(segment.layers)
    grid, points = grid_of(segment, [Full(), Single()], ("a", "b"), (0.5,), far_ends=False)
    assert grid.num_points == len(points) == len(set(points)) == 2 + 1 + 2 * num_layers
    assert grid.rows[0, 0, 0] == grid.rows[1, 0, 0]
    grid, _ = grid_of(segment, [Full(), Single()], ("a", "b"), (0.0, 1.0), far_ends=True)
    assert grid.rows[0, :, 0].tolist() == [0] * (num_layers + 1)
    assert (grid.far_ends == grid.rows[:, :, 1]).all()
    assert grid.rows[0, 0, 1] == 1


def test_every_row_points_at_the_network_that_it_names():
    segment = small_segment()
    grid, points = grid_of(segment, [Full(), Single()], ("b", "a"), (0.25, 0.5), far_ends=False)
    for h, host in enumerate(grid.hosts):
        for m, group in enumerate(grid.groups):
            for k, alpha in enumerate(grid.alphas):
                assert points[grid.rows[h, m, k]] == segment.point(host, group.layers, alpha)


def test_the_full_sweep_stands_first_whether_or_not_it_was_asked_for():
    assert [sweep.name for sweep in sweeps_of("single")] == ["full", "single"]
    assert [sweep.name for sweep in sweeps_of(["single", "full"])] == ["full", "single"]
    assert [sweep.name for sweep in sweeps_of("full")] == ["full"]


def test_wrong_sweeps_are_refused():
    with pytest.raises(InputError, match="Did you mean 'single'"):
        sweeps_of("singel")
    with pytest.raises(InputError, match="name each sweep once"):
        sweeps_of(["single", "single"])
    with pytest.raises(InputError, match="one sweep"):
        sweeps_of([])
    with pytest.raises(InputError, match="'pairs' alone"):
        sweeps_of("pairs:2")


def test_the_error_for_an_unknown_sweep_lists_everything_that_can_be_written():
    with pytest.raises(InputError) as raised:
        sweeps_of("layers")
    assert len(FORMS) >= 10
    assert all(form in str(raised.value) for form in FORMS)


def test_parsing_a_sweep_imports_no_torch():
    code = """if True:
        import sys
        from isthmus.sweeps.spec import FORMS, sweeps_of
        sweeps_of(["single", "window:4", "cumulative:random:0,1", "cumulative:given:fc", "subsets:3", "pairs"])
        print("torch" in sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_labels_that_meet_are_refused():
    class Twin:
        name = "twin"

        def groups(self, layers):
            return [MovingGroup(layers[0], (layers[0],), self.name)]

    with pytest.raises(InputError, match="unique labels"):
        grid_of(small_segment(), [Full(), Single(), Twin()], ("a",), (0.5,), far_ends=False)


SWEEPS = ["full", "single", "window:2", "cumulative:shallow_first", "cumulative:deep_first", "subsets:2"]
SEGMENT = small_segment()


@settings(max_examples=15)
@given(
    st.sets(st.sampled_from(SWEEPS), min_size=1),
    st.sampled_from([("a",), ("b",), ("a", "b"), ("b", "a")]),
    st.sets(st.integers(0, 10), min_size=1, max_size=3),
    st.booleans(),
)
def test_of_whatever_is_asked_each_network_is_one_point(names, hosts, tenths, far_ends):
    alphas = tuple(k / 10 for k in tenths)
    grid, points = grid_of(SEGMENT, sweeps_of(sorted(names)), hosts, alphas, far_ends=far_ends)
    assert grid.num_points == len(points) == len(set(points))
    assert points[:2] == (SEGMENT.point("a", (), 0.0), SEGMENT.point("b", (), 0.0))
    reached = {0, 1, *grid.rows.ravel().tolist(), *(grid.far_ends.ravel().tolist() if far_ends else ())}
    assert reached == set(range(len(points)))
    for h, host in enumerate(hosts):
        for m, group in enumerate(grid.groups):
            assert [points[row] for row in grid.rows[h, m]] == [SEGMENT.point(host, group.layers, x) for x in alphas]
            assert not far_ends or points[grid.far_ends[h, m]] == SEGMENT.point(host, group.layers, 1.0)
