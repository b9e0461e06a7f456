"""A federated training that is killed, at any moment, and goes on."""

import multiprocessing
import signal

import pytest
from federations import files_of, killed_federation, recipe

from isthmus.errors import InputError
from isthmus.federated.federate import federate

NUM_FILES = 27  # that three clients write in three rounds, one after the other


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return files_of(federate(recipe(), tmp_path_factory.mktemp("whole") / "out"))


@pytest.fixture(scope="module")
def processes():
    """Makes processes of which each has torch already, so that a kill costs little."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["federations"])
    return context


# In the first round's trainings, in the second's, between the third's and its mean, in the tables.
@pytest.mark.parametrize("number", [2, 9, 17, 24, NUM_FILES])
def test_killed_and_resumed_ends_with_the_same_bytes(processes, whole, tmp_path, number):
    process = processes.Process(target=killed_federation, args=(tmp_path / "out", number))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    left = files_of(tmp_path / "out")
    assert number == NUM_FILES or left.keys() != whole.keys()
    federate(recipe(), tmp_path / "out", resume=True)
    assert files_of(tmp_path / "out") == whole


def test_a_training_whose_clients_lost_their_states_is_refused_instead_of_begun_from_nothing(tmp_path):
    federate(recipe(rules=["none"], rounds=1, clients=2), tmp_path)
    before = files_of(tmp_path / "networks")
    for state in (tmp_path / "work" / "none").rglob("client-*"):
        state.unlink()
    with pytest.raises(InputError, match="the state of client 0"):
        federate(recipe(rules=["none"], rounds=1, clients=2), tmp_path, resume=True)
    assert files_of(tmp_path / "networks") == before


def test_a_rule_that_ended_with_training_for_oneself_stays_as_it_is(tmp_path):
    settings = {"rules": [{"name": "fedbabu", "finetune_epochs": 1}], "rounds": 1, "clients": 2}
    federate(recipe(**settings), tmp_path)
    before = files_of(tmp_path)
    federate(recipe(**settings), tmp_path, resume=True)
    assert files_of(tmp_path) == before
