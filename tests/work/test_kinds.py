"""Workers that would compute other bits are told apart; values come out of an object store as they went in."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from isthmus.errors import InputError
from isthmus.work.kind import kind_of_worker, num_places, other_kind
from isthmus.work.packed import Packed, packed, unpacked
from isthmus.work.places import workers_at


def test_a_worker_of_other_instructions_is_another_kind_and_the_message_says_in_what():
    code = "import json; from isthmus.work.kind import kind_of_worker; print(json.dumps(kind_of_worker()))"
    lowered = {**os.environ, "ATEN_CPU_CAPABILITY": "default"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=lowered, check=True)
    ours, theirs = kind_of_worker(), json.loads(done.stdout)
    assert other_kind(ours, ours) == ""
    found = other_kind(ours, theirs)
    assert found.startswith("instructions ")
    assert " DEFAULT " in found.partition(" instead of ")[0]
    assert ours["instructions"] in found
    assert other_kind(ours, ours | {"torch": "1.0"}) == f"torch 1.0 instead of {torch.__version__}"


def test_workers_take_as_many_cores_as_torch_has_threads():
    machines = [{"CPU": 7.0}, {"CPU": 4.0, "GPU": 1.0}]
    assert [num_places(machines, threads) for threads in (1, 2, 4, 7)] == [11, 5, 2, 1]
    assert num_places(machines, 2, on_accelerator=True) == 1
    with pytest.raises(InputError, match="OMP_NUM_THREADS") as caught:
        num_places(machines, 8)
    assert (caught.value.expected, caught.value.got) == (
        "a machine with 8 cores", "7 cores, 0 accelerators; 4 cores, 1 accelerators"
    )  # fmt: skip


def test_an_address_of_rays_client_is_refused():
    with pytest.raises(InputError, match="with --ray auto"), workers_at("ray://10.0.0.1:10001", 1):
        pass


def test_tensors_are_mapped_where_they_lie_and_equal_those_that_were_packed():
    value = {
        "float": torch.randn(3, 4), "half": torch.randn(5).bfloat16(), "turned": torch.randn(3, 4).T,
        "one": torch.tensor(2.5), "none": torch.empty(0, 3), "bool": torch.tensor([True, False]),
        "trained": torch.nn.Parameter(torch.randn(2)), "text": "as it is", "array": np.arange(3),
    }  # fmt: skip
    parts = packed(value)
    for array in parts.arrays:
        array.flags.writeable = False  # as in an object store
    found = unpacked(Packed(parts.pickled, parts.arrays))
    assert found.keys() == value.keys()
    for name, tensor in value.items():
        if isinstance(tensor, torch.Tensor):
            assert found[name].dtype == tensor.dtype
            assert torch.equal(found[name], tensor)
            assert type(found[name]) is type(tensor)
    assert found["text"] == "as it is"
    assert found["float"].data_ptr() in {array.ctypes.data for array in parts.arrays}
