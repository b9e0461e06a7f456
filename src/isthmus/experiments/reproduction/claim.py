"""What a claim of the paper is, and the scales at which it is put to the test. Nothing here imports torch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from isthmus.experiments.reproduction.bench import Bench
    from isthmus.experiments.reproduction.evidence import Evidence


class Scale(StrEnum):
    """How much work goes into an answer; compared as text.

    SMOKE runs every line on data that ships with the package, in seconds: its numbers are not meant to be read. SMALL
    is honest and fits two cores. PAPER has the paper's own settings and wants a GPU.
    """

    SMOKE = "smoke"
    SMALL = "small"
    PAPER = "paper"


@dataclass(frozen=True)
class Claim:
    """A statement of the paper and how it is put to the test.

    Attributes:
        name: What the user types, such as "fig1"; also the module under `isthmus.experiments.claims`.
        title: The claim in one line.
        figure: Where it stands in the paper, such as "Figure 1" or "appendix".
        says: What the paper says, in our own words.
        expected: What would be seen here if it is true.
        paper_settings: The paper's settings by name; the names that `isthmus.experiments.reproduction.settings` uses
            stand beside ours on the page.
        times: How long it takes at each scale, or that it has not been run.
        departures: From the paper, at each scale.
        run: Does the work: trains and measures on the bench that it is given, and returns what was found.
    """

    name: str
    title: str
    figure: str
    says: str
    expected: str
    paper_settings: Mapping[str, str]
    times: Mapping[Scale, str]
    departures: Mapping[Scale, tuple[str, ...]]
    run: "Callable[[Bench], Evidence]"
