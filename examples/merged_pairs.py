"""What merging gives on four pairs of small networks, as the table of `docs/merging.md`.

    python examples/merged_pairs.py --data-root DATA --out pairs        (about six minutes on two cores)

It trains the networks of `recipes/merged_pairs.toml` (or goes on where it was stopped), merges each pair with one set
of images or windows to choose the layers on and another to certify them on, and prints a row a pair: what is averaged,
what that costs network a, and what else would have: all layers, the layers that a table of single layers suggests, the
greedy ones, and the worst of three random sets of the same size.
"""

import argparse
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

import isthmus
from isthmus.cli.main import app
from isthmus.merging.merged import Merge
from isthmus.merging.search.comparison import Contender
from isthmus.report.significant import ends_text, significant_text

RECIPE = Path(__file__).parents[1] / "recipes" / "merged_pairs.toml"
HEAD = ("pair", "tolerance", "averaged", "costs", "all layers", "single layers", "greedy", "random", "examples", "s")
PAIRS = {  # the networks, and on what the layers are chosen and certified
    "cnn, one start": ("cnn-a", "cnn-b", "fashion_mnist:test[0:4000]", "fashion_mnist:test[4000:10000]"),
    "cnn, other starts": ("cnn-a", "cnn-c", "fashion_mnist:test[0:4000]", "fashion_mnist:test[4000:10000]"),
    "ResNet-18 with BatchNorm, split after 1 of 4 epochs": (
        "resnet18-a", "resnet18-b", "fashion_mnist:test[0:800]", "fashion_mnist:test[800:2400]",
    ),
    "GPT, split after 1 of 3 epochs": (
        "gpt-a", "gpt-b", "tiny_shakespeare:validation[0:600]:length=64",
        "tiny_shakespeare:validation[600:1742]:length=64",
    ),
}  # fmt: skip


def rows(networks: Path, data_root: Path | None, tolerance: float) -> list[list[str]]:
    """Merge the pairs.

    Args:
        networks: The folder of the trained ones.
        data_root: Where data lies.
        tolerance: In nats.

    Returns:
        One row a pair, of `HEAD`.
    """
    recipe = tomllib.loads(RECIPE.read_text(encoding="utf-8"))
    models = {one["name"]: one.get("model", recipe["model"]) for one in recipe["network"]}
    lengths = {one["name"]: one.get("length", recipe["length"]) for one in recipe["network"]}
    found = []
    for pair, (*names, choose, certify) in PAIRS.items():
        a, b = (networks / name / f"{lengths[name]}.safetensors" for name in names)
        begun = time.perf_counter()
        merge = isthmus.merge(models[names[0]], a, b, choose, certify, tolerance=tolerance, data_root=data_root)
        found.append(row(pair, merge, time.perf_counter() - begun))
    return found


def row(pair: str, merge: Merge, seconds: float) -> list[str]:
    """One pair's row.

    Args:
        pair: Its name.
        merge: What was found.
        seconds: How long it took.

    Returns:
        A text for each of `HEAD`.
    """
    others = {one.name: one for one in merge.contenders}
    random = [one for one in merge.contenders if one.name.startswith("random")]
    moved, total = merge.num_parameters
    averaged = f"{len(merge.layers)} of {len(merge.worth)} layers, {100 * moved / total:.0f} % of the parameters"
    counts = (merge.facts["data"]["num_examples"], merge.facts["certify_on"]["num_examples"])
    tried = [cost(others.get(name), merge) for name in ("all layers", "by single layers", "greedy")]
    worst = max(random, key=lambda one: one.loss_rise.value, default=None)
    return [
        pair, f"{merge.certificate.tolerance:g}", averaged if merge.layers else "none", cost(others["merged"], merge),
        *tried, cost(worst, merge), " + ".join(f"{count:,}" for count in counts), f"{seconds:.0f}",
    ]  # fmt: skip


def cost(one: Contender | None, merge: Merge) -> str:
    """What a network costs a, with its interval.

    Args:
        one: It; None where there is none of this kind.
        merge: Beside what.

    Returns:
        Such as "0.006 [−0.001, 0.013]".
    """
    if one is None or not one.layers:
        return "–"
    if one.name != "merged" and one.soup == merge.soup:
        return "the same"
    return f"{significant_text(one.loss_rise.value, 2)} [{ends_text(one.loss_rise).replace(' to ', ', ')}]"


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, merge and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the folder of the networks")
    parser.add_argument("--data-root", type=Path, help="where fashion_mnist and tiny_shakespeare lie")
    parser.add_argument("--tolerance", type=float, default=0.02, help="nats")
    asked = parser.parse_args(arguments)
    root = ["--data-root", str(asked.data_root)] if asked.data_root else []
    app(["train", str(RECIPE), "--out", str(asked.out), "--resume", *root], standalone_mode=False)
    print("| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD))
    for cells in rows(asked.out, asked.data_root, asked.tolerance):
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
