"""What an object consists of, down to plain values, tensors and code."""

import copyreg
import functools
import hashlib
import json
import types
import weakref
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from isthmus.identity.code import code_text, global_names, is_installed, is_installed_class, is_own_function, names_in
from isthmus.user_code import source_identity, user_file
from isthmus.weights.state import content_hash, tensors_of

PLAIN = (type(None), bool, int, float, complex, str, bytes, type(Ellipsis), type(NotImplemented), range)
BUILDERS = {"__init__", "__new__", "__init_subclass__", "__class_getitem__"}
"""Methods that have done their work when an object is there."""
# What torch keeps in every module: parts, tensors and hooks, which are read by themselves.
CONTAINERS = frozenset(nn.Module().__dict__)
HOOKS = ("_forward_pre_hooks", "_forward_hooks")
INNER = ("fget", "fset", "func", "__func__", "__wrapped__")
METHODS = types.FunctionType, staticmethod, classmethod, property
# They differ between copies of one model.
PATHS_AND_VERSIONS = {"_name_or_path", "transformers_version"}


@dataclass(frozen=True)
class Identity:
    """What tells a thing from others.

    Attributes:
        text: Equal for things that do the same.
        unknown: The parts that could not be read, in words: with any, equal texts mean nothing.
        numbers: The tensors and arrays in it, by place: what of a network no checkpoint holds.
    """

    text: str
    unknown: tuple[str, ...] = ()
    numbers: Mapping[str, str] = field(default_factory=dict)


def identity_of(thing: object, name: str, *, known_modules: Collection[str] = (), has_weights: bool = True) -> Identity:
    """What tells a function, a network or any other thing from others.

    Of code of the user's own: the instructions, defaults, enclosed variables, and the globals that they read, or the
    file of `load_function` that it stands in; of code that is installed: its name, and what it encloses. Of a network:
    its modules with all attributes, hooks, and what tensors it holds. Of other things: what pickle would store.

    Args:
        thing: What to read; it is not called.
        name: What to call it in words.
        known_modules: Modules of the user's whose code is known otherwise.
        has_weights: Whether the entries of a network's state dict belong to it; False where others take their place.

    Returns:
        Its identity.
    """
    reader = _Reader(known_modules)
    if isinstance(thing, nn.Module) and not has_weights:
        reader.leave_out_weights(thing)
    text = reader.read(thing, name)
    return Identity(text, tuple(dict.fromkeys(reader.unknown)), reader.numbers)


