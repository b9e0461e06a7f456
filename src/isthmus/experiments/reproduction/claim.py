"""What a claim of the paper is. Nothing here imports torch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isthmus.experiments.reproduction.scale import Scale

if TYPE_CHECKING:
    from isthmus.experiments.reproduction.bench import Bench
    from isthmus.experiments.reproduction.evidence import Evidence


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
