"""Pairs of things that do different things, and pairs that do the same: losses, values, networks."""

import functools
import logging
import random
import re
import threading
import types
from collections import OrderedDict, namedtuple
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
import torch
from torch import nn
from torch.nn import functional

SMOOTHING = 0.1


def smoothed(outputs, targets):
    return functional.cross_entropy(outputs, targets, reduction="none", label_smoothing=SMOOTHING)


def enclosing(times):
    def loss(outputs, targets):
        return times * functional.cross_entropy(outputs, targets, reduction="none")

    return loss


def with_default(times):
    def loss(outputs, targets, times=times):
        return times * smoothed(outputs, targets)

    return loss


def with_global(value):
    """A function as it stands in a file of its own, in which a global has a value."""
    names = {"functional": functional, "TIMES": value}
    exec("def loss(outputs, targets):\n    return TIMES * functional.mse_loss(outputs, targets)", names)
    return names["loss"]


def calling(inner):
    names = {"inner": inner}
    exec("def loss(outputs, targets):\n    return inner(outputs, targets)", names)
    return names["loss"]


def passing(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return function(*arguments)

    return wrapper


@dataclass
class Times:
    """A loss as an object."""

    number: float
    parts: list = field(default_factory=list)

    def __call__(self, outputs, targets):
        return self.number * smoothed(outputs, targets)

    def loss(self, outputs, targets):
        return self(outputs, targets)


class Slotted:
    __slots__ = ("number",)

    def __init__(self, number):
        self.number = number


class Colour(Enum):
    RED = 1
    BLUE = 2


Pair = namedtuple("Pair", "x y")


class Scaled(nn.Module):
    """A network with whatever a network may hold beside its weights."""

    def __init__(self, times=1.0, mask=1.0, inner=None):
        super().__init__()
        self.linear = nn.Linear(3, 2)
        self.times = times
        self.inner = inner
        self.register_buffer("mask", torch.full((2,), float(mask)), persistent=False)
        self.register_buffer("saved", torch.rand(2))

    def forward(self, inputs):
        return self.linear(inputs) * self.times * self.mask


class Other(Scaled):
    def forward(self, inputs):
        return self.linear(inputs) * self.times + self.mask


def with_forward(code):
    """A class of one name, redefined as in a notebook."""
    names = {"nn": nn}
    exec(f"class Net(nn.Module):\n    def forward(self, x):\n        return {code}", names)
    return names["Net"]()


def hooked(times):
    network = nn.Linear(2, 2)
    network.register_forward_hook(lambda module, inputs, outputs: times * outputs)
    return network


def patched(times):
    network = Scaled()
    network.forward = lambda inputs: times * network.linear(inputs)
    return network


def unregistered(seed):
    torch.manual_seed(seed)
    return Scaled(inner=[nn.Linear(1, 1)])


def from_module(value):
    """A function that reads a number of a module, as settings often stand."""
    settings = types.ModuleType("own_settings")
    settings.deeper = types.ModuleType("own_settings.deeper")
    settings.deeper.up, settings.deeper.TIMES, settings.UNRELATED = settings, value, threading.Lock()
    names = {"settings": settings, "__name__": "own"}
    exec("def loss(outputs, targets):\n    return settings.deeper.up.deeper.TIMES * outputs", names)
    return names["loss"]


LOSSES = {
    "functions of one name": (lambda: enclosing(1.0), lambda: with_default(1.0)),
    "what is enclosed": (lambda: enclosing(1.0), lambda: enclosing(2.0)),
    "a tensor that is enclosed": (lambda: enclosing(torch.ones(2)), lambda: enclosing(torch.tensor([1.0, 2.0]))),
    "a default": (lambda: with_default(1.0), lambda: with_default(2.0)),
    "a global": (lambda: with_global(1.0), lambda: with_global(2.0)),
    "a number of a module": (lambda: from_module(1.0), lambda: from_module(2.0)),
    "the function behind a global": (lambda: calling(enclosing(1.0)), lambda: calling(enclosing(2.0))),
    "what a decorator hides": (lambda: passing(enclosing(1.0)), lambda: passing(enclosing(2.0))),
    "two lambdas of one line": (lambda: lambda o, t: o - t, lambda: lambda o, t: t - o),
    "constants": (lambda: lambda o, t: 1 * o, lambda: lambda o, t: 1.0 * o),
    "the function of a partial": (
        lambda: functools.partial(functional.cross_entropy, reduction="none"),
        lambda: functools.partial(functional.mse_loss, reduction="none"),
    ),
    "a keyword of a partial": (
        lambda: functools.partial(smoothed, targets=1),
        lambda: functools.partial(smoothed, targets=2),
    ),
    "class weights": (
        lambda: nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0]), reduction="none"),
        lambda: nn.CrossEntropyLoss(weight=torch.tensor([1.0, 3.0]), reduction="none"),
    ),
    "label smoothing": (
        lambda: nn.CrossEntropyLoss(reduction="none"),
        lambda: nn.CrossEntropyLoss(reduction="none", label_smoothing=0.1),
    ),
    "weights of a loss that is a network": (
        lambda: nn.Linear(2, 1).requires_grad_(False).apply(lambda part: nn.init.constant_(part.weight, 1.0)),
        lambda: nn.Linear(2, 1).requires_grad_(False).apply(lambda part: nn.init.constant_(part.weight, 2.0)),
    ),
    "an object's attribute": (lambda: Times(1.0), lambda: Times(2.0)),
    "an object within an object": (lambda: Times(1.0, [Times(2.0)]), lambda: Times(1.0, [Times(3.0)])),
    "the object of a method": (lambda: Times(1.0).loss, lambda: Times(2.0).loss),
    "slots": (lambda: Slotted(1), lambda: Slotted(2)),
    "functions of torch": (lambda: torch.relu, lambda: torch.tanh),
}
NETWORKS = {
    "an attribute": (lambda: Scaled(1.0), lambda: Scaled(2.0)),
    "a buffer that is not saved": (lambda: Scaled(mask=1.0), lambda: Scaled(mask=2.0)),
    "the code of forward": (Scaled, Other),
    "a class defined again": (lambda: with_forward("x.relu()"), lambda: with_forward("x.tanh()")),
    "a function that is held": (lambda: Scaled(inner=torch.relu), lambda: Scaled(inner=torch.tanh)),
    "a lambda that is held": (lambda: Scaled(inner=lambda x: x + 1), lambda: Scaled(inner=lambda x: x + 2)),
    "an object that is held": (lambda: Scaled(inner=Times(1.0)), lambda: Scaled(inner=Times(2.0))),
    "a class attribute": (Scaled, type("Scaled", (Scaled,), {"offset": 1})),
    "heads of attention": (lambda: nn.TransformerEncoderLayer(8, 2), lambda: nn.TransformerEncoderLayer(8, 4)),
    "what repr does not show": (lambda: nn.AvgPool2d(2), lambda: nn.AvgPool2d(2, count_include_pad=False)),
    "a hook": (lambda: hooked(1.0), lambda: hooked(2.0)),
    "a forward of one object": (lambda: patched(1.0), lambda: patched(2.0)),
    "weights that no checkpoint holds": (lambda: unregistered(0), lambda: unregistered(1)),
}
VALUES = {
    "numbers": (lambda: 1, lambda: 1.0),
    "truth values": (lambda: True, lambda: 1),
    "texts": (lambda: "1", lambda: b"1"),
    "sequences": (lambda: [1, 2], lambda: (1, 2)),
    "nesting": (lambda: [[1], 2], lambda: [1, [2]]),
    "keys": (lambda: {"a": 1, "b": 2}, lambda: {"a": 2, "b": 1}),
    "sets": (lambda: {"one", "two"}, lambda: {"one", "three"}),
    "arrays": (lambda: np.arange(3), lambda: np.arange(3.0)),
    "tensors": (lambda: torch.zeros(2, 1), lambda: torch.zeros(1, 2)),
    "types of number": (lambda: torch.float32, lambda: torch.float64),
    "devices": (lambda: torch.device("cpu"), lambda: torch.device("meta")),
    "members of an enumeration": (lambda: Colour.RED, lambda: Colour.BLUE),
    "named tuples": (lambda: Pair(1, 2), lambda: Pair(2, 1)),
    "ordered mappings": (lambda: OrderedDict(a=1), lambda: OrderedDict(a=2)),
    "patterns": (lambda: re.compile("a"), lambda: re.compile("a", re.IGNORECASE)),
    "generators": (lambda: random.Random(0), lambda: random.Random(1)),
    "loggers": (lambda: logging.getLogger("a"), lambda: logging.getLogger("b")),
    "classes": (lambda: Times, lambda: Slotted),
    "modules": (lambda: torch, lambda: np),
}
