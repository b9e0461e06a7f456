"""The keys of state dicts: the parts that wrappers add, and the prefixes of a network."""

from collections import Counter
from collections.abc import Collection, Iterable

from isthmus.errors import InputError

NESTS = ("state_dict", "model_state_dict", "model", "weights", "net", "network", "module", "params")
TRANSPARENT = frozenset({  # nobody's own names: torch.compile, FSDP, activation checkpointing, Lightning Fabric
    "_orig_mod",
    "_fsdp_wrapped_module",
    "_checkpoint_wrapped_module",
    "_forward_module",
})
AROUND = frozenset({"module", "_module"})  # DataParallel, AveragedModel, Opacus; may be a network's own name as well
AVERAGED = "n_averaged"  # AveragedModel's counter beside `module.`


def full_key(prefix: str, key: str) -> str:
    """The key below a prefix.

    Args:
        prefix: A dotted path, or nothing.
        key: What stands below it.

    Returns:
        A dotted path.

    Example:
        >>> full_key("model", "fc.bias"), full_key("", "fc.bias")
        ('model.fc.bias', 'fc.bias')
    """
    return f"{prefix}.{key}" if prefix else key


def without_wrappers(keys: Iterable[str], wrappers: Collection[str], where: str) -> dict[str, str]:
    """The keys without the parts that wrappers put into their paths.

    Args:
        keys: Of a state dict.
        wrappers: Parts to take out, wherever they stand before a key's last part.
        where: What to call the state dict in messages.

    Returns:
        Key without wrappers -> key.

    Raises:
        InputError: Two keys become one.

    Example:
        >>> without_wrappers(["_orig_mod.h.weight", "o._orig_mod.weight"], TRANSPARENT, "a.pt")
        {'h.weight': '_orig_mod.h.weight', 'o.weight': 'o._orig_mod.weight'}
    """
    found: dict[str, str] = {}
    for key in keys:
        *path, last = key.split(".")
        bare = ".".join([*(part for part in path if part not in wrappers), last])
        if bare in found:
            raise InputError(
                "keys that remain different without the parts of wrappers",
                f"{found[bare]!r} and {key!r}, which both become {bare!r}",
                where,
                "save one network's weights alone: torch.save(model.state_dict(), path) of the network inside the "
                "wrapper, such as model._orig_mod",
            )
        found[bare] = key
    return found


def prefixes(keys: Iterable[str], wanted: Collection[str]) -> list[str]:
    """The prefixes under which some wanted keys stand, those with the most of them first.

    Args:
        keys: What there is.
        wanted: Keys of a network.

    Returns:
        Dotted paths; the empty one for keys that stand there as they are.

    Example:
        >>> prefixes(["model.fc.weight", "model.fc.bias", "ema.fc.bias"], {"fc.weight", "fc.bias"})
        ['model', 'ema']
    """
    counts: Counter[str] = Counter()
    for key in keys:
        parts = key.split(".")
        counts.update(".".join(parts[:i]) for i in range(len(parts)) if ".".join(parts[i:]) in wanted)
    return sorted(counts, key=lambda prefix: (-counts[prefix], prefix.count("."), prefix))


def usual_first(paths: Collection[str]) -> str | None:
    """The one of several prefixes under which a network is usually meant.

    Args:
        paths: Prefixes.

    Returns:
        The only one, else none at all (""), else the first that `NESTS` names; None where that leaves it open.
    """
    if len(paths) == 1:
        return next(iter(paths))
    return next((name for name in ("", *NESTS) if name in paths), None)