class _Reader:
    """Reads one thing; each object in it once."""

    def __init__(self, known_modules: Collection[str]) -> None:
        self.unknown: list[str] = []
        self.numbers: dict[str, str] = {}
        self._known_modules = frozenset(known_modules)
        self._read: dict[int, tuple[object, str]] = {}  # the object is held, so that its number is not given again
        self._open: dict[int, int] = {}
        self._names: dict[str | None, str | None] = {}

    def leave_out_weights(self, network: nn.Module) -> None:
        """Tell the entries of a network's state dict by their names alone, wherever they stand."""
        kept = tensors_of(network).keys()
        for named in (network.named_parameters, network.named_buffers):
            for key, tensor in named(remove_duplicate=False):
                if key in kept:
                    self._read.setdefault(id(tensor), (tensor, f"weight {key}"))

    def read(self, thing: object, place: str) -> str:
        """The text of a thing; what can't be read is noted with its place."""
        if type(thing) in PLAIN:
            return f"{type(thing).__name__} {thing!r}"
        number = id(thing)
        if number in self._read:
            return self._read[number][1]
        if number in self._open:
            return f"the one {len(self._open) - self._open[number]} above"
        self._open[number] = len(self._open)
        try:
            parts = [type(thing).__qualname__, *self._parts(thing, place)]
            # JSON keeps the borders between parts, which joined texts would lose.
            text = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
            if isinstance(thing, Tensor | np.ndarray):
                self.numbers[place] = text
        except Exception:  # whatever the user's objects do when they are looked at
            self.unknown.append(f"{place} ({type(thing).__qualname__})")
            return "unknown"
        finally:
            del self._open[number]
        self._read[number] = (thing, text)
        return text

    def _parts(self, thing: Any, place: str) -> list[str]:
        for kind, parts in self._kinds.items():
            if isinstance(thing, kind):
                return parts(self, thing, place)
        return self._object(thing, place)

    def _tensor(self, tensor: Tensor, _: str) -> list[str]:
        return [content_hash({"": tensor})]

    def _array(self, array: "np.ndarray[Any, np.dtype[Any]]", place: str) -> list[str]:
        if array.dtype.hasobject:
            return [str(array.shape), self.read(array.tolist(), place)]
        data = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
        return [array.dtype.str, str(array.shape), data]

    def _mapping(self, mapping: dict[Any, Any], place: str) -> list[str]:
        entries = [(self.read(k, f"a key of {place}"), self.read(v, f"{place}[{k!r}]")) for k, v in mapping.items()]
        return [self._type(mapping, place), *(text for entry in entries for text in entry)]

    def _sequence(self, values: list[Any] | tuple[Any, ...], place: str) -> list[str]:
        return [self._type(values, place), *(self.read(value, f"{place}[{i}]") for i, value in enumerate(values))]

    def _set(self, values: set[Any] | frozenset[Any], place: str) -> list[str]:
        return [self._type(values, place), *sorted(self.read(value, f"a value of {place}") for value in values)]

    def _type(self, thing: object, place: str) -> str:
        """The class of an object that is there."""
        return json.dumps(self._class(type(thing), place, but=BUILDERS))

    def _class(self, kind: type, place: str, but: Collection[str] = ()) -> list[str]:
        name = self._class_name(kind)
        found = [kind.__qualname__] if name is None else [name, kind.__qualname__]
        for each in kind.__mro__:
            if self._class_name(each) is None:
                body = {key: value for key, value in vars(each).items() if key not in but}
                for key in sorted(key for key, value in body.items() if not _is_about_class(key, value)):
                    found += [key, self.read(body[key], f"{place}: {each.__qualname__}.{key}")]
        return found

    def _function(self, function: types.FunctionType, place: str) -> list[str]:
        code, name = function.__code__, self._name_of_known(function.__module__)
        is_read = name is None and is_own_function(function)
        if is_read:
            found = [function.__name__, code_text(code)]
            names = [key for key in global_names(code) if key in function.__globals__]
            found += [self._named(function.__globals__, key, f"{place}: global", names_in(code)) for key in names]
        else:
            found = [name or str(function.__module__), function.__qualname__]
        for key, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            if key != "__class__":  # of `super()`: read with the object
                found += [key, self.read(_content(cell), f"{place}: enclosed {key!r}")]
        if is_read or function.__closure__:
            own = {key: value for key, value in vars(function).items() if key != "__wrapped__"}
            rest = {"defaults": function.__defaults__, "keyword defaults": function.__kwdefaults__, "attributes": own}
            found += [self.read(part, f"{place}: {key}") for key, part in rest.items() if part]
        return found

    def _named(self, values: Mapping[str, Any], key: str, place: str, names: Collection[str]) -> str:
        """What a name stands for in code; of a module of the user's, what the code's other names take from it."""
        value, place = values[key], f"{place} {key!r}"
        is_own = isinstance(value, types.ModuleType) and not self._is_known(value) and id(value) not in self._open
        if not is_own:
            return f"{key} {self.read(value, place)}"
        self._open[id(value)] = len(self._open)
        inner = [self._named(vars(value), name, f"{place}.", names) for name in sorted(names) if name in vars(value)]
        del self._open[id(value)]
        return f"{key} {inner}"

    def _method(self, method: types.MethodType, place: str) -> list[str]:
        return [self.read(method.__func__, place), self.read(method.__self__, place)]

    def _builtin(self, function: types.BuiltinFunctionType, place: str) -> list[str]:
        owner = function.__self__
        is_named = owner is None or isinstance(owner, types.ModuleType | type)
        return [str(function.__module__), function.__qualname__, "" if is_named else self.read(owner, place)]

    def _descriptor(self, member: Any, place: str) -> list[str]:
        return [self.read(getattr(member, name, None), place) for name in INNER]

    def _module(self, module: types.ModuleType, _: str) -> list[str]:
        if self._is_known(module):
            return [self._name_of_known(module.__name__) or module.__name__]
        assert module.__file__, "a module of the user's without a file"
        return [source_identity(Path(module.__file__))]

    def _network(self, network: nn.Module, place: str) -> list[str]:
        assert not isinstance(network, torch.jit.ScriptModule), "attributes of TorchScript are not to be read"
        found = [self._type(network, place)]
        for name, child in network._modules.items():
            found += [name, self.read(child, f"{place}.{name}")]
        if type(network).__module__.startswith("torch._dynamo"):
            return found  # a compiled network does what the one in it does
        for name, tensor in {**network._parameters, **network._buffers}.items():
            found += [name, self.read(tensor, f"{place}.{name}")]
        found += [self.read(list(vars(network)[hooks].values()), f"{place}: a hook") for hooks in HOOKS]
        return found + self._attributes(network, place)

    def _attributes(self, network: nn.Module, place: str) -> list[str]:
        """What stands in a module beside its parts. What an installed class keeps and can't be read is its own."""
        before = list(self.unknown)
        # A weight that a hook computed, such as weight_norm's, follows from its parts.
        hooks = network._forward_pre_hooks.values()
        from_weights = {getattr(hook, name, None) for hook in hooks for name in ("name", "_tensor_name")}
        has_settings = type(network).__module__.startswith("transformers.")
        found = []
        for name, value in sorted(vars(network).items()):
            is_setting = name == "config" or type(value) in {bool, int, float}
            if name not in CONTAINERS | from_weights and (is_setting or not has_settings):
                found += [name, self.read(value, f"{place}.{name}")]
        if is_installed_class(type(network)):
            self.unknown = before
        return found

    def _object(self, thing: Any, place: str) -> list[str]:
        if type(thing).__module__.startswith("transformers.") and hasattr(thing, "to_dict"):
            settings = {name: value for name, value in thing.to_dict().items() if name not in PATHS_AND_VERSIONS}
            return [json.dumps(settings, sort_keys=True, default=str)]
        reduced = copyreg.dispatch_table.get(type(thing))
        parts = reduced(thing) if reduced else thing.__reduce_ex__(4)
        if isinstance(parts, str):
            return [str(type(thing).__module__), parts]
        build, arguments, *rest = parts
        found = [self._type(thing, place), self.read(build, place)]
        found += ["its class" if each is type(thing) else self.read(each, place) for each in arguments]
        state, entries = ([*rest, None])[0], rest[1:]
        for name, value in sorted(state.items()) if isinstance(state, dict) else [("", state)]:
            found += [name, self.read(value, f"{place}.{name}" if name else place)]
        return found + [self.read(list(each), place) for each in entries if each is not None]

    def _is_known(self, module: types.ModuleType) -> bool:
        return self._name_of_known(module.__name__) is not None or is_installed(module.__name__)

    def _class_name(self, kind: type) -> str | None:
        """What stands for the code of a class: a name, or the hash of a file; None for a class that is to be read."""
        name = self._name_of_known(kind.__module__)
        return kind.__module__ if name is None and is_installed_class(kind) else name

    def _name_of_known(self, module: str | None) -> str | None:
        """What stands for the code of a module of the user's; None for one that is to be read."""
        if module not in self._names:
            file = user_file(module)
            self._names[module] = source_identity(file) if file else module if module in self._known_modules else None
        return self._names[module]

    _kinds: ClassVar[dict[Any, Callable[..., list[str]]]] = {
        nn.Module: _network,
        Tensor: _tensor,
        np.ndarray: _array,
        type: _class,
        types.FunctionType: _function,
        types.MethodType: _method,
        types.BuiltinFunctionType: _builtin,
        types.ModuleType: _module,
        torch.jit.ScriptFunction: lambda _, function, __: [str(function.code)],
        RemovableHandle: lambda *_: [],
        weakref.ref: lambda reader, reference, place: [reader.read(reference(), place)],
        (property, staticmethod, classmethod, functools.cached_property, functools._lru_cache_wrapper): _descriptor,
        dict: _mapping,
        (list, tuple): _sequence,
        (set, frozenset): _set,
    }


def _is_about_class(name: str, member: object) -> bool:
    """Whether an entry of a class's body is Python's own note of the class, such as its name or annotations."""
    is_special = name.startswith("__") and name.endswith("__")
    return (is_special and not isinstance(member, METHODS)) or name.startswith("_abc_")


def _content(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # a variable that has no value yet
        return NotImplemented
