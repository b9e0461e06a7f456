"""Weights as Flower sends them."""

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


def test_what_is_no_array_of_numbers_is_refused():
    with pytest.raises(ValueError, match="pickled"):
        record_tensors(ArrayRecord({"text": Array(dtype="<U1", shape=(1,), stype="numpy.ndarray", data=b"none")}))
