"""Writing beside the training: in order, without loss, and never silently failing."""

import signal
import threading
import time

import pytest

from isthmus.training.writer import MOST_WAITING, BackgroundWriter


def test_jobs_are_done_in_order_on_another_thread_and_all_of_them():
    done = []
    with BackgroundWriter() as writer:
        for number in range(20):
            writer.submit(lambda number=number: done.append((number, threading.get_ident())))
    assert [number for number, _ in done] == list(range(20))
    assert {thread for _, thread in done}.isdisjoint({threading.get_ident()})


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_at_the_end_waits_for_what_is_being_written():
    """Python takes a thread whose join is interrupted for ended, and ends the process before it."""
    done = []

    def written():
        time.sleep(0.2)  # until the main thread waits
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        time.sleep(0.2)
        done.append(1)

    with pytest.raises(KeyboardInterrupt):
        submit_all(written)
    assert done == [1]


def test_the_training_goes_on_while_a_job_is_done():
    begun, may_end = threading.Event(), threading.Event()
    with BackgroundWriter() as writer:
        writer.submit(lambda: (begun.set(), may_end.wait(10)))
        assert begun.wait(10), "submit returned, and the job is not done"
        may_end.set()


def test_no_more_than_a_few_copies_wait():
    waiting, most = [], 0
    with BackgroundWriter() as writer:
        for number in range(8):
            waiting.append(number)
            most = max(most, len(waiting))
            writer.submit(lambda: (time.sleep(0.01), waiting.pop(0)))
    assert most <= MOST_WAITING + 1


def fails():
    raise OSError("the disk is full")


def submit_all(*jobs):
    with BackgroundWriter() as writer:
        for job in jobs:
            writer.submit(job)


def test_a_failure_is_raised_at_the_end_or_by_a_later_job():
    with pytest.raises(OSError, match="the disk is full"):
        submit_all(fails)
    taken = []
    jobs = [lambda number=number: taken.append(number) for number in range(100)]
    with pytest.raises(OSError, match="the disk is full"):
        submit_all(fails, *jobs)
    assert len(taken) <= MOST_WAITING, "the training stops soon, and not at its end"


def stop(writer, done):
    writer.submit(lambda: (time.sleep(0.01), done.append(1)))
    writer.submit(fails)
    raise KeyError("the training's")


def test_jobs_are_finished_where_the_block_fails_and_its_error_is_the_one_raised():
    done = []
    writer = BackgroundWriter()
    with pytest.raises(KeyError, match="the training's"), writer:
        stop(writer, done)
    assert done == [1]
