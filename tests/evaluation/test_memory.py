"""The peak of a measurement is known before it begins, and its batches fit."""

import sys
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

import pytest
import torch
from cases import CASES

import isthmus
from isthmus.evaluation.arithmetic import memory
from isthmus.evaluation.arithmetic.memory import (
    available_bytes,
    fitting_batch_size,
    freed_memory_kept,
    give_back,
    most_bytes,
)

CNN = CASES[1]


def test_the_most_that_is_alive_at_once_is_counted_and_not_the_sum():
    def work():
        for _ in range(5):
            first = torch.ones(1000)
            second = first + 1
            del first
            second.view(10, 100).add_(1)  # views and what is written in place take nothing
            del second

    assert most_bytes(work) == 2 * 1000 * 4


def anonymous_mib():
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) / 1024


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc keeps what was freed, and gives it back when asked")
def test_what_was_freed_between_things_that_stay_is_given_back():
    made = [torch.ones(25_000) for _ in range(2_000)]  # 100 kB each, too little for a mapping of its own
    full = anonymous_mib()
    del made[::2]
    give_back()
    assert full - anonymous_mib() > 80  # of 95 MiB
    assert len(made) == 1_000


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc gives the top of its heap back by itself")
def test_what_an_iteration_frees_is_there_for_the_next_until_it_is_given_back():
    def iteration():
        return [torch.ones(2**22) for _ in range(6)]  # 96 MiB, more than glibc keeps by itself

    def faults():
        return getrusage(RUSAGE_SELF).ru_minflt

    give_back()  # holes that other tests left would be filled, and not show
    before = anonymous_mib()
    with freed_memory_kept():
        iteration()
        begun = faults()
        for _ in range(10):
            iteration()
        assert faults() - begun < 10_000  # of 245,760 pages
    assert anonymous_mib() - before > 80
    give_back()
    assert anonymous_mib() - before < 20


def test_a_batch_is_halved_until_it_fits_and_one_example_always_does():
    assert fitting_batch_size(64, fixed=0, of_example=1, room=None) == 64
    assert fitting_batch_size(64, fixed=0, of_example=1, room=80) == 64
    assert fitting_batch_size(64, fixed=0, of_example=1, room=79) == 32
    assert fitting_batch_size(64, fixed=1000, of_example=1, room=1) == 1


VERSION_2 = ("0::/job/step", "job", "max", "current", "inactive_file")
VERSION_1 = ("8:cpu:/\n4:memory:/job/step", "memory/job", "limit_in_bytes", "usage_in_bytes", "total_inactive_file")


@pytest.mark.parametrize(("line", "place", "limit", "used", "inactive"), [VERSION_1, VERSION_2])
def test_the_limit_of_a_group_around_counts_where_it_is_less(tmp_path, monkeypatch, line, place, limit, used, inactive):
    (tmp_path / "meminfo").write_text("MemTotal: 100 kB\nMemAvailable:    50 kB\n")
    (tmp_path / "cgroup").write_text(f"{line}\n")
    for name, file in {"MEMORY": "meminfo", "GROUPS_OF_THIS": "cgroup", "GROUPS": "groups"}.items():
        monkeypatch.setattr(memory, name, tmp_path / file)
    assert available_bytes() == 50 * 1024
    group = tmp_path / "groups" / place
    group.mkdir(parents=True)
    for name, text in {limit: "9000", used: "5000", "stat": f"anon 1\n{inactive} 1000\n"}.items():
        (group / f"memory.{name}").write_text(text)
    assert available_bytes() == 5000
    (group / f"memory.{limit}").write_text("max\n")
    assert available_bytes() == 50 * 1024


def test_where_memory_is_short_a_smaller_batch_is_taken_said_and_kept(tmp_path, monkeypatch):
    pair = CNN.weights(0), CNN.weights(1)
    small = isthmus.measure(CNN.build, *pair, CNN.data(), batch_size=3, out=tmp_path / "small")
    monkeypatch.setattr("isthmus.runs.memory.available_bytes", lambda: 1)
    with pytest.warns(isthmus.IsthmusWarning, match="batches of 1 instead of 12 examples, which would take"):
        short = isthmus.measure(CNN.build, *pair, CNN.data(), batch_size=12, out=tmp_path / "run")
    assert short.attrs["batch_size"] == 1
    assert len(list((tmp_path / "run" / "examples" / "data").glob("p*"))) == 12
    torch.testing.assert_close(short.loss.values, small.loss.values, rtol=1e-5, atol=1e-6)
    monkeypatch.undo()
    again = isthmus.measure(CNN.build, *pair, CNN.data(), batch_size=12, out=tmp_path / "run", resume=True)
    assert again.attrs["batch_size"] == 1, "a run keeps the batches that it began with"
