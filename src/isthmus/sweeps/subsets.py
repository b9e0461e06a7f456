"""Sets of layers of every size: does a result hold for any choice of layers?"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import comb
from pathlib import Path

from isthmus.errors import InputError
from isthmus.gate.texts import read_text
from isthmus.sweeps.argument import moving_layers, whole_number
from isthmus.sweeps.group import MovingGroup

FORMS = ("subsets:N[:SEED]", "subsets:FILE")
GIVEN = "subsets:given"


@dataclass(frozen=True)
class RandomSubsets:
    """N different random sets of every size from 1 to n - 1 layers, or all of a size where there are fewer.

    Attributes:
        number: N.
        seed: Another seed, other sets; a set is the layers of smallest SHA-256 of seed, draw and label, so that it is
            the same on every machine.
    """

    number: int
    seed: int = 0

    @property
    def name(self) -> str:
        """Such as "subsets:5" or "subsets:5:1"."""
        return f"subsets:{self.number}" + (f":{self.seed}" if self.seed else "")

    def groups(self, layers: Sequence[str]) -> list[MovingGroup]:
        """The sets, the smallest first, labelled by size and number: `subset:05:2`, with seed 1 `subset1:05:2`.

        Args:
            layers: Labels in the order of first use.

        Returns:
            At most N (n - 1) groups for n layers.

        Example:
            >>> [group.label for group in RandomSubsets(2).groups(["conv1", "conv2", "fc"])]
            ['subset:01:1', 'subset:01:2', 'subset:02:1', 'subset:02:2']
        """
        digits, number_digits = max(2, len(str(len(layers)))), len(str(self.number))
        # Two seeds in one measurement need different labels.
        prefix = f"subset{self.seed or ''}"
        return [
            MovingGroup(f"{prefix}:{size:0{digits}}:{k:0{number_digits}}", chosen, self.name)
            for size in range(1, len(layers))
            for k, chosen in enumerate(self._sets(layers, size), start=1)
        ]

    def _sets(self, layers: Sequence[str], size: int) -> list[tuple[str, ...]]:
        # Drawing until the last missing set turns up would take long.
        if comb(len(layers), size) <= self.number:
            return list(combinations(layers, size))
        found: dict[tuple[str, ...], None] = {}
        draw = 0
        while len(found) < self.number:
            ranks = {label: self._rank(size, draw, label) for label in layers}
            kept = set(sorted(layers, key=ranks.__getitem__)[:size])
            # In the order of the layers, so that a set that is drawn twice is recognised.
            found.setdefault(tuple(label for label in layers if label in kept))
            draw += 1
        return list(found)

    def _rank(self, size: int, draw: int, label: str) -> bytes:
        # Hashed, since generators may differ between versions of Python (docs/decisions.md, Sweeps).
        return hashlib.sha256(f"{self.seed}:{size}:{draw}:{label}".encode()).digest()


@dataclass(frozen=True)
class GivenSubsets:
    """Sets that a user wrote down, labelled by their number: `set:01`.

    The sweep's name spells the sets out, so that a run is known by them and not by the path of a file.

    Attributes:
        sets: Layers of each.
        places: Where each was written, for errors.
    """

    sets: tuple[tuple[str, ...], ...]
    places: tuple[str, ...] = field(default=(), compare=False)

    @property
    def name(self) -> str:
        """Such as "subsets:given:conv1+fc,conv2+fc"."""
        return f"{GIVEN}:{','.join(map('+'.join, self.sets))}"

    def groups(self, layers: Sequence[str]) -> list[MovingGroup]:
        """The sets in the order given; their `sweep` is "subsets:given", since the name may be long.

        Args:
            layers: Labels in the order of first use.

        Returns:
            As many groups as sets.
        """
        digits = max(2, len(str(len(self.sets))))
        places = self.places or (f"--sweep {GIVEN}",) * len(self.sets)
        return [
            MovingGroup(f"set:{k:0{digits}}", moving_layers(chosen, layers, place), GIVEN)
            for k, (chosen, place) in enumerate(zip(self.sets, places, strict=True), start=1)
        ]


def subsets_of(argument: str) -> RandomSubsets | GivenSubsets:
    """The sweep that stands after "subsets:".

    Args:
        argument: N, N:SEED, the path of a file with one set a line (labels with commas or spaces between, # begins a
            comment), or given:LAYER+LAYER,... as `GivenSubsets.name` writes it.

    Returns:
        The sweep.

    Raises:
        InputError: It is nothing of these, or the file cannot be read or holds no set or one set twice.
    """
    if re.fullmatch(r"\d+(:\d+)?", argument):
        number, _, seed = argument.partition(":")
        return RandomSubsets(whole_number(number, 1, FORMS[0]), int(seed or 0))
    if argument.startswith("given:"):
        texts = argument.removeprefix("given:").replace("+", " ").split(",")
        return _given([(f"--sweep {GIVEN}, set {k}", text) for k, text in enumerate(texts, start=1)], GIVEN)
    try:
        lines = read_text(Path(argument)).splitlines() if argument else []
    except (OSError, UnicodeDecodeError) as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else f"one that cannot be read ({error})"
        raise InputError(
            "a number of sets, or a text file with one set of layers a line", reason, f"--sweep subsets:{argument}",
            f"write {FORMS[0]} or {FORMS[1]}",
        ) from error  # fmt: skip
    texts = [line.partition("#")[0].strip() for line in lines]
    written = [(f"{argument}, line {k}", text) for k, text in enumerate(texts, start=1) if text]
    return _given(written, argument or "--sweep subsets")


def _given(written: Sequence[tuple[str, str]], where: str) -> GivenSubsets:
    sets: list[tuple[str, ...]] = []
    seen: dict[frozenset[str], str] = {}
    for place, text in written:
        labels = tuple(dict.fromkeys(re.split(r"[,\s]+", text.strip(", \t"))))
        earlier = seen.setdefault(frozenset(labels), place)
        if earlier != place or labels == ("",):
            got = f"the set of {earlier} again" if earlier != place else f"no layer in {text!r}"
            raise InputError("different sets of layers", got, place, "write each set once, as LAYER, LAYER, ...")
        sets.append(labels)
    if not sets:
        raise InputError("at least one set of layers", "none", where, f"write {FORMS[0]} or {FORMS[1]}")
    return GivenSubsets(tuple(sets), tuple(place for place, _ in written))
