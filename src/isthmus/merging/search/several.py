"""Several donors: taken one after another by the examples of the choice alone, with one certificate at the end."""

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from isthmus.data.examples import Examples
from isthmus.errors import IsthmusWarning
from isthmus.evaluation.arithmetic.reduced import float32_products
from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.direct import DirectEngine
from isthmus.measures.examples import ExampleTable
from isthmus.merging.asked import Asked
from isthmus.merging.parts import CERTIFY, SELECT, Rounds, pair_of
from isthmus.merging.search.certificate import certificate
from isthmus.merging.search.comparison import ALONE, DONOR, HOST, MERGED, PLAIN, RANDOM, Contender, compared, random_set
from isthmus.merging.search.found import Found
from isthmus.merging.search.selection import NO_RISE, Selection, select, with_falling_room
from isthmus.merging.search.soup import Soup, joining_alphas, laid_out_like, layers_of, soup_network
from isthmus.merging.search.step import host_weights, measured_anew, opened, refuse_no_errors
from isthmus.merging.search.trials import REACH, Layers, Trials
from isthmus.paths.linear import Segment
from isthmus.runs.request.inputs import NamedWeights
from isthmus.runs.request.request import Request
from isthmus.runs.subject.subject import Subject, examples_at_once, subject_of
from isthmus.weights.checkpoint import Checkpoint
from isthmus.weights.state import StateDict

NO_LAYERS: Layers = frozenset()


@dataclass(frozen=True)
class _Joined:
    """A donor that was asked to join: what it gave, and the results of the networks that the certificate may ask for.

    Attributes:
        donor: The donor.
        selection: The search for its layers.
        host: Split -> results of the host.
        own: Results of the donor itself on the examples of the certificate.
        results: Those of what was merged before with each set of the selection's chain.
        engine: How they were computed, in words.
    """

    donor: NamedWeights
    selection: Selection
    host: Mapping[str, ExampleTable]
    own: ExampleTable
    results: Mapping[Layers, ExampleTable]
    engine: str


@dataclass(frozen=True)
class _Several:
    """A host, its donors, and on what they are measured."""

    sent: Request
    first: Subject
    donors: Sequence[NamedWeights]
    certifying: Examples
    asked: Asked
    worth: Mapping[str, float]
    rounds: Mapping[str, Rounds]

    def network(self, soup: Soup) -> StateDict:
        """That of a soup; donors after its last one are not in it."""
        keeps = self.sent.settings.batch_norm == "host"
        return soup_network(pair_of(self.first), self.donors[: len(soup)], soup, keeps_statistics=keeps)

    def whole(self, *soup: Layers) -> Soup:
        """The soup with an entry for every donor."""
        return (*soup, *(NO_LAYERS for _ in self.donors[len(soup) :]))

    def joined(self, before: Sequence[_Joined]) -> _Joined:
        """The next donor beside those that were asked before."""
        donor, soup = self.donors[len(before)], tuple(one.selection.chosen for one in before)
        running = Checkpoint(dict(self.network(soup)), self.first.a.name)
        request = self.sent.model_copy(update={"a": running, "b": Checkpoint(donor.weights, donor.name)})
        with _quiet():
            subject = subject_of(request)
        alphas = joining_alphas(soup, tuple(self.first.segment.layers))
        rises = [one.selection.rises[one.selection.chosen] for one in before if one.selection.chosen]
        hosts = before[0].host if before else None
        with ExitStack() as stack:
            with _quiet() if before else nullcontext():
                step = stack.enter_context(opened(request, subject, alphas, self.certifying, self.rounds, hosts))
            selecting, judging = step.selecting, step.judging
            refuse_no_errors(selecting, self.asked.metric)
            selection = select(
                self.worth,
                self.asked.tolerance,
                partial(selecting.rises, quantity=self.asked.metric),
                start=rises[-1] if rises else NO_RISE,
                grows_on=donor is self.donors[-1],
            )
            points = {layers: judging.point(layers) for layers in selection.chain}
            judging.values([judging.host, judging.donor, *points.values()], "loss")
        host = {SELECT: selecting.known[selecting.host], CERTIFY: judging.known[judging.host]}
        results = {layers: judging.known[point] for layers, point in points.items()}
        return _Joined(donor, selection, host, judging.known[judging.donor], results, step.chosen.note)

    def results(self, soups: Sequence[Soup]) -> list[ExampleTable]:
        """Of any soups on the examples of the certificate, each computed as a network of its own."""
        settings, subject = self.sent.settings, self.first
        host, found = host_weights(subject), []
        with float32_products(settings.dtype, subject.network.device):
            for soup in soups:
                weights = laid_out_like(self.network(soup), host)
                segment = Segment.between(host, weights, subject.segment.layers, subject.segment.kinds)
                size = BatchSize(examples_at_once(subject, settings))
                engine = DirectEngine(subject.network, segment, size, measured_anew(subject, settings))
                trials = Trials(segment, engine, self.certifying, {}, self.sent.progress, self.rounds[CERTIFY])
                trials.values([trials.donor], "loss")
                found.append(trials.known[trials.donor])
        return found


