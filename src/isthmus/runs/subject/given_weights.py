"""Whether outputs come from the given weights and nothing else; a network for which that takes care is given it."""

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from isthmus.errors import InputError, short_list
from isthmus.evaluation.network import Fresh, Network
from isthmus.evaluation.stages.staging import TOLERANCES, relative_difference
from isthmus.trees import Tree
from isthmus.weights.casting import cast_weights, stored_in
from isthmus.weights.interpolation import interpolation
from isthmus.weights.made_when_read import MadeWhenRead, layout_of
from isthmus.weights.state import StateDict, is_blendable, lend_weights, same_bits

NUM_EXAMPLES = 8  # of a dozen forward passes; what comes from elsewhere shows on any example
AFRESH = (
    "the network derives something from its weights in eval(), on loading or on its first run: a copy is loaded for "
    "every run, and no work is shared"
)


@dataclass(frozen=True)
class GivenWeights:
    """A network whose outputs come from the weights that it is given.

    Attributes:
        network: As it is to be run.
        agreement: How near it comes to a freshly loaded copy, in words.
        remarks: What may be other than it seems, to be warned of.
    """

    network: Network
    agreement: str
    remarks: list[str]


def given_weights(
    network: Network,
    fresh: Fresh,
    a: StateDict,
    b: StateDict,
    inputs: Tree,
    again: nn.Module | None = None,
    drawn: Sequence[str] = (),
) -> GivenWeights:
    """Compare a network with copies that are loaded in the ordinary way: `load_state_dict`, `eval()`, `forward`.

    Network a runs while the module holds b's weights, and b while it holds a's. What forward writes to is found, and
    parameters that it reads from elsewhere.

    Args:
        network: Runs on these inputs; `written` names what a run with a's weights writes to, or more (`written_keys`).
        fresh: Makes the model anew.
        a: Weights of network a, on the network's device.
        b: Weights of network b.
        inputs: A batch on the network's device; not changed.
        again: Another build of the model, where it has other attributes than this one.
        drawn: Tensors of those attributes, by name.

    Returns:
        The network: with copies of what forward writes to, and loaded afresh for every run where it must be.

    Raises:
        InputError: Forward reads parameters that are in no state dict; the network depends on how often it ran; or two
            builds are two networks.
    """
    where = type(network.module).__name__
    remarks = _remarks_on_others(network, a, inputs, where)
    network = replace(network, written=network.written | _written(network, b, inputs))
    if network.written:
        names = short_list(sorted(network.written))
        remarks.append(f"the forward pass writes to {names}: every batch starts from the given values")
    loaded = {}
    for name, weights in (("a", a), ("b", b)):
        loaded[name] = network.loaded_outputs(fresh, weights, inputs)
        if not same_bits(loaded[name], network.loaded_outputs(fresh, weights, inputs, times=2)):
            raise InputError(
                "a model that gives the same outputs on every run",
                "other ones on the second run: it keeps something of the first",
                where,
                "reset in eval() what forward keeps, or don't use it there",
            )
    if again is not None:
        difference = relative_difference(network.loaded_outputs(lambda *_: again, a, inputs), loaded["a"])
        if not difference <= TOLERANCES[network.dtype]:
            what = f"; every build draws {short_list(drawn)} anew, and no checkpoint holds it" if drawn else ""
            raise InputError(
                "a model that is the same network whenever it is built",
                f"another build gives other outputs with the same weights: {difference:.2g} of the largest away{what}",
                where,
                "set the seed within the function that builds it, or save what it draws as a buffer",
            )
    difference = _crossed_difference(network, a, b, inputs, loaded)
    if not difference <= TOLERANCES[network.dtype]:
        network = replace(network, fresh=fresh)
        remarks.append(AFRESH)
        difference = _crossed_difference(network, a, b, inputs, loaded)
    same_weights = all(same_bits(stored_in(a)[key], stored_in(b)[key]) for key in a)
    # Two networks of which one rescales the other have equal outputs; half-way they are others.
    all_equal = not same_weights and same_bits(loaded["a"], loaded["b"])
    if all_equal and same_bits(loaded["a"], network.loaded_outputs(fresh, _half_way(a, b), inputs)):
        remarks.append(
            f"networks a and b differ and no output of the first {len(loaded['a'])} examples does, nor half-way: "
            "forward may use something else than these weights, such as values computed from others"
        )
    said = "equal to the bit" if difference == 0 else f"largest difference {difference:.2g} of the largest output"
    return GivenWeights(network, said, remarks)


