"""What tells the measurements of a collection apart."""

from typing import Literal

Dimension = Literal["pair", "step"]
"""Pairs of networks, or times in training."""