def found_of_several(
    sent: Request,
    first: Subject,
    donors: Sequence[Checkpoint],
    certifying: Examples,
    asked: Asked,
    worth: Mapping[str, float],
    rounds: Mapping[str, Rounds],
) -> Found:
    """Let donors join one after another, certify the soup, and compare it with what else could have been done.

    The donor that does best by itself comes first. Layers of each join what was merged before, every layer as the
    plain mean of the networks in it, as long as the whole costs the host less than the tolerance. All of this is
    chosen on one set of examples. The soups on the way are nested; those that may be worth it are tested together
    on the other examples, once, at the end.

    Args:
        sent: What is measured, with everything in memory; b is the first donor that was given.
        first: The same, loaded.
        donors: In the order given.
        certifying: The examples of the certificate.
        asked: The tolerance and the rest.
        worth: Of each layer.
        rounds: Split -> where results go.

    Returns:
        What was found.
    """
    ordered, notes = in_order(sent, first, donors, asked, rounds)
    several, joined = _Several(sent, first, ordered, certifying, asked, worth, rounds), list[_Joined]()
    for _ in ordered:
        joined.append(several.joined(joined))
    tried = [
        (several.whole(*(other.selection.chosen for other in joined[:number]), layers), one, layers)
        for number, one in enumerate(joined)
        for layers in one.selection.chain
    ]
    rises = [one.selection.rises[layers] for _, one, layers in tried]
    chain = [tried[number] for number in with_falling_room(rises, asked.tolerance)]
    host = joined[0].host[CERTIFY]
    values = [one.results[layers].values(asked.metric)[0].astype(np.float64) for _, one, layers in chain]
    rows = np.array(values).reshape(len(chain), len(certifying)) - host.values(asked.metric).astype(np.float64)
    found = Found(
        donors=tuple(ordered),
        selections=tuple(one.selection for one in joined),
        soups=tuple(soup for soup, _, _ in chain),
        certificate=certificate([layers_of(soup) for soup, _, _ in chain], rows, asked.tolerance, REACH[asked.metric]),
        contenders=(),
        worth=worth,
        alphas={},
        engine=joined[0].engine,
        notes=notes,
    )
    of_soup = {several.whole(): host} | {soup: one.results[layers] for soup, one, layers in tried}
    return replace(found, contenders=tuple(_contenders(several, found.merged, joined, of_soup)))


def _contenders(
    several: _Several, merged: Soup, joined: Sequence[_Joined], known: Mapping[Soup, ExampleTable]
) -> list[Contender]:
    """The soup beside the networks as they were, one donor's layers alone, all layers of all, and random ones."""
    worth, numbers = several.worth, range(len(several.donors))
    parts = {(number, label): worth[label] for number in numbers for label in worth}
    size = sum(value for (number, label), value in parts.items() if label in merged[number])
    named: dict[str, Soup] = {MERGED: merged}
    for number, one in enumerate(joined[:-1]):
        if one.selection.chosen:  # what the others were worth
            named[ALONE] = several.whole(*(NO_LAYERS for _ in joined[:number]), one.selection.chosen)
            break
    named[PLAIN] = tuple(frozenset(worth) for _ in numbers)
    for seed in range(several.asked.num_random):
        drawn = random_set(parts, size, seed)
        named[f"{RANDOM} {seed + 1}"] = tuple(
            frozenset(label for n, label in drawn if n == number) for number in numbers
        )
    fresh = [soup for soup in dict.fromkeys(named.values()) if soup not in known]
    results = {**known, **dict(zip(fresh, several.results(fresh), strict=True))}
    return compared(
        [
            (HOST, None, joined[0].host[CERTIFY]),
            *((f"{DONOR} {one.donor.name}", None, one.own) for one in joined),
            *((name, soup, results[soup]) for name, soup in named.items()),
        ],
        worth,
    )


def in_order(
    sent: Request, first: Subject, donors: Sequence[Checkpoint], asked: Asked, rounds: Mapping[str, Rounds]
) -> tuple[list[NamedWeights], tuple[str, ...]]:
    """The donors, those of the lowest mean loss or error on the examples of the choice first.

    Args:
        sent: What is measured.
        first: The same, loaded; its b is the first donor.
        donors: In any order, which decides nothing.
        asked: Whether losses or errors count.
        rounds: Split -> where results go.

    Returns:
        The donors under the model's keys, and what may be other than it seems. Means that are no numbers come last.
    """
    found, notes = [], []
    for number, donor in enumerate(donors):
        subject = first
        if number:
            with _quiet():
                subject = subject_of(sent.model_copy(update={"b": donor}))
            for text in (text for text in subject.warnings if text not in first.warnings):
                notes.append(f"{donor.name}: {text}")
                warnings.warn(notes[-1], IsthmusWarning, stacklevel=4)
        size = BatchSize(examples_at_once(subject, sent.settings))
        engine = DirectEngine(subject.network, subject.segment, size)
        trials = Trials(subject.segment, engine, subject.splits[SELECT], {}, sent.progress, rounds[SELECT])
        with float32_products(sent.settings.dtype, subject.network.device):
            refuse_no_errors(trials, asked.metric)
            mean = float(trials.values([trials.donor], asked.metric).mean())
        found.append((math.inf if math.isnan(mean) else mean, subject.b.hash, number, subject.b))
    return [donor for _, _, _, donor in sorted(found, key=lambda item: item[:3])], tuple(notes)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without warnings that were given before, or speak of what was merged so far as if it were network a."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IsthmusWarning)
        yield
