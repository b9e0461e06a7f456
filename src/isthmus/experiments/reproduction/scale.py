"""The scales at which claims are tested."""

from enum import StrEnum


class Scale(StrEnum):
    """How much work goes into an answer; compared as text.

    SMOKE runs every line on data that ships with the package, in seconds: its numbers are not meant to be read. SMALL
    is honest and fits two cores. PAPER has the paper's own settings and wants a GPU.
    """

    SMOKE = "smoke"
    SMALL = "small"
    PAPER = "paper"
