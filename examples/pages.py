"""A page of every kind, of small networks: for `examples/screenshots.py`, and to be looked at.

    python examples/pages.py --out pages          (about two minutes on two cores)

It makes the report of a run with 11 alphas and two splits, of 62 layers with long names, of 20 steps of a training and
of three pairs, the pages of three studies, of a merge of two networks and of three, and of a federated training, and
explorers: 56 screenshots in all.
What they show means little: the networks are small, and those of 62 layers are not trained.
"""

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

import isthmus
from isthmus.cli.main import app

NUM_BLOCKS, WIDTH = 30, 24
PAGES = ("run", "layers", "steps", "pairs", "curvature", "similarity", "subspace", "federated")
MODEL, DATA = "cnn:width=8,channels=1", "digits"
NETWORKS = f"""
model = "{MODEL}"
data = "{DATA}:train"
length = "20ep"
batch_size = 64
clip_norm = 1.0
checkpoint_every = "1ep"
optimizer = {{ name = "sgd", learning_rate = 0.1, momentum = 0.9 }}

[[network]]
name = "a"

[[network]]
name = "b"
seeds = {{ order = 1 }}

[[network]]
name = "c"
seeds = {{ initialisation = 1, order = 2 }}
"""
FEDERATION = f"""
model = "{MODEL}"
train = "{DATA}:train"
test = "{DATA}:test"
clients = 3
partition = "mixture=0.1"
rounds = 4
rules = ["all", "none", "body", {{ name = "barrier", threshold = 0.1 }}]
seeds = [0, 1]
batch_size = 32
optimizer = {{ name = "sgd", learning_rate = 0.1, momentum = 0.9 }}
clip_norm = 1.0

[barriers]
data = "{DATA}:train[0:100]"
"""


class Block(nn.Module):
    """Two layers and the way past them."""

    def __init__(self) -> None:
        super().__init__()
        self.intermediate_projection = nn.Linear(WIDTH, WIDTH)
        self.output_projection = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Through it."""
        added: torch.Tensor = self.output_projection(torch.relu(self.intermediate_projection(x)))
        return x + 0.3 * added


class Deep(nn.Module):
    """A network of 62 layers with long names."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Linear(64, WIDTH)
        self.transformer_blocks = nn.Sequential(*(Block() for _ in range(NUM_BLOCKS)))
        self.classifier = nn.Linear(WIDTH, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Through it."""
        found: torch.Tensor = self.classifier(self.transformer_blocks(self.embedding(x.flatten(1))))
        return found


def isthmus_command(*arguments: object) -> None:
    """Run a command.

    Args:
        arguments: Of `isthmus`.

    Raises:
        SystemExit: It failed, and has said why.
    """
    words = [str(argument) for argument in arguments]
    print("isthmus", shlex.join(words))
    status = app(words, standalone_mode=False)
    if status:
        raise SystemExit(status)


def make_pages(folder: Path) -> list[Path]:
    """Make a page of every kind.

    Args:
        folder: Where to; what is there is not made again.

    Returns:
        The pages.
    """
    folder.mkdir(parents=True, exist_ok=True)
    a, b, c = (folder / "networks" / name for name in "abc")
    if not c.is_dir():
        (folder / "networks.toml").write_text(NETWORKS, encoding="utf-8")
        isthmus_command("train", folder / "networks.toml", "--out", folder / "networks")
    for seed, name in enumerate("de"):
        torch.manual_seed(seed)
        isthmus.save_weights(Deep().state_dict(), folder / f"{name}.safetensors")
    on = ["--model", MODEL, "--data"]
    last = [network / "20ep.safetensors" for network in (a, b, c)]
    two = [*on, f"{DATA}:train[0:200]", "--data", f"{DATA}:test[0:200]", "--alphas", 11]
    two += ["--sweep", "single", "--sweep", "window:2"]
    deep = [folder / "d.safetensors", folder / "e.safetensors", "--model", f"{__file__}:Deep", "--data"]
    for name, arguments in {
        "run": [*last[::2], *two],
        "same-start": [*last[:2], *two],
        "layers": [*deep, f"{DATA}:test[0:60]", "--alphas", 11],
        "steps": [a, c, *on, f"{DATA}:test[0:200]"],
        "pairs": [*last, *on, f"{DATA}:test[0:200]"],
    }.items():
        if not (folder / name / "report.html").is_file():
            isthmus_command("measure", *arguments, "--out", folder / name, "--resume")
    for study in ("curvature", "similarity"):
        if not (folder / study / "report.html").is_file():
            isthmus_command(study, *last[::2], *on, f"{DATA}:test[0:100]", "--out", folder / study)
    if not (folder / "subspace" / "report.html").is_file():
        isthmus_command("subspace", a, b, *on, f"{DATA}:test[0:100]", "--out", folder / "subspace")
    for name, networks in {"merged": last[:2], "merged-soup": last}.items():
        if not (out := folder / f"{name}.safetensors").is_file():
            merging = ["--certify-on", f"{DATA}:test", "--tolerance", 0.1, "--out", out]
            isthmus_command("merge", *networks, *on, f"{DATA}:train[0:500]", *merging)
    if not (folder / "federated" / "report.html").is_file():
        (folder / "federated.toml").write_text(FEDERATION, encoding="utf-8")
        isthmus_command("federate", folder / "federated.toml", "--out", folder / "federated", "--resume")
    explorers: dict[str, Sequence[Path]] = {
        "explore": [folder / "run"],
        "explore-two": [folder / "run", folder / "same-start"],
        "explore-steps": [folder / "steps"],
        "explore-layers": [folder / "layers"],
    }
    for name, runs in explorers.items():
        isthmus_command("explore", *runs, "--out", folder / f"{name}.html")
    reports = [folder / name / "report.html" for name in PAGES]
    return [*reports, *folder.glob("merged*.html"), *(folder / f"{name}.html" for name in explorers)]


def main() -> None:
    """Makes the pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("pages"))
    print(*make_pages(parser.parse_args().out), sep="\n")


if __name__ == "__main__":
    main()
