"""A record and the numbers that belong to it."""

from dataclasses import dataclass

from isthmus.errors import InputError, UnknownNameError
from isthmus.measures.examples import ExampleTable
from isthmus.runs.folder.record import Record
from isthmus.sweeps.grid import Grid


@dataclass(frozen=True)
class Measurement:
    """A record and the per-example results that belong to it.

    Attributes:
        record: The manifest.
        tables: Split -> per-example results.
    """

    record: Record
    tables: dict[str, ExampleTable]

    @property
    def grid(self) -> Grid:
        """The rows of the measurement."""
        return self.record.grid.grid()

    def table(self, split: str | None) -> ExampleTable:
        """The per-example results of one split.

        Args:
            split: Its name; None if there is only one.

        Returns:
            Its table.

        Raises:
            InputError: None of several is named.
            UnknownNameError: There is no such split.
        """
        if split is None and len(self.tables) > 1:
            raise InputError("the name of one split", "none", "split=", f"choose from {list(self.tables)}")
        name = next(iter(self.tables)) if split is None else split
        if name not in self.tables:
            raise UnknownNameError("a split", name, self.tables, "split=")
        return self.tables[name]
