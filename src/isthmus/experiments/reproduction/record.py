"""`reproduction.json`: the outcome of a claim at a scale."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from isthmus.errors import InputError
from isthmus.experiments.evidence.criterion import Criterion, Verdict
from isthmus.experiments.reproduction.scale import Scale
from isthmus.files import save_whole
from isthmus.gate.door import parsing
from isthmus.gate.texts import read_json

RECORD_FILE = "reproduction.json"
SCHEMA = 1
NOT_MEANT = "smoke: not meant to be read"


@dataclass(frozen=True)
class Reproduction:
    """What became of a claim at a scale.

    Attributes:
        claim: The claim's name.
        scale: At which scale.
        verdict: What follows from the criteria; None while it is not complete.
        criteria: The conditions, with the figures seen.
        num_pairs: Pairs of networks that the figures come from.
        seconds: What was spent, by the kind of work.
        hardware: The kind of machine.
        versions: Of isthmus, torch and Python.
    """

    claim: str
    scale: Scale
    verdict: Verdict | None = None
    criteria: tuple[Criterion, ...] = ()
    num_pairs: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)
    hardware: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def verdict_text(self) -> str:
        """The verdict as it is shown: none is at scale smoke, whatever the criteria say."""
        if self.verdict is None:
            return "not finished"
        return NOT_MEANT if self.scale == Scale.SMOKE else str(self.verdict)

    def values(self) -> dict[str, Any]:
        """Everything as JSON has it."""
        return {"schema": SCHEMA, **asdict(self), "shown_verdict": self.verdict_text}

    def save(self, folder: Path) -> None:
        """Write `reproduction.json`.

        Args:
            folder: Of the claim at this scale.
        """
        text = json.dumps(self.values(), indent=1) + "\n"
        save_whole(folder / RECORD_FILE, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def load_reproduction(folder: Path) -> Reproduction | None:
    """What became of a claim, from the folder of a claim at a scale.

    Args:
        folder: Of the claim at a scale.

    Returns:
        The record; None if there is none.

    Raises:
        InputError: It is not one of ours, or of a later version.
    """
    file = folder / RECORD_FILE
    if not file.is_file():
        return None
    expected, remedy = f"a record of schema {SCHEMA} or earlier", "remove it, or update isthmus"
    with parsing(expected, str(file), remedy):
        stored = read_json(file)
        if stored["schema"] > SCHEMA:
            raise InputError(expected, f"schema {stored['schema']}", str(file), remedy)
        return _reproduction(stored)


def _reproduction(stored: dict[str, Any]) -> Reproduction:
    verdict = stored["verdict"]
    return Reproduction(
        claim=stored["claim"],
        scale=Scale(stored["scale"]),
        verdict=None if verdict is None else Verdict(verdict),
        criteria=tuple(Criterion(**criterion) for criterion in stored["criteria"]),
        num_pairs=stored["num_pairs"],
        seconds=stored["seconds"],
        hardware=stored["hardware"],
        versions=stored["versions"],
    )
