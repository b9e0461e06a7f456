"""Two networks: the layers of a host that are averaged with one donor's."""

from collections.abc import Mapping
from dataclasses import replace

from isthmus.data.examples import Examples
from isthmus.merging.asked import Asked
from isthmus.merging.parts import Rounds
from isthmus.merging.search.alphas import cheapest_alphas
from isthmus.merging.search.certificate import certificate
from isthmus.merging.search.comparison import contenders, other_sets
from isthmus.merging.search.found import Found
from isthmus.merging.search.selection import select
from isthmus.merging.search.step import opened, refuse_no_errors
from isthmus.merging.search.trials import REACH
from isthmus.runs.request.request import Request
from isthmus.runs.subject.subject import Subject


def found_of_two(
    sent: Request,
    subject: Subject,
    certifying: Examples,
    asked: Asked,
    worth: Mapping[str, float],
    rounds: Mapping[str, Rounds],
) -> Found:
    """Search for layers, certify them, and compare them with what else could have been done.

    Args:
        sent: What is measured, with everything in memory if it names workers.
        subject: The same, loaded.
        certifying: The examples of the certificate.
        asked: The tolerance and the rest.
        worth: Of each layer.
        rounds: Split -> where results go.

    Returns:
        What was found.
    """
    labels, metric = tuple(subject.segment.layers), asked.metric
    with opened(sent, subject, dict.fromkeys(labels, asked.alpha), certifying, rounds) as step:
        selecting, judging = step.selecting, step.judging
        refuse_no_errors(selecting, metric)
        if asked.places is not None:
            alphas = cheapest_alphas(selecting, asked.places, metric)
            selecting, judging = (replace(trials, alphas=alphas) for trials in (selecting, judging))
        selection = select(worth, asked.tolerance, lambda sets: selecting.rises(sets, metric))
        rows = judging.differences([judging.point(layers) for layers in selection.chain], metric)
        found = certificate(selection.chain, rows, asked.tolerance, REACH[metric])
        merged = found.certified.layers if found.certified else frozenset[str]()
        around = other_sets(
            selection,
            worth,
            asked.tolerance,
            lambda sets: selecting.rises(sets, metric),
            sum(worth[label] for label in merged),
            range(asked.num_random),
        )
        beside = contenders(judging, merged, around, worth, asked.alpha)
    return Found(
        donors=(subject.b,),
        selections=(selection,),
        soups=tuple((layers,) for layers in selection.chain),
        certificate=found,
        contenders=tuple(beside),
        worth=worth,
        alphas=selecting.alphas,
        engine=step.chosen.note,
    )
