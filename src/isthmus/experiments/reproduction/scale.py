"""The scales at which claims are tested."""

from enum import StrEnum


class Scale(StrEnum):
    """How much work goes into an answer; compared as text.

    From the least to the most. SMOKE runs every line on data that ships with the package, in seconds: its numbers are
    not meant to be read. SMALL is honest and takes minutes on two cores: its networks learn few examples by heart.
    EVENING takes hours on two cores: narrower networks than the paper's on all of its data. PAPER has the paper's own
    settings and wants a GPU. Not every claim has an evening.
    """

    SMOKE = "smoke"
    SMALL = "small"
    EVENING = "evening"
    PAPER = "paper"

    @property
    def is_whole(self) -> bool:
        """Whether networks see all training images, so that how good they are is worth a sentence."""
        return self in {Scale.EVENING, Scale.PAPER}


READ = tuple(scale for scale in Scale if scale != Scale.SMOKE)
"""The scales whose numbers are meant to be read."""
