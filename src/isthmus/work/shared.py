"""Values that many jobs need, such as networks and data: nobody writes to them."""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, runtime_checkable

V_co = TypeVar("V_co", covariant=True)


@runtime_checkable
class Shared(Protocol[V_co]):
    """A value of another place. A job holds on to it, and asks for it where it is done."""

    def value(self) -> V_co:
        """The value; its tensors may lie in memory that can't be written to."""


@dataclass(frozen=True)
class Kept(Generic[V_co]):
    """A value of this process.

    Attributes:
        kept: The value.
    """

    kept: V_co

    def value(self) -> V_co:
        """The value."""
        return self.kept
