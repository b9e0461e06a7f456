"""Any network, any data: worked examples, each from files to picture.

    python examples/any_network.py --out any               (two minutes on two cores)
    python examples/any_network.py --out any --only tagging

Each makes two small networks and writes them as their library does, with their data; types the command that a user
would type; and compares every number of the result with a loop of plain forward passes of the library itself.
"""

import argparse
import contextlib
from pathlib import Path

from worked.checkpoints import CHECKPOINTS
from worked.example import Example
from worked.images import IMAGES
from worked.texts import TEXTS

EXAMPLES: dict[str, Example] = {**TEXTS, **IMAGES, **CHECKPOINTS}


def main() -> None:
    """Run the examples and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="a new folder")
    parser.add_argument("--only", choices=EXAMPLES, action="append")
    arguments = parser.parse_args()
    for name in arguments.only or EXAMPLES:
        folder = arguments.out / name
        folder.mkdir(parents=True)
        with contextlib.chdir(folder):
            example = EXAMPLES[name]
            print(f"{example.title}\n  {example.files}\n  {example.command}")
            difference, number = example.run()
            print(f"  {number} numbers within {difference:.1g} of a loop; {folder / example.picture}\n")


if __name__ == "__main__":
    main()
