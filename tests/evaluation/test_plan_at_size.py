"""Plans for two towers of the sizes of CLIP: near the least work, within the room that there is. Nothing is run."""

from itertools import combinations

import pytest

from isthmus.evaluation.shared import ROOM_BYTES
from isthmus.evaluation.stages.cost import plan_cost
from isthmus.evaluation.stages.order import order_of, prefixes, version_numbers
from isthmus.evaluation.stages.plan import plan_of
from isthmus.evaluation.stages.schedule import Schedule
from isthmus.evaluation.stages.stages import StageCosts
from isthmus.evaluation.stages.wiring import INPUTS, Wiring
from isthmus.paths.point import Blend, Point

BATCH_SIZE = 64
VALUE = 50 * 768 * 4  # bytes of 50 tokens of width 768


class Towers:
    """The stages of towers of transformer blocks that meet at the end."""

    def __init__(self, num_blocks):
        self.layers, self.sources, self.flops, self.made_bytes = [], [], [], [3 * 224 * 224 * 4]
        ends = [self.tower(name, num_blocks) for name in ("image", "text")]
        self.stage("", ends, 0, 4)
        self.labels = tuple(dict.fromkeys(label for labels in self.layers for label in labels))
        self.wiring = Wiring(tuple(self.layers), tuple(self.sources))
        self.costs = StageCosts(tuple(self.flops), tuple(self.made_bytes))

    def stage(self, label, sources, flops, size=VALUE):
        self.layers.append((label,) if label else ())
        self.sources.append(tuple(sources))
        self.flops.append(flops)
        self.made_bytes.append(size)
        return len(self.layers) - 1

    def tower(self, name, num_blocks):
        x = self.stage(f"{name}.embedding", [INPUTS], 1)
        for number in range(num_blocks):
            of = f"{name}.{number}"
            normed = self.stage(f"{of}.norm1", [x], 0)
            heads = [self.stage(f"{of}.{part}", [normed], 10) for part in ("query", "key", "value")]
            attended = self.stage(f"{of}.out", [self.stage("", heads, 3)], 10)
            x = self.stage("", [x, attended], 0)
            wide = self.stage(f"{of}.up", [self.stage(f"{of}.norm2", [x], 0)], 40, 4 * VALUE)
            x = self.stage("", [x, self.stage(f"{of}.down", [wide], 40)], 0)
        return self.stage(f"{name}.projection", [x], 1, 2048)

    def points(self, groups):
        """Both hosts alone and with the groups half-way."""

        def point(home, group):
            return Point(tuple(Blend(p, p, 0) for p in (0.5 if n in group else home for n in range(len(self.labels)))))

        return list(dict.fromkeys(point(home, group) for home in (0.0, 1.0) for group in [(), *groups]))


@pytest.mark.parametrize(
    ("sweep", "num_blocks", "most"), [("single", 12, 0.27), ("growing", 12, 0.27), ("pairs", 3, 0.13)]
)
@pytest.mark.parametrize("room", [ROOM_BYTES, ROOM_BYTES // 4])
def test_two_towers_are_near_the_least_work_within_their_room(sweep, num_blocks, most, room):
    towers = Towers(num_blocks)
    numbers = range(len(towers.labels))
    groups = {
        "single": [(n,) for n in numbers],
        "growing": [tuple(range(n + 1)) for n in numbers],
        "pairs": list(combinations(numbers, 2)),
    }[sweep]
    points = towers.points(groups)
    chain = plan_of(points, towers.labels, Wiring.chain(towers.wiring.layers), towers.costs)
    plan = plan_of(points, towers.labels, towers.wiring, towers.costs, room // BATCH_SIZE)
    cost = plan_cost(plan, towers.costs)
    assert cost.flops <= most * cost.naive_flops < 0.6 * plan_cost(chain, towers.costs).flops
    assert cost.flops <= 1.1 * cost.least_flops
    held = held_by_path(towers, points)
    assert plan.held <= held + max(room // BATCH_SIZE, held)


def held_by_path(towers, points):
    """What is held where the values of every stage serve one branch of the tree alone, as on a chain."""
    versions, counts = version_numbers(points)
    columns = [[towers.labels.index(label) for label in labels] for labels in towers.wiring.layers]
    keys = prefixes(versions, counts, columns)
    order = order_of(keys, towers.wiring, towers.costs.made_bytes, is_neediest_last=True)
    return Schedule.of([of_stage[order] for of_stage in keys], towers.wiring, towers.costs.made_bytes).held
