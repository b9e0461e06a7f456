"""Labels of layers in texts of several."""

from collections.abc import Collection, Sequence


def with_commas(parts: Sequence[str], labels: Collection[str]) -> list[str]:
    """The parts of a text that was split at commas, put together again where a label has one itself.

    Args:
        parts: As split.
        labels: Of layers or paths of modules.

    Returns:
        The fewest parts that are labels; what is in no label stays as it was split.

    Example:
        >>> with_commas(["a", "b", "c*"], {"a,b", "c1"})
        ['a,b', 'c*']
    """
    found, start = [], 0
    while start < len(parts):
        # The longest first, or the commas of a label would cut it.
        stops = range(len(parts), start, -1)
        stop = next((stop for stop in stops if ",".join(parts[start:stop]) in labels), start + 1)
        found.append(",".join(parts[start:stop]))
        start = stop
    return found


def own_labels(labels: Collection[str]) -> dict[str, str]:
    """The labels, with `(own)` behind a path that other labels lie below: it isn't the whole of that module.

    Args:
        labels: Paths of modules.

    Returns:
        Label -> what it is called.

    Example:
        >>> own_labels(["embeddings", "embeddings.patches", "head"])
        {'embeddings': 'embeddings (own)', 'embeddings.patches': 'embeddings.patches', 'head': 'head'}
    """
    above = {
        ".".join(parts[:depth]) for parts in (label.split(".") for label in labels) for depth in range(1, len(parts))
    }
    return {label: f"{label} (own)" if label in above else label for label in labels}
