"""A claim of the paper in words: `claims/prose/NAME.toml`."""

import tomllib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, model_validator

from isthmus.experiments.evidence.criterion import Prose, StatedCriterion
from isthmus.experiments.reproduction.scale import Scale

if TYPE_CHECKING:
    from isthmus.experiments.evidence.evidence import Evidence
    from isthmus.experiments.reproduction.bench import Bench

CLAIMS = Path(__file__).parent.parent / "claims"


class Claim(BaseModel):
    """A statement of the paper and what is stated of its test before anything is measured.

    Attributes:
        name: What the user types, such as "fig1"; also the module in `isthmus.experiments.claims` that puts it to the
            test.
        title: The claim in one line.
        figure: Where it stands in the paper, such as "Figure 1" or "appendix".
        says: What the paper says, in our own words.
        expected: What would be seen here if it is true.
        paper_settings: The paper's settings by name; the names that `reproduction.pages.settings` uses stand beside
            ours on the page.
        times: How long it takes at each scale, or that it has not been run; the claim can be tested at these scales.
        departures: From the paper, at each scale.
        criteria: By the names under which the module says what it found.
        headline: The criteria whose figures stand at the head of the page and in the list of claims, with the few words
            that the list has for each.
        paper_value: What the paper gives for them.
        published: How good like networks are known to be, and by whom, at the scales whose networks can be compared.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: Prose
    figure: str
    says: Prose
    expected: Prose
    paper_settings: dict[str, Prose]
    times: dict[Scale, str]
    departures: dict[Scale, tuple[Prose, ...]]
    criteria: dict[str, StatedCriterion]
    headline: dict[str, str]
    paper_value: Prose
    published: dict[Scale, Prose] = {}

    @model_validator(mode="after")
    def _every_scale(self) -> "Claim":
        if not set(self.times) == set(self.departures) >= set(Scale) - {Scale.EVENING}:
            raise ValueError("times and departures at each scale; an evening may be missing in both")
        return self

    @model_validator(mode="after")
    def _stated_headline(self) -> "Claim":
        if not self.headline or not set(self.headline) <= set(self.criteria):
            raise ValueError("a headline of at least one of the criteria")
        return self

    @property
    def scales(self) -> tuple[Scale, ...]:
        """Those at which it can be tested, from the least to the most."""
        return tuple(scale for scale in Scale if scale in self.times)

    def run(self, bench: "Bench") -> "Evidence":
        """Do the work: train and measure.

        Args:
            bench: To work on.

        Returns:
            What was found.
        """
        # Here alone, so that lists and pages read the words of claims without their code.
        found: Evidence = import_module(module_of(self.name)).run(bench)
        return found


def module_of(claim: str) -> str:
    """Where a claim is put to the test.

    Args:
        claim: Its name.

    Returns:
        The module of that name in `isthmus.experiments.claims` or in a folder of it.
    """
    file = next(CLAIMS.rglob(f"{claim}.py"), CLAIMS / f"{claim}.py")
    return ".".join(["isthmus.experiments.claims", *file.relative_to(CLAIMS).with_suffix("").parts])


def load_claim(file: Path) -> Claim:
    """A claim from its file.

    Args:
        file: TOML, called as the claim.

    Returns:
        The claim.
    """
    return Claim.model_validate({"name": file.stem} | tomllib.loads(file.read_text(encoding="utf-8")))
