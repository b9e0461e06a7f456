"""Weights as Flower sends them."""

import io

import numpy as np
import pytest
import torch
from flwr.app import Array, ArrayRecord

from isthmus.federated.flower.records import array_record, record_tensors


def test_tensors_come_back_to_the_bit():
    sent = {
        "weight": torch.tensor([[1.0, float("nan")], [-0.0, float("inf")]]),
        "wide": torch.tensor([1 / 3], dtype=torch.float64),
        "narrow": torch.tensor([1.0, -2.5, 1e-30], dtype=torch.bfloat16),
        "scalar": torch.tensor(2.0, dtype=torch.bfloat16),
        "counter": torch.tensor(7),
        "empty": torch.zeros(0, 3),
    }
    received = record_tensors(array_record(sent))
    assert list(received) == list(sent)
    for key, tensor in sent.items():
        assert received[key].dtype == tensor.dtype, key
        assert received[key].shape == tensor.shape, key
        assert bits(received[key]) == bits(tensor), key


def bits(tensor: torch.Tensor) -> bytes:
    return bytes(tensor.contiguous().reshape(-1).view(torch.uint8).tolist())


def as_numpy_writes(array: np.ndarray, **more) -> bytes:
    with io.BytesIO() as file:
        np.save(file, array, **more)
        return file.getvalue()


def of_header(shape: str) -> bytes:
    return as_numpy_writes(np.zeros(1111, np.int8)).replace(b"(1111,)", shape.encode().ljust(7))


@pytest.mark.parametrize(
    ("data", "kind", "why"),
    [
        (b"", "float32", "EOF"),
        (b"PK\x03\x04 an archive", "float32", "magic"),
        (as_numpy_writes(np.array([{}]), allow_pickle=True), "float32", "Python objects"),
        (as_numpy_writes(np.array(["text"])), "float32", "str_"),
        (of_header("(9999,)"), "float32", "no 9999 numbers of type int8"),
        (as_numpy_writes(np.float32(1)), "bfloat16", "bits of bfloat16 as torch.float32"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused_before_memory_is_taken(data, kind, why):
    with pytest.raises(ValueError, match=why):
        record_tensors(ArrayRecord({"it": Array(dtype=kind, shape=(1,), stype="numpy.ndarray", data=data)}))
