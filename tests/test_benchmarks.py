"""The benchmarks run, at a tiny size, and say what they should; their timings mean nothing here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from isthmus.models.load import load_model

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "sweep.py"
TINY = "--width 2 --batch-size 2 --steps 3 --repetitions 2"
TRAINING = BENCHMARK.with_name("training.py")
MEMORY = BENCHMARK.with_name("memory.py")
TINY_PAIR = "--blocks 2 --width 32 --vocabulary 256 --steps 1 --windows 8"
FEDERATED = BENCHMARK.with_name("federated.py")
DRAWN_ORDERS = BENCHMARK.with_name("drawn_orders.py")
TINY_ROUNDS = "--width 2 --images 40 --epochs 1 --rounds 1 --repetitions 1"
SMOKE = (
    "--model cnn --width 2 --images 8 --batch-size 2 --layers 2 --repetitions 1 --threads 1 --matrix-side 64 "
    "--skip bfloat16+compile"
)


def test_the_sweep_benchmark_compares_all_arms_on_the_same_networks(tmp_path):
    file = tmp_path / "sweep.json"
    done = subprocess.run(
        [sys.executable, str(BENCHMARK), *SMOKE.split(), "--json", str(file)],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(file.read_text())
    assert list(report["arms"]) == ["reference", "direct", "shared", "bfloat16"]
    assert report["skipped"] == {"bfloat16+compile": "as asked"}
    assert (report["points"], report["images"]) == (7, [2, 8])  # a, b, their midpoint, two layers for each host
    assert all(len(row["seconds"]) == 1 and row["seconds"][0] > 0 for row in report["arms"].values())
    assert report["arms"]["direct"]["planned_share_of_naive_flops"] == 1
    assert report["arms"]["shared"]["planned_share_of_naive_flops"] < 1
    for exact in ("direct", "shared"):  # the loop by hand and the engines measure the same networks
        assert report["arms"][exact]["largest_excess_difference"] < 1e-5
    assert 0 < report["arms"]["bfloat16"]["largest_excess_difference"] < 0.1
    assert "float32 matrix product" in done.stdout
    assert "bfloat16+compile: skipped (as asked)" in done.stdout


def test_the_training_benchmark_compares_the_loop_with_a_bare_one(tmp_path):
    file = tmp_path / "training.json"
    done = subprocess.run(
        [
            sys.executable,
            str(TRAINING),
            *TINY.split(),
            "--json",
            str(file),
        ],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(file.read_text())
    assert {name: len(times) for name, times in report["seconds"].items()} == {"bare": 2, "isthmus": 2}
    assert report["ratio"] > 0
    assert "ratio" in done.stdout


@pytest.mark.parametrize(
    ("part", "others"), [("rounds", {"loop", "torch"}), pytest.param("flower", {"FedAvg"}, marks=pytest.mark.slow)]
)
def test_the_federated_benchmark_compares_rounds_with_what_they_must_do(part, others):
    done = subprocess.run(
        [sys.executable, str(FEDERATED), "--part", part, *TINY_ROUNDS.split()],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["ratios"].keys() == others
    assert min(report["ratios"].values()) > 0


def test_the_benchmark_of_drawn_orders_counts_the_intervals_that_hold(tmp_path):
    model = "mlp:inputs=64,hidden=3,width=4"
    network = load_model(model)
    files = [str(tmp_path / f"{name}.safetensors") for name in "ab"]
    for seed, file in enumerate(files):
        torch.manual_seed(seed)
        save_file({key: torch.randn_like(tensor) for key, tensor in network.state_dict().items()}, file)
    arguments = [*files, "--model", model, "--data", "digits:test[0:60]", "--layers", "module", "--orders", "16,32"]
    done = subprocess.run(
        [sys.executable, str(DRAWN_ORDERS), *arguments, "--seeds", "20"],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said, _, _, *rows = done.stdout.splitlines()
    assert said == "4 layers, 16 sets, 20 seeds, 60 examples"
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert [cell[:1] + cell[2:3] for cell in cells] == [["a", "16"], ["a", "32"], ["b", "16"], ["b", "32"]]
    assert all(80 < float(mean) <= 100 and float(least) <= float(mean) for _, _, _, mean, least, _, _ in cells)


def test_the_memory_benchmark_watches_an_average_a_merge_and_a_measurement(tmp_path):
    file = tmp_path / "memory.json"
    done = subprocess.run(
        [sys.executable, str(MEMORY), *TINY_PAIR.split(), "--json", str(file), "--folder", str(tmp_path)],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(file.read_text())
    assert list(report["parts"]) == ["average", "merge", "measure", "forward"]
    assert 100_000 < report["network"] < 1_000_000
    assert report["parts"]["average"]["done"] == "5 of 5 layers averaged"
    assert report["parts"]["measure"]["done"] == "5 layers measured, engine shared"
    assert report["parts"]["forward"]["done"].startswith("4 windows, mean loss ")
    assert report["block"] == 4 * 1024 * 32  # the table of positions, larger than a block of width 32
    assert all(seen["VmHWM"] > seen["anonymous"] for seen in report["parts"].values())
    assert "anonymous" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["memory.json"]
