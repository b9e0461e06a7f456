"""One donor beside a host, or beside what was merged before: the networks between them, ready to be evaluated."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch

from isthmus.data.examples import Examples
from isthmus.errors import InputError
from isthmus.evaluation.arithmetic.reduced import float32_products
from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.direct import DirectEngine, Preparation
from isthmus.evaluation.engines import ChosenEngine
from isthmus.evaluation.normalization import Recalibration
from isthmus.measures.barrier import Quantity
from isthmus.measures.examples import ExampleTable
from isthmus.merging.parts import CERTIFY, SELECT, Rounds
from isthmus.merging.search.trials import Trials
from isthmus.runs.jobs.units import spread
from isthmus.runs.request.request import Request
from isthmus.runs.request.settings import Settings
from isthmus.runs.subject.subject import Subject, chosen_engine, examples_at_once
from isthmus.weights.state import StateDict


@dataclass(frozen=True)
class Step:
    """Networks between two, on the examples of the choice and on those of the certificate.

    Attributes:
        subject: The two networks; the donor is b.
        chosen: The engine.
        selecting: On the examples of the choice.
        judging: On those of the certificate.
    """

    subject: Subject
    chosen: ChosenEngine
    selecting: Trials
    judging: Trials


@contextmanager
def opened(
    sent: Request,
    subject: Subject,
    alphas: Mapping[str, float],
    certifying: Examples,
    rounds: Mapping[str, Rounds],
    hosts: Mapping[str, ExampleTable] | None = None,
) -> Iterator[Step]:
    """Make an engine for the networks between two, and workers where the request names them, while a block runs.

    Args:
        sent: What is measured, with everything in memory if it names workers.
        subject: The same, loaded.
        alphas: Where each layer is taken.
        certifying: The examples of the certificate.
        rounds: Split -> where the results go.
        hosts: Split -> the host's results, where the network at alpha 0 is another than the host.

    Yields:
        The step.
    """
    size = BatchSize(examples_at_once(subject, sent.settings))
    own = DirectEngine(subject.network, subject.segment, size) if subject.recalibration is not None else None
    with ExitStack() as stack:
        stack.enter_context(float32_products(sent.settings.dtype, subject.network.device))
        chosen = chosen_engine(subject, sent.settings, size)
        engine = stack.enter_context(spread(chosen, sent, subject, size, torch.get_num_threads())).engine

        def trials(split: str, examples: Examples) -> Trials:
            host = None if hosts is None else hosts[split]
            return Trials(subject.segment, engine, examples, alphas, sent.progress, rounds[split], own, host)

        yield Step(subject, chosen, trials(SELECT, subject.splits[SELECT]), trials(CERTIFY, certifying))


def host_weights(subject: Subject) -> StateDict:
    """Network a as it is evaluated: on the device, in the type of blends and in the memory format of the network.

    Args:
        subject: The two networks.

    Returns:
        Its tensors.
    """
    return (subject.segment.first, subject.segment.second)[subject.segment.position_a]


def measured_anew(subject: Subject, settings: Settings) -> Preparation:
    """What happens to the weights of a network before it is evaluated.

    Args:
        subject: What is measured.
        settings: What was asked.

    Returns:
        Nothing; with data to recalibrate on, its statistics are measured anew on them.
    """
    if subject.recalibration is None:
        return dict
    return Recalibration(subject.network, subject.recalibration, examples_at_once(subject, settings))


def refuse_no_errors(trials: Trials, metric: Quantity) -> None:
    """Refuse to count errors where there are none.

    Args:
        trials: Of any two networks.
        metric: What is to be counted.

    Raises:
        InputError: The loss has no classes.
    """
    trials.values([trials.host], "loss")
    if metric == "error" and trials.known[trials.host].error is None:
        raise InputError("a loss with classes", "one without", "--metric error", "take the loss")
