"""A child of the fuzz run whose readers fail in every way that counts."""

import ctypes
import sys
import time

import run

FAILURES = (lambda: 1 / 0, lambda: ctypes.string_at(0), lambda: time.sleep(60), lambda: bytes(1 << 40))


def outcome(target, folder, honest=run.outcome):
    """As the run's own after the honest files: the numbers of inputs choose the failure."""
    if folder.name == "honest":
        return ("refused" if target.name == "torch tar" else "read"), ""
    number = run.all_targets().index(target)
    return honest(type(target)(target.name, {}, lambda _: FAILURES[number]()), folder)


if __name__ == "__main__":
    run.outcome = outcome
    run.child(*map(int, sys.argv[2:6]))
