"""Names of pictures: every stem is made here."""

import re
from collections.abc import Sequence


def file_names(names: Sequence[str]) -> list[str]:
    """Names that are safe in a file's name and stay different from one another.

    Args:
        names: Any text.

    Returns:
        One name for each, of letters, digits, dot, dash and underscore.

    Example:
        >>> file_names(["test", "../test", "test"])
        ['test', 'test-2', 'test-3']
    """
    taken: list[str] = []
    for name in names:
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-")[:60] or "run"
        candidate, count = stem, 2
        # Some file systems don't tell capitals from small letters.
        while candidate.lower() in (other.lower() for other in taken):
            candidate, count = f"{stem}-{count}", count + 1
        taken.append(candidate)
    return taken


def split_endings(splits: Sequence[str | None]) -> list[str]:
    """What the stems of a split's pictures end in.

    Args:
        splits: From `isthmus.report.barriers.table.split_names`.

    Returns:
        Such as "_test"; "" for a result without splits.
    """
    return [""] if list(splits) == [None] else [f"_{name}" for name in file_names([str(split) for split in splits])]


def run_beginnings(names: Sequence[str]) -> list[str]:
    """What the stems of a run's pictures begin with.

    Args:
        names: Of the runs that share a page.

    Returns:
        Such as "same-init_"; "" for a single run.
    """
    return [""] if len(names) == 1 else [f"{name}_" for name in file_names(names)]


def joined_stem(words: Sequence[str]) -> str:
    """A stem of several words.

    Args:
        words: Any text; empty ones are left out.

    Returns:
        Such as "loss_steps_x-y_test".
    """
    return "_".join(file_names([word])[0] for word in words if word)


def claim_stem(claim: str, stem: str) -> str:
    """The stem of a picture among those of several claims.

    Args:
        claim: The claim's name.
        stem: Of the picture.

    Returns:
        Such as "fig1_loss_train".
    """
    return f"{claim}_{stem}"
