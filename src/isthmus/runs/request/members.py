"""Which networks are measured with which: all pairs, given pairs, and the steps of trajectories."""

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from isthmus.errors import InputError, IsthmusWarning, UnknownNameError, short_list
from isthmus.runs.request.dimension import Dimension
from isthmus.runs.request.inputs import Weights
from isthmus.runs.request.networks import (
    NamedNetwork,
    Networks,
    is_one_network,
    load_entry,
    named_networks,
    refuse_one_network,
)
from isthmus.weights.step import Step
from isthmus.weights.trajectory import Trajectory

Pair = tuple[NamedNetwork, NamedNetwork]


@dataclass(frozen=True)
class Member:
    """One measurement of two networks among several.

    Attributes:
        pair: The label of the pair, such as "x-y"; None where there is only one, of two trajectories.
        step: The label of the step, such as "20ep"; None without trajectories.
        iteration: The same time in mini-batches, where it is known.
        a: Network or trajectory a.
        b: Network or trajectory b.
        steps: The step by the name that each trajectory has for it.
    """

    pair: str | None
    step: str | None
    iteration: int | None
    a: NamedNetwork
    b: NamedNetwork
    steps: tuple[Step, Step] | None = None

    @property
    def name(self) -> str:
        """Such as "x-y 20ep"."""
        return " ".join(label for label in (self.pair, self.step) if label is not None)


@dataclass(frozen=True)
class Collection:
    """Measurements that belong together: every pair at every step.

    Attributes:
        dimensions: What tells them apart, the slowest first.
        members: In the order of pairs, then of time.
        warnings: What was left out.
    """

    dimensions: tuple[Dimension, ...]
    members: tuple[Member, ...]
    warnings: tuple[str, ...] = ()


def collection_of(
    a: Weights | Networks, b: Weights | Networks | None, steps: Sequence[str] | None = None
) -> Collection:
    """Sort what was given into members.

    Args:
        a: A mapping of names to networks, or a list of networks, without b: all pairs, the one named first is `a`. A
            list beside a list of equal length: the pairs (a_k, b_k). A trajectory beside a trajectory. Wherever there
            are several networks they may be trajectories, all of them.
        b: See `a`.
        steps: Which steps of the trajectories; None for all that every one of them has.

    Returns:
        The collection; a warning is given for steps that are left out.

    Raises:
        InputError: There are too few networks, trajectories stand beside single checkpoints, or no step is common.
        UnknownNameError: A step is asked for that not every trajectory has.
    """
    dimensions, pairs = _pairs_of(a, b)
    # By identity, since state dicts have no hash.
    networks = list({id(network): network for pair in pairs for network in pair}.values())
    trajectories = {network.name: network.entry for network in networks if isinstance(network.entry, Trajectory)}
    if not trajectories:
        if steps is not None:
            raise InputError(
                "trajectories to choose steps from",
                "single checkpoints",
                "--steps",
                "name folders of checkpoints such as 20ep.safetensors, or leave the steps out",
            )
        return Collection(dimensions, tuple(Member(_pair(x, y), None, None, x, y) for x, y in pairs))
    if len(trajectories) < len({network.name for network in networks}):
        plain = [network.name for network in networks if network.name not in trajectories]
        raise InputError(
            "trajectories alone, or single checkpoints alone",
            f"trajectories ({short_list(trajectories)}) beside single checkpoints ({short_list(plain)})",
            "the networks",
            "name one checkpoint inside each folder, or give a folder of steps for every network",
        )
    times, left_out = _common_times(trajectories, steps)
    if left_out:
        warnings.warn(left_out, IsthmusWarning, stacklevel=4)
    has_pairs = "pair" in dimensions
    members = tuple(
        Member(_pair(x, y) if has_pairs else None, time.label, time.iteration, x, y, (time.of[x.name], time.of[y.name]))
        for x, y in pairs
        for time in times
    )
    return Collection((*dimensions, "step"), members, (left_out,) if left_out else ())


