"""What a pickle says, as plain records: a reader that makes no object and calls nothing.

`.metadata` of a distributed checkpoint (DCP) is a pickle, and reading pickles may run any code. Here its instructions
are followed as far as they build numbers, texts, tuples, lists and dicts; where one asks for a class or a function, a
`Record` of its name and arguments stands in its place.
"""

import pickletools
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from isthmus.gate.door import parsing
from isthmus.gate.pickles import refuse_deep_pickle


@dataclass(eq=False)
class Record:
    """What a class or function would have been called with.

    Attributes:
        name: Its full name.
        arguments: Its arguments.
        state: What would have been set on the object.
    """

    name: str
    arguments: tuple[Any, ...] = ()
    state: Any = None


VALUES = frozenset({
    "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT",
    "SHORT_BINBYTES", "BINBYTES",
})  # fmt: skip
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
SILENT = frozenset({"PROTO", "FRAME", "STOP"})


def plain_pickle(data: bytes, where: str) -> Any:
    """The contents of a pickle as plain values and records.

    Args:
        data: A pickle of protocol 2 to 5.
        where: The file, for messages.

    Returns:
        What it holds; a mapping with keys that are records is a list of pairs.

    Raises:
        InputError: It is damaged, too long, or says something that metadata never says.

    Example:
        >>> import pickle
        >>> plain_pickle(pickle.dumps({"a": (1, [2.5, None])}), "mine")
        [('a', (1, [2.5, None]))]
    """
    with parsing("metadata of a distributed checkpoint", where, "copy the folder again"):
        refuse_deep_pickle(BytesIO(data), where, name="metadata")
        return _Reader().result(data)


class _Reader:
    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []  # where a tuple, list or dict begins on the stack
        self.memo: dict[int, Any] = {}

    def result(self, data: bytes) -> Any:
        for code, argument, _ in pickletools.genops(data):
            self._follow(code.name, argument)
        (found,) = self.stack
        return found

    def _follow(self, code: str, argument: Any) -> None:
        stack = self.stack
        if code in VALUES:
            stack.append(argument)
        elif code in CONSTANTS:
            stack.append(CONSTANTS[code])
        elif code in {"EMPTY_DICT", "EMPTY_LIST", "EMPTY_SET"}:
            stack.append([])
        elif code in TUPLES:
            stack[-TUPLES[code] :] = [tuple(stack[-TUPLES[code] :])]
        elif code == "EMPTY_TUPLE":
            stack.append(())
        elif code == "TUPLE":
            stack.append(tuple(self._since_mark()))
        elif code == "MARK":
            self.marks.append(len(stack))
        elif code == "MEMOIZE":
            self.memo[len(self.memo)] = stack[-1]
        elif code in {"BINPUT", "LONG_BINPUT"}:
            self.memo[argument] = stack[-1]
        elif code in {"BINGET", "LONG_BINGET"}:
            stack.append(self.memo[argument])
        elif code not in SILENT:
            self._assemble(code, argument)

    def _assemble(self, code: str, argument: Any) -> None:
        stack = self.stack
        if code == "GLOBAL":
            stack.append(Record(argument.replace(" ", ".")))
        elif code == "STACK_GLOBAL":
            name, module = stack.pop(), stack.pop()
            stack.append(Record(f"{module}.{name}"))
        elif code in {"NEWOBJ", "REDUCE"}:
            arguments, called = stack.pop(), stack.pop()
            stack.append(Record(called.name, arguments))
        elif code == "BUILD":
            state = stack.pop()
            stack[-1].state = state
        elif code in {"APPEND", "SETITEM"}:
            item = [stack.pop() for _ in range(1 if code == "APPEND" else 2)]
            stack[-1].append(item[0] if code == "APPEND" else tuple(reversed(item)))
        elif code in {"APPENDS", "ADDITEMS"}:
            items = self._since_mark()
            stack[-1].extend(items)
        elif code == "SETITEMS":
            items = self._since_mark()
            stack[-1].extend(zip(items[::2], items[1::2], strict=True))
        else:
            raise ValueError(f"instruction {code}")

    def _since_mark(self) -> list[Any]:
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items
