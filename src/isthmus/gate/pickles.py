"""How deep a pickle nests, found without making any of its objects."""

import pickletools
from typing import IO

from isthmus.gate.limits import refuse_more

NUM_LEGACY = 5
"""A torch file of before 2020 begins with so many pickles: magic number, protocol, system, contents, storages."""

REMEMBER = {"PUT", "BINPUT", "LONG_BINPUT"}
RECALL = {"GET", "BINGET", "LONG_BINGET"}
NAMING = {"GLOBAL", "INST"}
"""Instructions that name a class. Of a long name torch searches its own message in time that grows with the square."""
FILLING = {"APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS", "BUILD"}


def refuse_deep_pickle(stream: IO[bytes], where: str, count: int = 1, name: str = "pickle") -> None:
    """Refuse pickles whose tuples, lists and mappings nest deeper than any program writes them.

    Python hashes and frees nested tuples by recursion on the processor's stack: one that is a million deep, used as a
    mapping's key, ends the process. Instructions are followed on a stack of depths.

    Args:
        stream: Where the first pickle begins.
        where: The file, for messages.
        count: How many pickles follow one another.
        name: The limit of their length together.

    Raises:
        InputError: They are too long or too deep.
        Exception: They are damaged; `pickletools` raises many kinds, so this is called inside of `parsing`.
    """
    start = stream.tell()
    for place in range(count):
        begins = stream.tell()
        if place and not stream.read(1):
            return  # fewer than there should be: its reader says so
        stream.seek(begins)
        depths = _Depths()
        for number, (code, argument, _) in enumerate(pickletools.genops(stream)):
            if number % 1000 == 0:
                refuse_more(name, stream.tell() - start, where)
            if code.name in NAMING:
                refuse_more("name", len(argument or ""), where)
            refuse_more("depth", depths.after(code, argument), where)


class _Depths:
    def __init__(self) -> None:
        self.stack: list[int] = []
        self.marks: list[int] = []  # how many objects lay below each
        self.memo: dict[object, int] = {}

    def after(self, code: pickletools.OpcodeInfo, argument: object) -> int:
        """Follow one instruction; the depth of what it made."""
        stack, name = self.stack, code.name
        if name == "MARK":
            self.marks.append(len(stack))
        elif name == "POP" and self.marks[-1:] == [len(stack)]:
            self.marks.pop()
        elif name == "MEMOIZE" or name in REMEMBER:
            self.memo[len(self.memo) if name == "MEMOIZE" else argument] = stack[-1]
        elif name in RECALL:
            stack.append(self.memo[argument])
        else:
            taken = self._taken(code)
            depth = 1 + max(taken) if taken else 0
            if name in FILLING:  # the first is the list or mapping itself
                depth = max([taken[0], *(1 + part for part in taken[1:])])
            stack += [depth for _ in code.stack_after]
            return depth
        return 0

    def _taken(self, code: pickletools.OpcodeInfo) -> list[int]:
        """The depths of what an instruction takes off the stack, the lowest first."""
        kinds = code.stack_before
        has_mark = pickletools.markobject in kinds
        # What stands below the mark is the list or mapping that is filled.
        start = self.marks.pop() - kinds.index(pickletools.markobject) if has_mark else len(self.stack) - len(kinds)
        if start < 0:
            raise ValueError(f"{code.name} takes more than there is")
        taken = self.stack[start:]
        del self.stack[start:]
        return taken
