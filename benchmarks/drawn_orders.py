"""How often the interval over drawn orders holds the exact Shapley value of a layer, on two networks.

All sets of layers are measured once; then every seed draws orders from this table, so that 200 seeds cost nothing more.
One line a host and number of orders: the share of intervals that hold the exact value, in the mean over layers and for
the layer where it is least; the share of seeds where all layers' intervals do; and that of a band for all at once.

    python benchmarks/drawn_orders.py A B --model MODEL --data DATA --layers block
"""

import argparse

import numpy as np

import isthmus
from isthmus.measures.intervals.interval import critical_value, mean_band
from isthmus.questions.attribution.game import (
    Coalition,
    all_coalitions,
    antithetic_orders,
    coalitions_of,
    drawn_values,
    exact_weights,
    pair_weights,
)

ROUNDING = 1e-9  # of values whose draws are all equal
EVERY_SET = "subsets:100000"


def main() -> None:
    """Measure all sets, and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in ("a", "b"):
        parser.add_argument(name)
    for name in ("model", "data"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--layers", default="block")
    parser.add_argument("--orders", default="4,8,16,32,64")
    parser.add_argument("--seeds", type=int, default=200)
    options = parser.parse_args()
    asked = {"sweep": [EVERY_SET, "full"], "alphas": [0.5], "layers": options.layers}
    found = isthmus.measure(options.model, options.a, options.b, options.data, **asked)
    sets = [text.split("+") for text in found.layers_moved.values]
    labels = sorted({label for layers in sets for label in layers})
    place = {frozenset(labels.index(label) for label in layers): number for number, layers in enumerate(sets)}
    num_examples = int(found.num_examples[0, 0])
    print(f"{len(labels)} layers, {2 ** len(labels)} sets, {options.seeds} seeds, {num_examples} examples")
    print("| host | full rise | orders | holds, mean | least | all | band for all |\n|---|---|---|---|---|---|---|")
    for host in found.host.values:
        loss = found.loss.sel(host=host, alpha=0.5).values
        own = float(found[f"loss_{host}"])
        worth = {members: loss[place[members]] if members else own for members in all_coalitions(len(labels))}
        for num_orders in map(int, options.orders.split(",")):
            shares = held(worth, len(labels), num_orders, options.seeds)
            rise = worth[frozenset(range(len(labels)))] - own
            print(f"| {host} | {rise:.3f} | {num_orders} | {' | '.join(f'{100 * share:.1f}' for share in shares)} |")


def held(worth: dict[Coalition, float], n: int, num_orders: int, num_seeds: int) -> tuple[float, float, float, float]:
    """How often intervals hold the exact values.

    Args:
        worth: Of every set of players.
        n: The number of players.
        num_orders: Drawn each time.
        num_seeds: How often.

    Returns:
        Of a player's interval in the mean, at the least, of all at once, and of a band for all.
    """
    exact = exact_weights(list(worth), n) @ list(worth.values())
    inside, in_band = [], []
    for seed in range(num_seeds):
        orders = antithetic_orders(n, num_orders, seed)
        groups = coalitions_of(orders)
        by_pair = pair_weights(orders, groups) @ [worth[members] for members in groups]
        drawn = drawn_values(by_pair)
        inside.append((drawn.low - ROUNDING <= exact) & (exact <= drawn.high + ROUNDING))
        low, high = mean_band(by_pair.T, critical_value(by_pair.T))
        in_band.append(bool(((low - ROUNDING <= exact) & (exact <= high + ROUNDING)).all()))
    by_player, at_once = np.mean(inside, axis=0), np.all(inside, axis=1)
    return float(by_player.mean()), float(by_player.min()), float(at_once.mean()), float(np.mean(in_band))


if __name__ == "__main__":
    main()
