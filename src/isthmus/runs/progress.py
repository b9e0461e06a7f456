"""How far a measurement is, on standard error: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

Advance = Callable[[str, int, int], None]
NUM_LINES = 10


@contextmanager
def shown_progress(num_points: int, num_examples: int, *, enabled: bool) -> Iterator[Advance]:
    """Show points done, examples a second and the time left while the block runs.

    Args:
        num_points: Points of the measurement, over all splits.
        num_examples: Examples that all points together are evaluated on.
        enabled: False shows nothing.

    Yields:
        A function to call with the split's name, the points done and the examples done in one finished unit.
    """
    console = Console(file=sys.stderr)
    if not enabled:
        yield lambda _split, _points, _examples: None
    elif console.is_terminal:
        with _bar(console) as bar:
            task = bar.add_task("measuring", total=num_examples, points=0, num_points=num_points, rate=0.0)
            begun, done = time.monotonic(), [0, 0]

            def advance(split: str, points: int, examples: int) -> None:
                done[0] += points
                done[1] += examples
                rate = done[1] / max(time.monotonic() - begun, 1e-9)
                bar.update(task, advance=examples, description=split, points=done[0], rate=rate)

            yield advance
    else:
        yield _line_printer(num_points, num_examples)


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


def _line_printer(num_points: int, num_examples: int) -> Advance:
    begun, done = time.monotonic(), [0, 0]

    def advance(split: str, points: int, examples: int) -> None:
        before = done[1] * NUM_LINES // num_examples
        done[0] += points
        done[1] += examples
        if done[1] * NUM_LINES // num_examples > before:
            elapsed = time.monotonic() - begun
            left = elapsed * (num_examples - done[1]) / done[1]
            rate = done[1] / max(elapsed, 1e-9)
            print(
                f"{split}: {done[0]} of {num_points} points, {rate:,.0f} examples/s, {left:.0f} s left",
                file=sys.stderr,
                flush=True,
            )

    return advance
