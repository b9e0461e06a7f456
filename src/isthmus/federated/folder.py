"""The folder of a federated training: what lies where, and the record of a round.

federated.json                                  settings, hashes, versions; whether it is complete
outcomes.parquet exchanges.parquet traffic.parquet barriers.parquet     made at the end, without times
networks/RULE/seed-0/client-003.safetensors     the clients' last networks
work/RULE/seed-0/round-0002.json                what became of a round, without times; it makes the round complete
work/RULE/seed-0/round-0002.safetensors         the mean of the round
work/RULE/seed-0/seconds.json                   what was spent so far
work/RULE/seed-0/clients/                       the clients' states after their last local trainings
work/first/seed-0/                              those of the first round, which rules share
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from isthmus.federated.barriers import ClientBarrier
from isthmus.federated.client import Scores
from isthmus.federated.exchange import Mean
from isthmus.federated.server import Round
from isthmus.files import save_whole
from isthmus.gate.texts import read_json
from isthmus.measures.estimate import Estimate
from isthmus.sealed import damage_said, load_values, save_values
from isthmus.weights.checkpoint import save_weights
from isthmus.weights.sealed_tensors import load_tensors

FIRST = "first"  # beside the folders of rules


def file_name(label: str) -> str:
    """A rule's label as the name of a folder, another one for every label.

    Args:
        label: Any text.

    Returns:
        Letters, digits, dots and dashes; with the beginning of the label's hash where these alone don't say it.

    Example:
        >>> file_name("no_norm"), file_name("barrier threshold=0.05")
        ('no_norm', 'barrier-threshold-0.05-a3b1b336')
    """
    if re.fullmatch(r"\w[\w.]*", label, flags=re.ASCII) and label != FIRST:
        return label
    readable = re.sub(r"[^\w.]+", "-", label, flags=re.ASCII).strip("-.")
    return f"{readable or 'rule'}-{hashlib.sha256(label.encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class RuleFolder:
    """Where one rule's training of one seed is.

    Attributes:
        out: The folder of all.
        rule: Its label.
        seed: Of the repetition.
    """

    out: Path
    rule: str
    seed: int

    @property
    def work(self) -> Path:
        """Rounds and states."""
        return self.out / "work" / file_name(self.rule) / f"seed-{self.seed}"

    @property
    def clients(self) -> Path:
        """The clients' states."""
        return self.work / "clients"

    @property
    def first(self) -> Path:
        """The states after the first local training, which all rules share that train alike."""
        return self.out / "work" / FIRST / f"seed-{self.seed}"

    @property
    def networks(self) -> Path:
        """The clients' last networks."""
        return self.out / "networks" / file_name(self.rule) / f"seed-{self.seed}"

    @property
    def seconds_file(self) -> Path:
        """What was spent."""
        return self.work / "seconds.json"

    def record_file(self, number: int) -> Path:
        """The record of a round."""
        return self.work / f"round-{number:04}.json"

    def mean_file(self, number: int) -> Path:
        """The mean of a round."""
        return self.work / f"round-{number:04}.safetensors"


@dataclass(frozen=True)
class Outcome:
    """How good a client's network was in a round.

    Attributes:
        client: Its number.
        when: "before" and "after" averaging, "last" after its training for itself.
        data: "own" or "global".
        scores: Loss and error rate.
    """

    client: int
    when: str
    data: str
    scores: Scores


@dataclass(frozen=True)
class Traffic:
    """What a client sent and took in a round.

    Attributes:
        client: Its number.
        bytes_up: Sent to be averaged.
        bytes_down: Taken.
        bytes_measured: Sent beyond that, to measure barriers.
        left_out: Why it has no part in the mean; empty where it has.
    """

    client: int
    bytes_up: int
    bytes_down: int
    bytes_measured: int
    left_out: str = ""


@dataclass(frozen=True)
class RoundRecord:
    """A round as it is kept.

    Attributes:
        round: What became of it.
        outcomes: Of the clients; none where it is not evaluated.
        traffic: Of every client.
    """

    round: Round
    outcomes: tuple[Outcome, ...]
    traffic: tuple[Traffic, ...]


def save_round(record: RoundRecord, folder: RuleFolder) -> None:
    """Write a round: first its mean, then its record, which makes it complete.

    Args:
        record: The round.
        folder: Where.
    """
    done = record.round
    save_weights(done.mean.weights, folder.mean_file(done.number))
    values = {
        "round": done.number,
        "num_senders": done.mean.num_senders,
        "sets": {str(client): list(labels) for client, labels in done.sets.items()},
        "left_out": {str(client): reason for client, reason in done.left_out.items()},
        "barriers": [asdict(barrier) for barrier in done.barriers],
        "outcomes": [asdict(outcome) for outcome in record.outcomes],
        "traffic": [asdict(traffic) for traffic in record.traffic],
    }
    save_values(values, folder.record_file(done.number))
    folder.mean_file(done.number - 1).unlink(missing_ok=True)  # what goes on from here needs the newest alone


def load_round(number: int, folder: RuleFolder, *, with_mean: bool = True) -> RoundRecord | None:
    """A round as it was kept.

    Args:
        number: From 1.
        folder: Where.
        with_mean: Whether to read the mean's weights.

    Returns:
        The round; None where it is not complete.
    """
    file = folder.record_file(number)
    if not file.is_file():
        return None
    values = load_values(file)
    weights: Mapping[str, Tensor] = load_tensors(folder.mean_file(number))[0] if with_mean else {}
    with damage_said(file):
        barriers = tuple(
            ClientBarrier(**{**one, "barrier": Estimate(**one["barrier"])}) for one in values["barriers"]
        )  # fmt: skip
        done = Round(
            values["round"],
            Mean(dict(weights), values["num_senders"]),
            {int(client): tuple(labels) for client, labels in values["sets"].items()},
            {int(client): reason for client, reason in values["left_out"].items()},
            barriers,
        )
        outcomes = tuple(Outcome(**{**one, "scores": Scores(**one["scores"])}) for one in values["outcomes"])
        return RoundRecord(done, outcomes, tuple(Traffic(**one) for one in values["traffic"]))


def save_json(values: Mapping[str, Any], file: Path) -> None:
    """Write a JSON file so that it is whole or not there.

    Args:
        values: What it holds.
        file: Its name.
    """
    text = json.dumps(values, indent=1) + "\n"
    save_whole(file, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def load_seconds(folder: RuleFolder) -> dict[str, float]:
    """What was spent so far.

    Args:
        folder: Of a rule and seed.

    Returns:
        Seconds by the kind of work; empty before the first round.
    """
    if not folder.seconds_file.is_file():
        return {}
    with damage_said(folder.seconds_file):
        return {str(work): float(seconds) for work, seconds in read_json(folder.seconds_file).items()}
