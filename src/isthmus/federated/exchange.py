"""What clients send, the mean of it layer by layer, and what a client takes from it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from isthmus.layers.partition import LayerPartition
from isthmus.paths.average import weighted_mean
from isthmus.weights.state import Kind, StateDict


@dataclass(frozen=True)
class Sent:
    """What one client sends for a round.

    Attributes:
        client: Its number.
        count: How much it counts: its number of examples, or 1.
        weights: Of the layers it was asked for.
    """

    client: int
    count: float
    weights: StateDict


@dataclass(frozen=True)
class Mean:
    """The mean of a round.

    Attributes:
        weights: Of every layer that somebody sent; other layers have no entry.
        num_senders: Layer -> how many clients its mean is of; 0 where nobody sent it.
    """

    weights: dict[str, Tensor]
    num_senders: dict[str, int]


@dataclass(frozen=True)
class Exchanged:
    """The entries of a network that can travel.

    Running statistics travel with their layer unless they are private. Integer entries (step counters, index buffers)
    never do: a mean of counts is none.

    Attributes:
        layers: A partition of all entries.
        kinds: From `isthmus.weights.state.entry_kinds`.
        private_statistics: Whether running statistics stay with the client.
    """

    layers: LayerPartition
    kinds: Mapping[str, Kind]
    private_statistics: bool = False

    def keys(self, labels: Collection[str]) -> tuple[str, ...]:
        """The entries of some layers that travel.

        Args:
            labels: Of the layers.

        Returns:
            Keys in the order of the layers.
        """
        kept = {Kind.INTEGER_BUFFER, Kind.COUNTER} | ({Kind.STATISTICS} if self.private_statistics else set())
        return tuple(
            key for label in self.layers if label in labels for key in self.layers[label] if self.kinds[key] not in kept
        )

    def num_bytes(self, labels: Collection[str], network: StateDict) -> int:
        """What some layers weigh on their way.

        Args:
            labels: Of the layers.
            network: Any of the architecture.

        Returns:
            Bytes, without the wrapping of a protocol.
        """
        return sum(network[key].nbytes for key in self.keys(labels))


def refusal(sent: Sent, asked: Collection[str], like: StateDict, count: float) -> str | None:
    """Why what a client sent can't be averaged.

    Args:
        sent: What came.
        asked: The keys that it was asked for.
        like: A network of the architecture.
        count: How much the client counts: a larger one would outweigh the others.

    Returns:
        The reason in a few words, naming the first key; None where all is well.

    Example:
        >>> import torch
        >>> refusal(Sent(0, 5, {"w": torch.tensor([float("nan")])}), ["w"], {"w": torch.zeros(1)}, 5)
        'a number that is not finite in w'
    """
    if sent.count != count:
        return f"a count of {sent.count:g}, expected {count:g}"
    if missing := [key for key in asked if key not in sent.weights]:
        return f"no {missing[0]}" + (f" and {len(missing) - 1} more keys missing" if len(missing) > 1 else "")
    if other := [key for key in sent.weights if key not in asked]:
        return f"{other[0]}, which was not asked for"
    for key, tensor in sent.weights.items():
        if tensor.shape != like[key].shape:
            return f"shape {tuple(tensor.shape)} of {key}, expected {tuple(like[key].shape)}"
        if tensor.dtype != like[key].dtype:
            return f"type {tensor.dtype} of {key}, expected {like[key].dtype}"
        if not bool(tensor.isfinite().all()):
            return f"a number that is not finite in {key}"
    return None


def mean_of(sent: Sequence[Sent], aggregated: Mapping[int, Collection[str]], exchanged: Exchanged) -> Mean:
    """The weighted mean of every layer over the clients that average it.

    w_l = sum_i c_i w_l,i / sum_i c_i over the clients i whose set has layer l, with sums in float64, divided once: the
    order of the clients changes no bit, and a client that is alone gets back what it sent.

    Args:
        sent: At most one entry a client; it may hold more than its set.
        aggregated: Client -> the layers that it averages.
        exchanged: Which entries travel.

    Returns:
        The mean.
    """
    weights: dict[str, Tensor] = {}
    num_senders: dict[str, int] = {}
    for label in exchanged.layers:
        senders = [one for one in sent if label in aggregated[one.client]]
        num_senders[label] = len(senders)
        for key in exchanged.keys((label,)) if senders else ():
            weights[key] = weighted_mean([one.weights[key] for one in senders], [one.count for one in senders])
    return Mean(weights, num_senders)


def network_after(own: StateDict, mean: StateDict, labels: Collection[str], exchanged: Exchanged) -> dict[str, Tensor]:
    """A client's network with the mean in its own set of layers.

    Args:
        own: The client's network; left as it is.
        mean: Weights of every layer that somebody sent.
        labels: The layers that this client averages.
        exchanged: Which entries travel.

    Returns:
        A network: personal layers are shared with `own`, averaged ones with `mean`.
    """
    return {**own, **{key: mean[key] for key in exchanged.keys(labels) if key in mean}}
