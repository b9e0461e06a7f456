"""Shapley values of layers: they add up, they are what the definition says, and drawn orders come near to them."""

import json
from copy import deepcopy
from itertools import combinations, pairwise, permutations

import numpy as np
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

import isthmus
from isthmus.cli.main import app
from isthmus.data.load import load_examples
from isthmus.errors import InputError
from isthmus.pages.study import save_study_report, study_report
from isthmus.questions.attribution import study as attribution_module
from isthmus.questions.attribution.game import (
    all_coalitions,
    antithetic_orders,
    coalitions_of,
    drawn_values,
    exact_weights,
    interaction_weights,
    order_weights,
    pair_weights,
)
from isthmus.questions.attribution.study import FEWEST_ORDERS

LAYERS = 7


def build():
    widths = [6, 8, 8, 8, 8, 8, 8, 4]
    parts = [part for n, m in pairwise(widths) for part in (nn.Linear(n, m), nn.Tanh())]
    return nn.Sequential(*parts[:-1])


def weights(seed):
    torch.manual_seed(seed)
    return {key: tensor.clone() for key, tensor in build().state_dict().items()}


A, B = weights(0), weights(1)
INPUTS = torch.randn(120, 6, generator=torch.Generator().manual_seed(2))
MODEL = build()
MODEL.load_state_dict(A)
DATA = INPUTS, MODEL(INPUTS).argmax(1)  # the classes that a sees: leaving it costs


@pytest.fixture(scope="module")
def exact():
    return isthmus.attribution(build, A, B, DATA)


def random_game(n, seed=0):
    """Worths of coalitions with effects of single players, pairs and all."""
    found, random = all_coalitions(n), np.random.default_rng(seed)
    single, pairs = random.standard_normal(n), random.standard_normal((n, n))
    worth = [
        single[list(s)].sum() + 0.5 * pairs[np.ix_(list(s), list(s))].sum() + (len(s) == n) + np.tanh(len(s))
        for s in found
    ]
    return found, np.array(worth)


def test_weights_of_all_coalitions_give_the_mean_over_all_orders():
    found, worth = random_game(4)
    of = dict(zip(found, worth, strict=True))
    orders = list(permutations(range(4)))
    added = np.zeros(4)
    for order in orders:
        for place, player in enumerate(order):
            added[player] += of[frozenset(order[: place + 1])] - of[frozenset(order[:place])]
    np.testing.assert_allclose(exact_weights(found, 4) @ worth, added / len(orders), atol=1e-12)
    weights = order_weights(np.array(orders), found)
    np.testing.assert_allclose(weights.mean(axis=0) @ worth, added / len(orders), atol=1e-12)
    np.testing.assert_allclose((weights @ worth).sum(axis=1), worth[-1] - worth[0], atol=1e-12)


def test_interactions_of_a_sum_are_zero_and_of_a_product_are_its_factor():
    found = all_coalitions(4)
    alone = np.array([sum(members) for members in found], dtype=float)
    pair = np.array([{0, 2} <= members for members in found], dtype=float)
    np.testing.assert_allclose(interaction_weights(found, 4) @ alone, 0, atol=1e-12)
    expected = [float(pair == (0, 2)) for pair in combinations(range(4), 2)]
    np.testing.assert_allclose(interaction_weights(found, 4) @ pair, expected, atol=1e-12)


def trained_to_read_digits(order):
    """Nine layers, from one start, trained on digits in an order of their own."""
    torch.manual_seed(0)
    widths = [64, *[16] * 8, 10]
    net = nn.Sequential(*[part for n, m in pairwise(widths) for part in (nn.Linear(n, m), nn.Tanh())][:-1])
    inputs, targets = digits("train")
    optimizer, random = torch.optim.Adam(net.parameters(), lr=0.01), torch.Generator().manual_seed(order)
    for _ in range(60):
        drawn = torch.randint(len(inputs), (64,), generator=random)
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(inputs[drawn]), targets[drawn]).backward()
        optimizer.step()
    return net


def digits(split):
    examples = load_examples(f"digits:{split}")
    inputs, targets = examples.batch(0, len(examples), torch.device("cpu"), torch.float32)
    return inputs.flatten(1), targets


