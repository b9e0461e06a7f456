"""Stages equal the network that they were made of; one that can't be cut, or differs, is one stage with its reason."""

import re
from dataclasses import replace

import pytest
import torch
from awkward_networks import (
    AWKWARD,
    NOT_CUT,
    CountsExamples,
    DecidesByData,
    LayerUsedTwice,
    ListOfModules,
    LoopsOverExamples,
    WritesInSecret,
    row_inputs,
)
from pairs_of_networks import Pair, staged
from torch import nn
from torch.nn import functional
from torch.nn.modules import transformer as transformer_module

from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.stages import staging
from isthmus.evaluation.stages.staging import relative_difference


@pytest.mark.parametrize("kind", [*AWKWARD, *NOT_CUT])
@pytest.mark.parametrize("size", [1, 2, 7])
def test_stages_of_one_export_equal_functional_call_at_every_batch_size(kind, size):
    torch.manual_seed(0)
    pair = Pair.of(kind(), (AWKWARD | NOT_CUT)[kind](7))
    inputs = pair.examples.inputs[:size]
    weights = pair.segment.weights(pair.segment.point("a", tuple(pair.segment.layers), 0.3))
    found = pair.staged().outputs(weights, inputs.clone())
    assert torch.equal(found, pair.network.outputs(weights, inputs.clone()))


def test_the_number_of_examples_may_be_asked_for_by_len(capfd):
    network = staged(CountsExamples(), row_inputs(3))
    assert [stage.layers for stage in network.stages if stage.layers] == [("token",), ("last",)]
    assert capfd.readouterr() == ("", "")


def test_data_of_a_single_example_can_be_staged():
    pair = Pair.of(ListOfModules(), row_inputs(1))
    assert pair.staged().agreement == "equal to the bit"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (DecidesByData, "GuardOnDataDependentSymNode"),
        (LoopsOverExamples, r"another number of examples \(awkward_networks\.py, line \d+\)"),
        (WritesInSecret, "stages differ from the network"),
    ],
)
def test_a_network_that_cannot_be_cut_is_one_stage_with_its_reason(kind, reason):
    pair = Pair.of(kind(), row_inputs(5))
    network = pair.staged()
    assert [stage.layers for stage in network.stages] == [tuple(pair.segment.layers)]
    assert re.search(reason, network.fallback_reason)


def test_a_stage_that_changes_what_others_read_is_noticed():
    pair = Pair.of(WritesInSecret(), row_inputs(5))
    assert "writes to its inputs" in pair.staged(in_order=True).fallback_reason


def test_a_network_that_changes_its_weights_is_not_cut():
    class Counting(LayerUsedTwice):
        def __init__(self):
            super().__init__()
            self.register_buffer("calls", torch.zeros(1))

        def forward(self, x):
            self.calls.add_(1)
            return super().forward(x)

    assert "changes 'calls' in place" in staged(Counting(), row_inputs(3)).fallback_reason


def test_a_difference_beyond_the_tolerance_is_one_stage_with_its_reason(monkeypatch):
    def cut_wrongly(graph, layers, **asked):
        network = right(graph, layers, **asked)
        last = network.stages[-1]
        wrong = replace(last, function=lambda *values: tuple(1.001 * value for value in last.function(*values)))
        return replace(network, stages=(*network.stages[:-1], wrong))

    right = staging.kept_cut
    monkeypatch.setattr(staging, "kept_cut", cut_wrongly)
    network = staged(LayerUsedTwice(), row_inputs(3))
    assert len(network.stages) == 1
    assert (
        network.fallback_reason == "the stages differ from the network: largest difference 0.001 of the largest output"
    )


def test_the_comparison_halves_the_batch_where_memory_runs_out(monkeypatch):
    def scarce(network, segment, staged, batches):
        if len(batches[0]) > 3:
            raise RuntimeError("not enough memory: you tried to allocate 1 byte")
        return right(network, segment, staged, batches)

    right = staging.difference_from_network
    monkeypatch.setattr(staging, "difference_from_network", scarce)
    pair, batch_size = Pair.of(LayerUsedTwice(), row_inputs(9)), BatchSize(8)
    network = staging.staged_network(pair.network, pair.segment, pair.examples, batch_size)
    assert (network.fallback_reason, len(network.stages), batch_size.size) == (None, 3, 2)


def test_weights_kept_outside_the_state_dict_stay_those_of_the_module_in_both_engines():
    class KeepsReference(LayerUsedTwice):
        def __init__(self):
            super().__init__()
            self.kept = [self.first.weight]

        def forward(self, x):
            return super().forward(functional.linear(x, self.kept[0]))

    pair = Pair.of(KeepsReference(), row_inputs(3))
    network = pair.staged()
    weights, inputs = pair.segment.weights(pair.segment.point("a", (), 0.0)), pair.examples.inputs
    assert network.fallback_reason is None
    assert torch.equal(network.outputs(weights, inputs), pair.network.outputs(weights, inputs))


def test_relative_difference_counts_nan_in_equal_places_as_equal():
    x = torch.tensor([1.0, float("nan"), 4.0])
    assert relative_difference(x, x.clone()) == 0
    assert relative_difference(x + 1, x) == 0.25
    assert relative_difference(torch.tensor([1.0, 2.0, 4.0]), x) == float("inf")
    assert relative_difference(x[:2], x) == float("inf")


class Masked(nn.Module):
    """PyTorch's transformer under a mask whose values it looks at."""

    def __init__(self, is_causal):
        super().__init__()
        self.embedding, self.head = nn.Linear(6, 8), nn.Linear(8, 4)
        self.transformer = nn.Transformer(8, 2, 1, 2, 16, batch_first=True)
        self.is_causal = is_causal

    def forward(self, x):
        x = self.embedding(x)
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        mask = mask if self.is_causal else mask.T
        return self.head(self.transformer(x, x, src_mask=mask, tgt_mask=mask).mean(1))


@pytest.mark.parametrize("is_causal", [True, False])
@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
def test_whether_a_mask_is_causal_is_decided_before_the_export(is_causal):
    torch.manual_seed(0)
    check = transformer_module._detect_is_causal_mask
    network = staged(Masked(is_causal), torch.randn(3, 5, 6))
    assert network.fallback_reason is None
    assert len(network.stages) > 20
    assert transformer_module._detect_is_causal_mask is check
