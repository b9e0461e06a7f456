"""`isthmus merge`: what it writes, prints and refuses."""

import json

import numpy as np
import pytest
import torch
from cases import CASES
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from isthmus.cli.main import app

MLP = CASES[0]
ALPHAS = ("--alphas", "0.25,0.5")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    a, other = MLP.weights(0), MLP.weights(1)
    model = MLP.build().eval()
    model.load_state_dict(a)
    save_file(a, folder / "a.safetensors")
    save_file({key: torch.lerp(a[key], other[key], 0.4) for key in a}, folder / "b.safetensors")
    save_file({key: torch.lerp(a[key], other[key], -0.1) for key in a}, folder / "c.safetensors")
    save_file({key: 1_000 * tensor for key, tensor in other.items()}, folder / "far.safetensors")
    for name, seed in (("select", 1), ("certify", 2)):
        inputs, _ = MLP.data(200, seed)
        targets = model(inputs).argmax(1)
        np.savez(folder / f"{name}.npz", inputs=inputs.numpy(), targets=targets.numpy())
    return folder


def run(files, *more, certify_on="certify.npz", donors="b"):
    arguments = [
        "merge",
        files / "a.safetensors",
        *(files / f"{name}.safetensors" for name in donors.split(",")),
        "--model",
        "mlp:inputs=12,width=7,classes=10",
    ]
    arguments += ["--data", files / "select.npz", "--certify-on", files / certify_on, *more]
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def test_it_writes_network_record_and_page_and_says_what_it_costs(files, tmp_path):
    status, out, err = run(files, "--out", tmp_path / "m.safetensors", "--tolerance", 0.02)
    assert status == 0, err
    record = json.loads((tmp_path / "m.merge.json").read_text())
    layers = record["merged"]["layers"]
    assert 0 < len(layers) < len(record["worth"])
    assert f"{len(layers)} of {len(record['worth'])} layers" in out
    assert "less than 0.02 nats with 97.5 % confidence" in out
    assert "greedy" in out
    assert load_file(tmp_path / "m.safetensors").keys() == load_file(files / "a.safetensors").keys()
    page = (tmp_path / "m.merge.html").read_text()
    assert page.count('<svg class="plotted"') == 1
    assert 'src="http' not in page
    for text in (*layers, "certify.npz", "load_file(&#34;m.safetensors&#34;)", "greedy", "slerp"):
        assert text in page or text.replace("&#34;", '"') in page


def test_more_donors_make_a_soup_and_who_gives_nothing_is_named(files, tmp_path):
    status, out, err = run(files, "--out", tmp_path / "m.safetensors", "--tolerance", 0.05, donors="b,far,c")
    assert status == 0, err
    record = json.loads((tmp_path / "m.merge.json").read_text())
    joined = record["merged"]["donors"]
    assert all(joined[f"{name}.safetensors"] for name in "bc")
    assert joined["far.safetensors"] == []
    said = " ".join(out.split())
    assert f"c.safetensors in {len(joined['c.safetensors'])}" in said
    assert "left out, since no layer fits: far.safetensors" in said
    assert "donor far.safetensors" in said
    page = (tmp_path / "m.merge.html").read_text()
    assert "Averaged, each layer as the mean of the networks in it" in page
    assert "left out, since no layer fits: far.safetensors" in page


def test_where_nothing_is_certified_it_says_how_far_off_the_first_set_is(files, tmp_path):
    status, out, err = run(files, "--out", tmp_path / "m.safetensors", "--tolerance", 0.001)
    assert status == 0, err
    assert "nothing is merged" in out
    assert "at this mean and spread it takes about 270 examples to certify it" in out
    assert not list(tmp_path.iterdir())


def test_json_is_the_record(files, tmp_path):
    status, out, err = run(
        files, "--json", "--by", "count", "--metric", "error", "--tolerance", 0.2, "--num-random", 1, *ALPHAS
    )
    assert status == 0, err
    record = json.loads(out)
    assert record["metric"] == "error"
    assert set(record["worth"].values()) == {1.0}
    assert record["alphas"].keys() == record["worth"].keys()
    assert set(record["alphas"].values()) <= {0.25, 0.5}
    assert [one["name"] for one in record["compared"]].count("random 1") == 1


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--tolerance", "-1"], "a number above 0"), (["--by", "size"], "parameters, count"),
        (["--certify-on", "nowhere.npz"], "nowhere.npz"), (["--metric", "loses"], "'loss'"),
        (["--num-random", "-1"], "num-random"), (["--by", "nowhere.json"], "nowhere.json"),
        (["--alphas", "0,0.5"], "--alphas"), (["--batch-norm", "recalibrate"], "--recalibrate-on"),
        (["--recalibrate-on", "nowhere.npz"], "--batch-norm recalibrate"),
    ],
)  # fmt: skip
def test_wrong_input_ends_with_status_2(files, more, message):
    status, _, err = run(files, *more)
    assert status == 2
    assert message in err


def test_the_data_that_chose_may_not_certify(files):
    status, _, err = run(files, certify_on="select.npz")
    assert status == 2
    assert "200 of the 200 examples" in err