def network_game(host, donor):
    """The loss of each of 2^9 networks on all test digits."""
    inputs, targets = digits("test")
    found = all_coalitions(9)
    averaged = deepcopy(host)
    for one, other in zip(averaged.parameters(), donor.parameters(), strict=True):
        one.data.lerp_(other.data, 0.5)
    with torch.no_grad():
        nets = (nn.Sequential(*((averaged if n // 2 in s else host)[n] for n in range(17))) for s in found)
        worth = [float(nn.functional.cross_entropy(net(inputs).double(), targets)) for net in nets]
    return found, np.array(worth)


@pytest.fixture(scope="module")
def games():
    a, b = trained_to_read_digits(1), trained_to_read_digits(2)
    return {"drawn": random_game(9), "host a": network_game(a, b), "host b": network_game(b, a)}


@pytest.mark.parametrize(
    ("name", "num_orders"), [("drawn", 32), ("host a", 32), ("host b", 32), ("host a", FEWEST_ORDERS)]
)
def test_drawn_orders_come_within_their_interval_of_the_exact_values_for_95_of_100_seeds(games, name, num_orders):
    found, worth = games[name]
    truth = exact_weights(found, 9) @ worth
    place = {members: number for number, members in enumerate(found)}
    held = []
    for seed in range(200):
        orders = antithetic_orders(9, num_orders, seed)
        groups = coalitions_of(orders)
        by_pair = pair_weights(orders, groups) @ worth[[place[members] for members in groups]]
        drawn = drawn_values(by_pair)
        np.testing.assert_allclose(by_pair.sum(axis=1), worth[-1] - worth[0], atol=1e-12)
        np.testing.assert_allclose(drawn.value.sum(), worth[-1] - worth[0], atol=1e-12)
        held.append((drawn.low - 1e-9 <= truth) & (truth <= drawn.high + 1e-9))
    assert np.mean(held) >= 0.95  # the interval of one block, in the mean of all; each block by itself:
    assert np.mean(held, axis=0).min() >= 0.9


def test_the_values_of_a_network_add_up_to_its_full_rise(exact):
    np.testing.assert_allclose(exact.shapley.sum("layer"), exact.full_rise, atol=1e-9)
    measured = isthmus.measure(build, A, B, DATA, sweep="single")
    for host, loss in (("a", measured.loss_a), ("b", measured.loss_b)):
        rises = measured.loss.sel(host=host, alpha=0.5) - loss
        np.testing.assert_allclose(exact.full_rise.sel(host=host), rises.sel(moving="all"), atol=1e-6)
        np.testing.assert_allclose(exact.alone.sel(host=host), rises.values[1:], atol=1e-6)
    assert exact.attrs["num_coalitions"] == 2**LAYERS
    assert bool(exact.attrs["is_exact"])
    assert float(exact.distance_share.isel(host=0).sum()) == pytest.approx(1)
    matrix = exact.interaction.isel(host=0).values
    np.testing.assert_array_equal(matrix, matrix.T)
    assert np.isnan(np.diag(matrix)).all()


def test_sampled_values_add_up_too_and_lie_within_their_interval_of_the_exact_ones(exact, monkeypatch):
    monkeypatch.setattr(attribution_module, "MOST_EXACT", 3)
    drawn = isthmus.attribution(build, A, B, DATA, num_orders=24, hosts=("a",)).isel(host=0)
    again = isthmus.attribution(build, A, B, DATA, num_orders=24, hosts=("a",), seed=1).isel(host=0)
    true = exact.sel(host="a")
    assert not bool(drawn.attrs["is_exact"])
    assert "interaction" not in drawn
    assert not np.allclose(drawn.shapley, again.shapley)
    np.testing.assert_allclose(drawn.shapley.sum(), true.full_rise, atol=1e-9)
    np.testing.assert_allclose(drawn.alone, true.alone, atol=1e-9)
    inside = (drawn.shapley_orders_low <= true.shapley) & (true.shapley <= drawn.shapley_orders_high)
    assert int(inside.sum()) >= LAYERS - 1
    assert "24 orders" in study_report(drawn.expand_dims(host=["a"])).sentence(drawn.expand_dims(host=["a"]))


def test_layers_that_do_not_differ_are_no_players(exact):
    half = {key: B[key] if key.startswith(("0.", "2.")) else A[key] for key in A}
    found = isthmus.attribution(build, A, half, DATA, hosts=("a",))
    assert found.attrs["num_coalitions"] == 4
    values = found.shapley.isel(host=0).values
    assert (values[2:] == 0).all()
    assert (values[:2] != 0).all()


def test_its_folder_holds_the_study_and_a_page_and_goes_on(exact, tmp_path):
    found = isthmus.attribution(build, A, B, DATA, out=tmp_path / "study")
    assert isthmus.load_study(tmp_path / "study").identical(found)
    np.testing.assert_array_equal(found.shapley, exact.shapley)
    text = save_study_report(found, tmp_path / "study").read_text()
    assert "Alone against together" in text
    report = study_report(found)
    assert len(report.rows(found).rows) == 2 * LAYERS
    said = report.sentence(found)
    assert "all 128 sets" in said
    figure = report.figure(found)
    assert len(figure.axes[1].patches) == LAYERS


@pytest.mark.parametrize("number", [3, 0, 7])
def test_a_number_of_orders_that_has_no_interval_or_no_reverses_is_refused(number):
    with pytest.raises(InputError, match=r"num.orders"):
        isthmus.attribution(build, A, B, DATA, num_orders=number)


def test_the_command_prints_the_numbers_of_the_function(tmp_path, exact):
    from safetensors.torch import save_file

    for name, of in (("a", A), ("b", B)):
        save_file(of, tmp_path / f"{name}.safetensors")
    np.savez(tmp_path / "data.npz", inputs=DATA[0].numpy(), targets=DATA[1].numpy())
    (tmp_path / "net.py").write_text(
        "from torch import nn\ndef net():\n    w = [6, 8, 8, 8, 8, 8, 8, 4]\n"
        "    parts = [p for n, m in zip(w, w[1:]) for p in (nn.Linear(n, m), nn.Tanh())]\n"
        "    return nn.Sequential(*parts[:-1])\n"
    )
    arguments = ["attribute", tmp_path / "a.safetensors", tmp_path / "b.safetensors", "--data", tmp_path / "data.npz"]
    arguments += ["--model", f"{tmp_path / 'net.py'}:net", "--hosts", "b", "--json"]
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.stderr
    rows = json.loads(result.stdout)["rows"]
    found = {row["layer"]: row["shapley"] for row in rows}
    assert list(found.values()) == exact.shapley.sel(host="b").values.tolist()
