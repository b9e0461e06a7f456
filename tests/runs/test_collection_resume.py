"""Collections that are there already, and those that were interrupted."""

import signal

import pytest
from cases import CASES
from run_folders import contents
from slow_measurements import begun, collected_slowly

import isthmus

MLP = CASES[0]


@pytest.fixture(scope="module")
def networks():
    return {name: MLP.weights(seed) for seed, name in enumerate(("z", "x", "y"))}


def measured(a, b=None, **options):
    return isthmus.measure(MLP.build, a, b, MLP.data(), sweep="full", batch_size=4, **options)


def test_a_collection_that_is_there_is_refused_and_with_resume_read(networks, tmp_path):
    measured(networks, out=tmp_path / "run")
    before = contents(tmp_path / "run")
    with pytest.raises(isthmus.InputError, match="an existing run"):
        measured(networks, out=tmp_path / "run")
    with pytest.raises(isthmus.InputError, match="the 3 members of the existing collection"):
        measured({name: networks[name] for name in "xyz"}, out=tmp_path / "run", resume=True)
    with pytest.raises(isthmus.InputError, match="others: a differ"):
        measured(networks | {"z": MLP.weights(9)}, out=tmp_path / "run", resume=True)
    with pytest.raises(isthmus.InputError, match=r"(?s)the run of two networks.*a collection of runs"):
        measured(networks["x"], networks["y"], out=tmp_path / "run", resume=True)
    measured(networks["x"], networks["y"], out=tmp_path / "plain")
    with pytest.raises(isthmus.InputError, match=r"(?s)a collection of runs.*the run of two networks"):
        measured(networks, out=tmp_path / "plain", resume=True)
    measured(networks, out=tmp_path / "run", resume=True)
    assert contents(tmp_path / "run") == before


def test_killed_within_a_member_it_goes_on_and_ends_with_the_same_bytes(processes, tmp_path):
    process = begun(processes, collected_slowly, tmp_path / "run", 5, "members/0-2")
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    with pytest.raises(isthmus.InputError, match="with 1 of 3 members"):
        isthmus.load_run(tmp_path / "run")
    finished = [name for name in contents(tmp_path / "run") if name.startswith("members/0-1/")]
    assert finished
    first = {name: (tmp_path / "run" / name).stat().st_mtime_ns for name in finished}
    collected_slowly(tmp_path / "run")
    collected_slowly(tmp_path / "unbroken")
    broken, unbroken = contents(tmp_path / "run"), contents(tmp_path / "unbroken")
    assert broken == unbroken
    assert {name: (tmp_path / "run" / name).stat().st_mtime_ns for name in first} == first
