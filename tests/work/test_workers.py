"""Jobs in this process and in others: the same results, news, messages and warnings, whatever happens to a worker."""

import os
from multiprocessing import get_context
from multiprocessing.connection import wait

import pytest
import small_tasks

from isthmus.errors import InputError, IsthmusWarning, UnknownNameError
from isthmus.work.here import Here
from isthmus.work.in_processes import Processes

PLACES = {"here": Here(), "processes": Processes(2, "torch")}


@pytest.fixture(params=PLACES)
def workers(request):
    return PLACES[request.param]


def test_every_job_is_done_once_and_its_news_are_told_before_its_end(workers):
    heard = []
    for done in workers.done(small_tasks.squares, [3, 4, 5], heard.append):
        heard.append((done.number, done.result))
    assert len(heard) == len(set(heard)) == 6
    for number, job in enumerate((3, 4, 5)):
        assert heard.index(("at", job)) < heard.index((number, job * job))


def test_no_jobs_are_done_at_once(workers):
    assert list(workers.done(small_tasks.squares, [])) == []


def test_wrong_input_in_a_job_is_said_as_if_it_were_here(workers):
    with pytest.raises(UnknownNameError, match="expected a colour: one of red, blue") as caught:
        list(workers.done(small_tasks.refusing, ["green"]))
    assert (caught.value.got, caught.value.where) == ("'green'", "--colour")
    with pytest.raises(InputError, match="expected a beginning"):
        list(workers.done(small_tasks.refusing_to_begin, [1]))


def test_warnings_of_a_job_are_given_here(workers):
    with pytest.warns(IsthmusWarning, match="beware of the dog"):
        list(workers.done(small_tasks.warning, ["the dog"]))


def test_a_fault_in_a_process_is_told_with_its_traceback():
    with pytest.raises(RuntimeError, match=r"in a worker\n(?s:.*)in do\n(?s:.*)ZeroDivisionError: 7"):
        list(PLACES["processes"].done(small_tasks.faulty, [7]))


def test_the_jobs_of_killed_processes_are_done_by_others(tmp_path):
    files = [tmp_path / str(number) for number in range(3)]
    found = list(PLACES["processes"].done(small_tasks.dying_once, files))
    assert sorted((done.number, done.result) for done in found) == [(0, "done"), (1, "done"), (2, "done")]


def test_a_job_that_kills_every_process_is_given_up():
    with pytest.raises(RuntimeError, match="3 processes ended at one job, with status -9: perhaps out of memory"):
        list(PLACES["processes"].done(small_tasks.dying, [0]))


def test_where_telling_fails_the_other_processes_are_ended():
    seen = []

    def tell(number):
        seen.append(number)
        if len(seen) == 2:
            raise InputError("quiet", "news", "here", "be quiet")

    with pytest.raises(InputError, match="quiet"):
        list(PLACES["processes"].done(small_tasks.waiting, [1, 2], tell))
    for number in seen:
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="no pidfd_open on this system")
def test_a_worker_that_tells_nothing_ends_with_the_first_process():
    spawning = get_context("spawn")
    ours, theirs = spawning.Pipe()
    first = spawning.Process(target=small_tasks.first, args=(theirs,))
    first.start()
    worker = os.pidfd_open(ours.recv())  # is ready once the process has ended, whosever child it is
    assert not wait([worker], timeout=0.5)
    first.kill()
    first.join()
    try:
        assert wait([worker], timeout=20)
    finally:
        os.close(worker)
