"""Commands that are killed or interrupted at random moments, and a long run of repeated measuring: a few of many.

`benchmarks/killed.py` and `benchmarks/soak.py` do it at length; docs/trust.md has the figures.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from programs import program

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def ran(name, *arguments):
    return subprocess.run(
        [sys.executable, str(BENCHMARKS / name), *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=False,
    )


@pytest.mark.slow  # each command is begun three times, with its page
def test_commands_killed_at_random_moments_end_with_the_bytes_of_unbroken_ones():
    done = ran("killed.py", "--kills", "10", "--interrupts", "5", "--seed", "1")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_training_killed_and_one_interrupted_end_with_the_bytes_of_an_unbroken_one():
    done = ran("killed.py", "--kills", "1", "--interrupts", "1", "--only", "train")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()[:-1]]
    assert [row["status"] for row in rows] == [-9, 130]


def test_repeated_measuring_is_counted():
    done = ran("soak.py", "--minutes", "0")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["rounds"] == 5
    assert found["descriptors"][0] == found["descriptors"][1]


def test_growth_is_told_from_noise():
    soak = program("soak", "benchmarks")
    rounds = soak.np.arange(400)
    noise = soak.np.random.default_rng(0).normal(size=400)
    quiet = soak.growth(rounds, 300 + noise)
    assert quiet["is_flat"]
    leak = soak.growth(rounds, 300 + noise + 0.05 * rounds)
    _, low, high = leak["median_MiB_a_thousand_rounds"]
    assert low < 50 < high
    assert low > 25
    assert not leak["is_flat"]
    doubled = soak.growth(rounds, 300 + noise + 4.0 * (rounds >= 200))
    assert doubled["is_flat"]
    assert doubled["largest_step_MiB"] > 3
    assert doubled["slope_MiB_a_thousand_rounds"] > 5
