"""States of a training on disk."""

import pytest
import torch

from isthmus.errors import DamagedError
from isthmus.weights.checkpoint import save_weights
from isthmus.weights.training_state import TrainingState, load_training_state, save_training_state


def test_a_state_reads_back_as_it_was_written(tmp_path):
    state = TrainingState(
        3,
        {"conv.weight": torch.randn(2, 3), "bn.steps": torch.tensor(7)},
        {"conv.weight/exp_avg": torch.randn(2, 3), "conv.weight/step": torch.tensor(3.0)},
        torch.tensor([1.0, float("nan"), 2.0]),
    )
    save_training_state(state, tmp_path / "folder" / "state.safetensors")
    found = load_training_state(tmp_path / "folder" / "state.safetensors")
    assert found.iteration == 3
    for part in ("weights", "optimizer"):
        written, read = getattr(state, part), getattr(found, part)
        assert written.keys() == read.keys()
        assert all(
            torch.equal(tensor, read[key]) and tensor.dtype == read[key].dtype for key, tensor in written.items()
        )
    assert torch.equal(state.losses.nan_to_num(9), found.losses.nan_to_num(9))


def test_what_is_no_state_is_refused(tmp_path):
    save_weights({"w": torch.zeros(1)}, tmp_path / "weights.safetensors")
    (tmp_path / "text.safetensors").write_text("no")
    for name in ("weights", "text", "absent"):
        with pytest.raises(DamagedError, match="a whole file"):
            load_training_state(tmp_path / f"{name}.safetensors")
