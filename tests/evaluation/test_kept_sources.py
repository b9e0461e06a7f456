"""A process that measures again and again keeps nothing of the graphs that it made."""

import linecache

from cases import CASES
from torch import fx
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx import graph_module

import isthmus
from isthmus.evaluation.stages.kept_graphs import kept_graphs


def test_no_source_of_a_graph_is_kept_by_pytorch():
    net = CASES[0]
    pair, data = (net.weights(0), net.weights(1)), net.data()
    isthmus.measure(net.build, *pair, data, sweep="full")
    kept, lines, results = len(graph_module._loader.eval_cache), len(linecache.cache), len(FakeTensorMode.cache)
    with kept_graphs():  # exported anew
        isthmus.measure(net.build, *pair, data, sweep="full")
    assert len(graph_module._loader.eval_cache) == kept
    assert len(linecache.cache) <= lines + 1
    assert len(FakeTensorMode.cache) == results


def test_the_stages_of_an_architecture_are_made_once(monkeypatch):
    net, made, init = CASES[0], [], fx.GraphModule.__init__

    def counted(module, *args, **kwargs):
        made.append(module)
        init(module, *args, **kwargs)

    with kept_graphs():
        isthmus.measure(net.build, net.weights(0), net.weights(1), net.data(), sweep="full")
        monkeypatch.setattr(fx.GraphModule, "__init__", counted)
        isthmus.measure(net.build, net.weights(2), net.weights(3), net.data())
        assert not made
        isthmus.measure(net.build, net.weights(2), net.weights(3), net.data(), layers="tensor")
        assert made
