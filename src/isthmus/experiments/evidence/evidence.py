"""What a claim's run found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from isthmus.experiments.evidence.criterion import Found
from isthmus.report.picture import Picture


@dataclass(frozen=True)
class Evidence:
    """What was found.

    Attributes:
        found: What was seen for each criterion that the claim states, by what was looked at: empty where that is one
            thing; the verdict follows from it.
        obtained: What was seen, in paragraphs of Markdown with figures and intervals computed from the numbers. A
            picture whose sentence stands here is shown without it.
        pictures: The first one is the claim's. The stem "loss_train" becomes `pictures/fig1_loss_train.svg` and `.png`.
        num_pairs: Pairs of networks that the figures come from; 0 where they come from none.
        rows: A table of figures: the first row holds the column titles; may be empty.
        basis: What the figures and their intervals come from, in a sentence; empty where pairs and examples say it.
    """

    found: Mapping[str, Found]
    obtained: Sequence[str]
    pictures: Sequence[Picture]
    num_pairs: int
    rows: Sequence[Sequence[str]] = ()
    basis: str = ""
