"""Where a network is cut, what its stages read, and what happens to networks that cannot be cut."""

import pytest
import torch
from awkward_networks import (
    AWKWARD,
    BranchesJoinLate,
    BuffersOfAllKinds,
    InPlaceOnResidual,
    InPlaceThroughLaterView,
    InPlaceThroughViews,
    LayerUsedTwice,
    OutOfRegistrationOrder,
    TiedEmbedding,
    row_inputs,
)
from pairs_of_networks import REGISTERED, Pair, staged, transformer
from torch import nn
from wide_networks import TwoTowers, two_inputs

from isthmus.evaluation.stages.wiring import INPUTS


def test_a_resnet_has_a_stage_for_each_layer_in_the_order_of_layers():
    pair = Pair.of(*REGISTERED["resnet18"]())
    assert [stage.layers for stage in pair.staged(in_order=True).stages] == [(label,) for label in pair.segment.layers]
    assert [stage.layers for stage in pair.staged().stages if stage.layers] == [
        (label,) for label in pair.segment.layers
    ]


def test_a_layer_used_twice_is_read_by_a_later_stage_only_where_a_new_layer_lies_between():
    class Alternating(LayerUsedTwice):
        def forward(self, x):
            return self.last(self.twice(self.first(self.twice(x))))

    assert [stage.layers for stage in staged(LayerUsedTwice(), row_inputs(3)).stages] == [
        ("first",),
        ("twice",),
        ("last",),
    ]
    assert [stage.layers for stage in staged(Alternating(), row_inputs(3)).stages] == [
        ("twice",),
        ("first", "twice"),
        ("last",),
    ]


def test_tied_weights_version_every_stage_that_reads_them():
    stages = staged(TiedEmbedding(), torch.randint(0, 7, (3, 5))).stages
    assert [stage.layers for stage in stages] == [("embedding",), ("middle", "embedding")]


def test_stages_follow_execution_and_not_registration():
    stages = staged(OutOfRegistrationOrder(), row_inputs(3)).stages
    assert [stage.layers for stage in stages] == [("first",), ("middle",), ("last",)]


def test_branches_read_what_they_depend_on_alone_and_meet_in_a_stage_of_their_own():
    network = staged(BranchesJoinLate(), row_inputs(3))
    labels = [("stem",), ("left.0",), ("left.2",), ("right.0",), ("right.2",), (), ("last",)]
    assert [stage.layers for stage in network.stages] == labels
    assert network.wiring.sources == ((INPUTS,), (0,), (1,), (0,), (3,), (2, 4, 0), (5,))


def test_operators_of_two_towers_that_run_in_turn_are_parted():
    network = staged(TwoTowers(depth=2), two_inputs(3))
    assert [stage.layers for stage in network.stages] == [
        ("images.0",), ("images.1",), ("embedding",), ("texts.0",), ("texts.1",), (), ("head",)
    ]  # fmt: skip
    assert network.wiring.sources == ((INPUTS,), (0,), (INPUTS,), (2,), (3,), (1, 4), (5,))


def test_what_is_made_of_weights_alone_is_a_stage_only_where_several_stages_read_it():
    class Transposed(LayerUsedTwice):
        def forward(self, x):
            shared = self.twice.weight.T
            hidden = (x @ self.first.weight.T) @ shared
            return (hidden @ self.last.weight.T) + (hidden.tanh() @ shared)[:, :4]

    class TransposedForTwo(Transposed):
        def forward(self, x):
            shared = self.twice.weight.T
            return self.last(self.first(x) @ shared) @ shared[:4, :4]

    in_turn = [("first",), ("twice",), ("last",)]
    assert [stage.layers for stage in staged(Transposed(), row_inputs(3)).stages] == in_turn
    network = staged(TransposedForTwo(), row_inputs(3))
    assert [stage.layers for stage in network.stages] == [("twice",), ("first",), (), ("last",)]
    assert network.wiring.sources == ((), (INPUTS,), (1, 0), (2, 0))