class _Reads(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Gathers parameters, and other tensors of given numbers, that operators read."""

    def __init__(self, known: Set[int]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.known = known
        self.found: dict[int, Tensor] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        for leaf in tree_leaves((args, kwargs)):
            if isinstance(leaf, nn.Parameter) or id(leaf) in self.known:
                self.found[id(leaf)] = leaf
        return func(*args, **(kwargs or {}))


def reads_another(network: Network, model: nn.Module, weights: StateDict, inputs: Tree) -> bool:
    """Whether the forward pass of a copy reads tensors of the model that it was copied from.

    Args:
        network: Runs on these inputs.
        model: What it was copied from.
        weights: Of either network.
        inputs: A batch on the network's device; not changed.

    Returns:
        True for a forward that is closed over the model, which no copy can change; False too where it fails.
    """
    own = {id(tensor) for tensor in (*model.parameters(), *model.buffers())}
    mine = {id(tensor) for tensor in (*network.module.parameters(), *network.module.buffers())}
    try:
        return bool((own - mine) & _read(network, weights, inputs, own).keys())
    except Exception:  # whatever a model raises on inputs that it does not take: the probe says so
        return False


def _read(network: Network, weights: StateDict, inputs: Tree, known: Set[int] = frozenset()) -> dict[int, Tensor]:
    with _Reads(known) as reads:
        network.outputs(weights, inputs)
    found: dict[int, Tensor] = reads.found
    return found


def _remarks_on_others(network: Network, weights: StateDict, inputs: Tree, where: str) -> list[str]:
    registered = {id(parameter): name for name, parameter in network.module.named_parameters()}
    others = {n: t for n, t in _read(network, weights, inputs).items() if isinstance(t, nn.Parameter)}
    unsaved = [registered[number] for number in others if number in registered]
    outside = [parameter for number, parameter in others.items() if number not in registered]
    trained = [str(tuple(parameter.shape)) for parameter in outside if parameter.requires_grad]
    if trained:
        raise InputError(
            "a model whose parameters are in its state dict",
            f"forward reads {len(trained)} parameters that are not, of shape {short_list(trained, 3)}",
            where,
            "keep them in nn.ParameterList, nn.ModuleList or as attributes in place of a plain list or dict; what is "
            "frozen on purpose needs requires_grad=False",
        )
    found = []
    if unsaved:
        found.append(
            f"{short_list(unsaved, 3)} are no entries of the state dict: both networks have those of the model"
        )
    if outside:
        found.append(
            f"forward reads {len(outside)} frozen parameters outside the state dict: both networks have the same"
        )
    return found


def _half_way(a: StateDict, b: StateDict) -> StateDict:
    layout = layout_of(a)

    def entry(key: str) -> Tensor:
        return interpolation(a[key], b[key], 0.5) if is_blendable(layout[key]) else a[key]

    return MadeWhenRead(layout, entry)


def written_keys(network: Network, weights: StateDict, inputs: Tree) -> frozenset[str]:
    """What a run with some weights writes to, so that the runs after it copy no more than this.

    Args:
        network: Runs on these inputs.
        weights: Of either network.
        inputs: A batch on the network's device; not changed.

    Returns:
        Keys; all of them where the model does not run, of which the probe says why.
    """
    try:
        return _written(network, weights, inputs)
    except Exception:  # whatever a model raises on inputs that it does not take
        return frozenset(weights)


def _written(network: Network, weights: StateDict, inputs: Tree) -> frozenset[str]:
    """The keys that forward writes to, by version or by value."""
    mine = cast_weights(weights, network.dtype)
    given = {key: tensor.clone() for key, tensor in mine.items()}
    before = {key: tensor._version for key, tensor in given.items()}
    replace(network, written=frozenset()).outputs(given, inputs)
    # By value too, since `weight.data.clamp_()` leaves the version alone.
    return frozenset(key for key in given if given[key]._version != before[key] or not same_bits(given[key], mine[key]))


def _crossed_difference(network: Network, a: StateDict, b: StateDict, inputs: Tree, loaded: dict[str, Tensor]) -> float:
    """The largest difference from freshly loaded copies, each network being run while the module holds the other."""
    largest = 0.0
    for held, name, weights in ((b, "a", a), (a, "b", b)):
        lend_weights(network.module, cast_weights(held, network.dtype), copied=network.written)
        found = network.outputs(weights, inputs)
        largest = max(largest, relative_difference(found, loaded[name]))
    return largest
