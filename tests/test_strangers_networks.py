"""Two people's ResNet-20 for CIFAR-10, measured as they were published; where this machine has the files.

The figures are those of their authors and of an independent evaluation with `load_state_dict` and `eval`.
"""

import json
import os
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

import isthmus
from isthmus.cli.main import app
from isthmus.data.load import load_examples
from isthmus.evaluation.batches import batch_bounds
from isthmus.layers.rules import layer_partition
from isthmus.models.load import load_model

ROOT = Path(__file__).resolve().parents[1]
MODEL = f"{ROOT / 'examples' / 'resnet20.py'}:resnet20"
CHECKPOINTS = ROOT.parent / "shared" / "checkpoints"
DATA_ROOT = Path(os.environ.get("ISTHMUS_DATA") or ROOT.parent / "shared" / "data")
NORMALIZED = "mean=0.485/0.456/0.406,std=0.229/0.224/0.225"


@pytest.fixture
def checkpoints():
    if not (CHECKPOINTS / "resnet20_akamaster.th").exists():
        pytest.skip("no networks of strangers under ../shared/checkpoints")
    if not (DATA_ROOT / "cifar10").is_dir():
        pytest.skip("no cifar10 under ISTHMUS_DATA or ../shared/data")
    return CHECKPOINTS


def measured(a, b, split, *more):
    arguments = ["measure", str(a), str(b), "--model", MODEL, "--data", f"cifar10:{split}:{NORMALIZED}", "--json"]
    result = CliRunner().invoke(app, [*arguments, "--data-root", str(DATA_ROOT), "--sweep", "full", *more])
    assert result.exit_code == 0, result.stderr
    printed = json.loads(result.stdout)
    return printed["rows"][0], printed["attributes"], result.stderr


def test_the_example_s_network_is_the_published_one():
    network = load_model(MODEL)
    assert sum(parameter.numel() for parameter in network.parameters()) == 269_722
    assert len(layer_partition("module", network)) == 19 + 19 + 1


def test_both_have_their_published_accuracy_and_statistics_measured_anew_help_their_average_little(checkpoints):
    full, stored, said = measured(
        checkpoints / "resnet20_akamaster.th",
        checkpoints / "resnet20_zheng.th",
        "test",
        *("--batch-norm", "recalibrate", "--recalibrate-on", f"cifar10:train[0:2000]:{NORMALIZED}"),
    )
    assert full["num_examples"] == 10_000
    assert 1 - stored["stored_error_a"] == pytest.approx(0.9173, abs=0.005)
    assert 1 - stored["stored_error_b"] == pytest.approx(0.9200, abs=0.005)
    assert 1 - full["error_rate"] == pytest.approx(0.155, abs=0.01)
    assert "a: the prefix 'module.' was stripped from every key" in said
    assert "a: step counters that the file lacks were set to 0" in said
    assert "b: step counters" not in said


def test_their_average_with_blended_statistics_knows_nothing(checkpoints):
    files = checkpoints / "resnet20_akamaster.th", checkpoints / "resnet20_zheng.th"
    full, _, _ = measured(*files, "test[0:2000]")
    assert 1 - full["error_rate"] == pytest.approx(0.10, abs=0.01)


def test_two_epochs_of_one_training_average_well(checkpoints):
    files = checkpoints / "resnet20_zheng.th", checkpoints / "resnet20_zheng_last.th"
    full, _, _ = measured(*files, "test[0:2000]")
    assert 1 - full["error_rate"] == pytest.approx(0.909, abs=0.0011)


def test_their_average_knows_something_once_units_are_aligned_and_statistics_measured_anew(checkpoints):
    a, b = checkpoints / "resnet20_akamaster.th", checkpoints / "resnet20_zheng.th"
    options = {"model": MODEL, "data_root": DATA_ROOT}
    seen, test = f"cifar10:train[0:500]:{NORMALIZED}", f"cifar10:test[0:1000]:{NORMALIZED}"
    aligned = isthmus.align(a, b, data=seen, by="activations", **options)
    # Sixteen channels of each stage beside those that the shortcut holds to the stage before it.
    assert [group.size for group in aligned.groups] == [16, 16, 16, 16, 32, 16, 32, 32, 64, 32, 64, 64]
    assert aligned.difference < 1e-4
    anew = {"repair": True, "recalibration_data": f"cifar10:train[0:1000]:{NORMALIZED}"}
    merged = isthmus.average(a, aligned.weights, **anew, **options).weights
    assert accuracy(merged, test) > 0.45  # 0.527 of all 10,000 with twice as many examples for both steps


@pytest.mark.slow
def test_descending_the_loss_half_way_makes_their_average_right_on_more_than_53_percent(checkpoints):
    a, b = checkpoints / "resnet20_akamaster.th", checkpoints / "resnet20_zheng.th"
    options = {"model": MODEL, "data_root": DATA_ROOT}
    aligned = isthmus.align(a, b, data=f"cifar10:train[0:4000]:{NORMALIZED}", by="loss", steps=150, **options)
    assert aligned.difference < 1e-4
    anew = {"repair": True, "recalibration_data": f"cifar10:train[10000:12000]:{NORMALIZED}"}
    merged = isthmus.average(a, aligned.weights, **anew, **options).weights
    assert accuracy(merged, f"cifar10:test:{NORMALIZED}") > 0.53


def accuracy(weights, data):
    network = load_model(MODEL).eval()
    network.load_state_dict(weights)
    examples = load_examples(data, data_root=DATA_ROOT)
    right = 0
    with torch.no_grad():
        for start, stop in batch_bounds(len(examples), 500):
            inputs, targets = examples.batch(start, stop, torch.device("cpu"), torch.float32)
            right += int((network(inputs).argmax(1) == targets).sum())
    return right / len(examples)
