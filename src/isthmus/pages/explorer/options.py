"""What can be chosen in a member, and a choice."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from isthmus.errors import UnknownNameError
from isthmus.measures.averaging import HALF_WAY
from isthmus.report.barriers.table import barrier_table
from isthmus.report.shown import largest
from isthmus.report.style import row_name
from isthmus.report.values import is_rise, kind_of, main_values, value_words
from isthmus.results.rows import labels, sweep_labels, sweeps_shown
from isthmus.results.variables import OF
from isthmus.sweeps.full import Full
from isthmus.sweeps.group import FULL_NETWORK

if TYPE_CHECKING:
    import xarray as xr

    from isthmus.measures.barrier import Quantity


@dataclass(frozen=True)
class Choice:
    """One of each list of `Options`, by its number in it."""

    split: int = 0
    value: int = 0
    alpha: int = 0
    host: int = 0
    sweep: int = 0
    layer: int = 0


CHOICES = tuple(field.name for field in fields(Choice))


@dataclass(frozen=True)
class Options:
    """What a member has to choose from.

    Attributes:
        splits: Names of the splits; (None,) where the data has one only.
        values: Rises, which are shown at the alpha that is chosen, and barriers.
        alphas: The grid.
        hosts: "a", "b" or both.
        sweeps: Those of at most a hundred rows.
        left_out: Sweeps with more rows, and how many.
        rows: The rows of every sweep, the full network first.
        layers: All of these rows, each once.
    """

    splits: tuple[str | None, ...]
    values: tuple[str, ...]
    alphas: tuple[float, ...]
    hosts: tuple[str, ...]
    sweeps: tuple[str, ...]
    left_out: Mapping[str, int]
    rows: Mapping[str, tuple[str, ...]]
    layers: tuple[str, ...]

    @classmethod
    def of(cls, result: "xr.Dataset") -> "Options":
        """What a result has.

        Args:
            result: A measurement.

        Returns:
            The options.
        """
        sweeps = tuple(sweeps_shown(result))
        rows = {
            sweep: (FULL_NETWORK, *(label for label in sweep_labels(result, sweep) if label != FULL_NETWORK))
            for sweep in sweeps
        }
        names = labels(result, "sweep")
        return cls(
            splits=labels(result, "split") if "split" in result.dims else (None,),
            values=tuple(value for kind in OF if OF[kind].barrier.name in result for value in _values(kind)),
            alphas=tuple(float(alpha) for alpha in result["alpha"].values),
            hosts=labels(result, "host"),
            sweeps=sweeps,
            left_out={sweep: names.count(sweep) for sweep in dict.fromkeys(names) if sweep not in {*sweeps, Full.name}},
            rows=rows,
            layers=tuple(dict.fromkeys(label for of_sweep in rows.values() for label in of_sweep)),
        )

    def texts(self, name: str) -> tuple[str, ...]:
        """How a choice is written in an address and on the command line.

        Args:
            name: Of `CHOICES`.

        Returns:
            A text for each that can be chosen.
        """
        return {
            "split": tuple(split or "" for split in self.splits),
            "value": self.values,
            "alpha": tuple(map(repr, self.alphas)),
            "host": self.hosts,
            "sweep": self.sweeps,
            "layer": self.layers,
        }[name]

    def words(self, name: str) -> tuple[str, ...]:
        """What a reader sees of a choice.

        Args:
            name: Of `CHOICES`.

        Returns:
            A text for each that can be chosen; those of hosts, alphas and layers are what pictures call them.
        """
        return {
            "split": tuple(split or "all data" for split in self.splits),
            "value": tuple(_value_words(value) for value in self.values),
            "alpha": tuple(f"alpha {alpha:g}" for alpha in self.alphas),
            "host": tuple(f"into {host}" for host in self.hosts),
            "sweep": self.sweeps,
            "layer": tuple(map(row_name, self.layers)),
        }[name]

    def choice(self, asked: Mapping[str, str], first: Choice) -> Choice:
        """What is asked for as far as it is there, and what comes first where it isn't.

        Args:
            asked: Texts of choices.
            first: From `first_choice`.

        Returns:
            The choice; its layer is one of its sweep.
        """
        found = {}
        for name in CHOICES:
            texts = self.texts(name)
            found[name] = texts.index(asked[name]) if asked.get(name) in texts else getattr(first, name)
        layer = self.layers[found["layer"]]
        if "sweep" not in asked:
            found["sweep"] = next(i for i, sweep in enumerate(self.sweeps) if layer in self.rows[sweep])
        rows = self.rows[self.sweeps[found["sweep"]]]
        if layer not in rows:
            found["layer"] = self.layers.index(rows[min(1, len(rows) - 1)])
        return Choice(**found)

    def refuse_unknown(self, asked: Mapping[str, str]) -> None:
        """Refuse what can't be chosen.

        Args:
            asked: Texts of choices, which are options of the command line.

        Raises:
            UnknownNameError: The first of them that isn't there.
        """
        for name in (name for name in CHOICES if name in asked):
            known = [text for text in self.texts(name) if text]
            if name == "layer" and "sweep" in asked:
                known = list(self.rows[asked["sweep"]])
            if asked[name] not in known:
                remedy = "" if known else "leave it out: there is nothing to choose"
                raise UnknownNameError(name, asked[name], known, f"--{name}", remedy)

    def first_choice(self, result: "xr.Dataset") -> Choice:
        """What a reader should see first: averaging, and the layer that it costs most.

        Args:
            result: The member's.

        Returns:
            The choice.
        """
        sweep, main = self.sweeps[0], main_values(result)[0]
        table = barrier_table(result, main, self.splits[0])
        rows = self.rows[sweep]
        most = largest(table.cells[row, host] for row in rows[1:] for host in self.hosts)
        # An exchange is a rise too: that at alpha 1.
        value = OF[kind_of(main)].rises["rise"].name if is_rise(main) else main
        at = table.cells[rows[0], self.hosts[0]].alpha if is_rise(main) else HALF_WAY
        near = [abs(alpha - at) for alpha in self.alphas]
        return Choice(
            value=self.values.index(value),
            alpha=near.index(min(near)),
            host=self.hosts.index(most.host) if most else 0,
            layer=self.layers.index(most.layer if most else rows[0]),
        )


def _values(kind: "Quantity") -> tuple[str, str]:
    return OF[kind].rises["rise"].name, OF[kind].barrier.name


def _value_words(value: str) -> str:
    return f"{value_words(value)} at alpha" if is_rise(value) else value_words(value)