def _pairs_of(a: Weights | Networks, b: Weights | Networks | None) -> tuple[tuple[Dimension, ...], list[Pair]]:
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        if not a or len(a) != len(b):
            raise InputError(
                "as many networks a as networks b, for the pairs a_k and b_k",
                f"{len(a)} and {len(b)}",
                "a= and b=",
                "give two lists of equal length, or b=None for all pairs of the first",
            )
        networks = named_networks([*a, *b])
        pairs = list(zip(networks[: len(a)], networks[len(a) :], strict=True))
        _refuse_repeated([_pair(x, y) for x, y in pairs], "different pairs of networks")
        return ("pair",), pairs
    if isinstance(a, Mapping | list | tuple) and not is_one_network(a):
        if b is not None:
            raise InputError(
                "two networks, or several as a with b=None",
                f"{len(a)} as a and one more as b",
                "a= and b=",
                "put all networks into a, or give two lists of equal length",
            )
        networks = named_networks(a)  # type: ignore[arg-type]  # a mapping of networks is no state dict
        if len(networks) < 2:
            raise InputError("two networks or more", str(len(networks)), "a=", "add the others")
        pairs = list(combinations(networks, 2))
        _refuse_repeated([network.name for network in networks], "different networks")
        _refuse_repeated([_pair(x, y) for x, y in pairs], "names that give every pair another label")
        return ("pair",), pairs
    if b is None:
        refuse_one_network(a)
    x, y = (load_entry(entry) for entry in (a, b))  # type: ignore[arg-type]
    names = [entry.name if isinstance(entry, Trajectory) else str(entry) for entry in (x, y)]
    if names[0] == names[1]:
        names = [f"{name} ({host})" for name, host in zip(names, "ab", strict=True)]
    return (), [(NamedNetwork(names[0], x), NamedNetwork(names[1], y))]


def _refuse_repeated(names: list[str], expected: str) -> None:
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise InputError(expected, f"{short_list(repeated)} more than once", "the networks", "name each of them once")


def _pair(x: NamedNetwork, y: NamedNetwork) -> str:
    return f"{x.name}-{y.name}"


@dataclass(frozen=True)
class _Time:
    label: str
    iteration: int | None
    of: Mapping[str, Step]


def _common_times(trajectories: Mapping[str, Trajectory], chosen: Sequence[str] | None) -> tuple[list[_Time], str]:
    """The steps that all have, in the order of time, and what to say of the others; "0ep" and "0it" are one step."""
    steps = {name: {_beginning(step): step for step in found} for name, found in trajectories.items()}
    first = next(iter(steps.values()))
    common = [step for step in first if all(step in others for others in steps.values())]
    if not common:
        raise InputError(
            "trajectories with a step in common",
            "; ".join(f"{name}: {short_list(map(str, found))}" for name, found in steps.items()),
            "the steps",
            "save checkpoints of all at equal steps",
        )
    times = [_time(step, steps, trajectories) for step in common]
    if chosen is not None:
        wanted = [_beginning(Step.parse(str(text))) for text in chosen]
        for step in wanted:
            if step not in common:
                known = [str(first[other]) for other in common]
                raise UnknownNameError("a step of every trajectory", str(step), known, "--steps")
        times = [time for step, time in zip(common, times, strict=True) if step in wanted]
        if not times:
            raise InputError("one step or more", "none", "--steps", "name steps such as 0ep,20ep")
        return times, ""
    alone = {name: [str(own) for step, own in found.items() if step not in common] for name, found in steps.items()}
    words = "; ".join(f"{name} has {short_list(missing)}" for name, missing in alone.items() if missing)
    return times, f"steps that not every trajectory has are left out: {words}" if words else ""


def _beginning(step: Step) -> Step:
    return step if step.count else Step(0, "ep")


def _time(step: Step, steps: Mapping[str, Mapping[Step, Step]], trajectories: Mapping[str, Trajectory]) -> _Time:
    of = {name: found[step] for name, found in steps.items()}
    iterations = {_iteration(own, trajectories[name].iterations_per_epoch) for name, own in of.items()}
    return _Time(str(next(iter(of.values()))), iterations.pop() if len(iterations) == 1 else None, of)


def _iteration(step: Step, per_epoch: int | None) -> int | None:
    return step.iterations(per_epoch) if per_epoch or step.unit == "it" or step.count == 0 else None