def test_what_is_written_to_after_others_have_read_it_is_written_after_them():
    class ChangedLater(LayerUsedTwice):
        def forward(self, x):
            hidden = self.first(x)
            early = self.twice(hidden)
            hidden.mul_(2)
            return self.last(early) + hidden[:, :4]

    network = staged(ChangedLater(), row_inputs(3))
    assert network.agreement == "equal to the bit"
    assert [stage.layers for stage in network.stages] == [("first",), ("twice",), ("last",)]
    assert [len(stage.writes) for stage in network.stages] == [1, 2, 1]


def test_what_runs_before_any_weight_is_a_stage_that_all_points_share():
    class Scaled(LayerUsedTwice):
        def forward(self, x):
            return super().forward(x / 255)

    first, second, *_ = staged(Scaled(), row_inputs(3)).stages
    assert (first.layers, second.layers) == ((), ("first",))


def test_attention_and_convolution_are_not_decomposed():
    model, inputs = transformer("vit")
    targets = {str(node.target) for stage in staged(model, inputs).stages for node in stage.function.graph.nodes}
    assert {"aten.scaled_dot_product_attention.default", "aten.conv2d.default", "aten.layer_norm.default"} <= targets


def test_outputs_that_are_not_scores_are_not_computed():
    model, inputs = transformer("gpt2")
    assert model.config.use_cache
    stages = staged(model, inputs).stages
    read = {(source.stage, source.name) for stage in stages for source in stage.reads}
    made = {(number, name) for number, stage in enumerate(stages) for name in stage.writes}
    assert made - read == {(len(stages) - 1, stages[-1].writes[0])}


def test_persistent_buffers_are_layers_and_other_constants_follow_the_dtype():
    pair = Pair.of(BuffersOfAllKinds(), row_inputs(3), dtype=torch.float64)
    stages = pair.staged().stages
    assert {label for stage in stages for label in stage.layers} == set(pair.segment.layers)
    constants = {name: t for stage in stages for name, t in stage.function.named_buffers() if t.shape == (6,)}
    scale = next(t for name, t in constants.items() if "scale" in name)
    assert scale.dtype == torch.float64
    assert torch.equal(scale, pair.network.module.scale)


@pytest.mark.parametrize(("kind", "num_stages"), [(InPlaceOnResidual, 7), (InPlaceThroughLaterView, 3)])
def test_a_value_that_a_stage_changes_in_place_is_copied_first(kind, num_stages):
    torch.manual_seed(0)
    pair = Pair.of(kind(), AWKWARD[kind](3))
    network = pair.staged()
    assert len(network.stages) == num_stages
    made = {INPUTS: network.entered(pair.examples.inputs.clone())}
    for number, stage in enumerate(network.stages):
        before = {key: {name: value.clone() for name, value in of.items()} for key, of in made.items()}
        values = stage(made, pair.segment.first)
        same = [torch.equal(made[key][name], value) for key, of in before.items() for name, value in of.items()]
        assert all(same), stage.layers
        made[number] = values


def test_views_of_a_value_that_is_changed_in_place_are_not_cut_apart():
    assert [stage.layers for stage in staged(InPlaceThroughViews(), row_inputs(3)).stages] == [
        ("first", "second"),
        ("third",),
    ]


def test_costs_count_every_stage_s_operations_and_the_memory_between_stages():
    costs = staged(BranchesJoinLate(), row_inputs(3)).costs
    assert costs.flops == tuple(2 * n for n in (36, 30, 15, 30, 15, 0, 48))
    assert costs.made_bytes == tuple(4 * n for n in (6, 6, 5, 3, 5, 3, 12, 4))


def test_an_lstm_costs_its_matrix_products():
    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(6, 5, num_layers=2, bidirectional=True, batch_first=True)
            self.last = nn.Linear(10, 4)

        def forward(self, x):
            return self.last(self.lstm(x)[0][:, -1])

    costs = staged(Recurrent(), torch.randn(3, 7, 6)).costs
    per_step = 2 * (4 * 5 * 6 + 4 * 5 * 5) + 2 * (4 * 5 * 10 + 4 * 5 * 5)
    assert costs.flops[-2:] == (2 * 7 * per_step, 2 * 10 * 4)


def test_a_module_in_bfloat16_is_cut_like_any_other():
    network = staged(LayerUsedTwice().to(torch.bfloat16), row_inputs(3).to(torch.bfloat16))
    assert (network.agreement, len(network.stages)) == ("equal to the bit", 3)
