"""The arithmetic options of `measure()`: what they change, and what the record says of them."""

import json

import numpy as np
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

import isthmus
from isthmus.cli.main import app
from isthmus.runs.measure import measure
from isthmus.runs.request.settings import Settings
from isthmus.weights.checkpoint import save_weights

MODEL = "from torch import nn\ndef small():\n    return nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 4))\n"


def small():
    return nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 4))


@pytest.fixture
def inputs():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return small().state_dict(), small().state_dict(), (torch.randn(10, 5), torch.arange(10) % 4)


def checks(result):
    return {check["check"]: check for check in json.loads(result.attrs["self_checks"])}


def test_bfloat16_records_its_difference_to_float32_and_float32_has_none(inputs):
    name = "bfloat16 gives the losses of float32"
    a, b, data = inputs
    found, exact = measure(small, a, b, data, dtype="bfloat16"), measure(small, a, b, data)
    assert name not in checks(exact)
    check = checks(found)[name]
    assert check["passed"]
    assert "largest difference of a mean loss" in check["detail"]
    assert 0 < np.abs(found.loss - exact.loss).max() < 0.01


def test_tf32_on_a_processor_gives_the_numbers_of_float32_and_the_record_says_why(inputs):
    a, b, data = inputs
    found, exact = measure(small, a, b, data, dtype="tf32", device="cpu"), measure(small, a, b, data, device="cpu")
    assert found.attrs["dtype"] == "tf32"
    assert "a processor has no TF32" in checks(found)["tf32 gives the losses of float32"]["detail"]
    np.testing.assert_array_equal(found.loss, exact.loss)
    assert found.attrs["run_id"] != exact.attrs["run_id"]


def test_compile_is_off_by_default_so_that_earlier_runs_keep_their_identity():
    assert Settings().non_default() == {}
    assert Settings(compile=True).non_default() == {"compile": True}


def test_compiled_stages_give_the_numbers_of_plain_ones_and_the_record_says_so(inputs, tmp_path):
    a, b, data = inputs
    save_weights(a, tmp_path / "a.safetensors")
    save_weights(b, tmp_path / "b.safetensors")
    (tmp_path / "model.py").write_text(MODEL)
    np.savez(tmp_path / "data.npz", inputs=data[0].numpy(), targets=data[1].numpy())
    arguments = ["measure", tmp_path / "a.safetensors", tmp_path / "b.safetensors", "--compile", "--no-progress"]
    arguments += ["--model", f"{tmp_path / 'model.py'}:small", "--data", tmp_path / "data.npz", "--out", tmp_path / "r"]
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    found = isthmus.load_run(tmp_path / "r")
    assert "; compiled, which changes outputs by at most " in found.attrs["engine_note"]
    np.testing.assert_allclose(found.loss, measure(small, a, b, data).loss, rtol=1e-5)


def test_convolutions_that_run_channels_last_are_named_in_the_record():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        nets = [nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(144, 4)) for _ in range(2)]
        data = torch.randn(5, 3, 8, 8), torch.arange(5) % 4
    found = measure(nets[0], *(net.state_dict() for net in nets), data, device="cpu")
    assert checks(found)["convolutions run channels last, with the same outputs"]["passed"]
    assert not nets[0][0].weight.is_contiguous(memory_format=torch.channels_last)  # the user's model stays as it is
