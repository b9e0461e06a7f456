"""Progress of a measurement: a bar on a terminal or under a notebook's cell, lines on standard error elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from isthmus.runs.notebook_bar import NotebookBar, in_notebook

Advance = Callable[[str, int], None]
NUM_LINES = 10


@contextmanager
def show_progress(num_points: int, num_examples: int, *, enabled: bool) -> Iterator[Advance]:
    """Show points done, examples a second and the time left while the block runs.

    Args:
        num_points: Points of the measurement, over all splits.
        num_examples: Examples that all points together are evaluated on.
        enabled: False shows nothing.

    Yields:
        A function to call with the split's name and the examples done, over all points, in one finished unit. Points
        are shown as the share of the examples done: the shared engine has them all in progress at once.
    """
    console = Console(file=sys.stderr)
    if not enabled:
        yield lambda _split, _examples: None
    elif in_notebook():
        shown = NotebookBar(num_examples)
        try:
            yield _told(num_points, num_examples, shown.show)
        finally:
            shown.close()
    elif console.is_terminal:
        with _bar(console) as bar:
            task = bar.add_task("measuring", total=num_examples, points=0, num_points=num_points, rate=0.0)
            begun, done = time.monotonic(), [0]

            def advance(split: str, examples: int) -> None:
                done[0] += examples
                # A coarse clock may not have moved yet.
                rate = done[0] / max(time.monotonic() - begun, 1e-9)
                points = done[0] * num_points // num_examples
                bar.update(task, advance=examples, description=split, points=points, rate=rate)

            yield advance
    else:
        yield _told(num_points, num_examples, _printer(num_examples))


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[points]:.0f}/{task.fields[num_points]} points"),
        TextColumn("{task.fields[rate]:,.0f} examples/s"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


def _told(num_points: int, num_examples: int, show: Callable[[int, str], None]) -> Advance:
    """Tell after every unit how many examples are done, and in words how fast it goes and how long it will take."""
    begun, done = time.monotonic(), [0]

    def advance(split: str, examples: int) -> None:
        done[0] += examples
        # A coarse clock may not have moved yet.
        elapsed = max(time.monotonic() - begun, 1e-9)
        left, rate = elapsed * (num_examples - done[0]) / done[0], done[0] / elapsed
        points = done[0] * num_points // num_examples
        show(done[0], f"{split}: {points} of {num_points} points, {rate:,.0f} examples/s, {left:.0f} s left")

    return advance


def _printer(num_examples: int) -> Callable[[int, str], None]:
    """Print some of what is told, so that a log stays short."""
    printed = [0]

    def show(done: int, words: str) -> None:
        tenths = done * NUM_LINES // num_examples
        if tenths > printed[0]:
            printed[0] = tenths
            print(words, file=sys.stderr, flush=True)

    return show
