"""What tests of commands share."""

import signal

import pytest


@pytest.fixture
def interruptible():
    """A process in the background of a shell ignores SIGINT, and so would all that it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
