"""The two networks of a measurement by their roles."""

from typing import Literal

Host = Literal["a", "b"]
"""The network whose other layers stay; the other one is the donor."""
