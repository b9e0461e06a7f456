"""What a worked example is, how two networks are made for one, and the loop that its numbers are compared with."""

import copy
import itertools
import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

import isthmus
from isthmus.cli.main import app

RUN, PICTURE = Path("run"), Path("run/figures/loss_bars.svg")
TOLERANCE = 1e-5  # nats: the loop runs one example at a time, isthmus a batch
EPOCHS = 4
Weights = Mapping[str, Tensor]


@dataclass(frozen=True)
class Example:
    """A worked example.

    Attributes:
        title: What it shows.
        files: What lies in the folder, in words.
        command: What a user types there.
        make: Writes the files into the current folder and returns the two networks, loaded as their library loads them.
        loss: The mean loss of a network on the data, one example after the other, by the library's own means.
        picture: What the command draws, beside much else.
        prefix: What isthmus' keys have before those of the networks.
    """

    title: str
    files: str
    command: str
    make: Callable[[], tuple[nn.Module, nn.Module]]
    loss: Callable[[nn.Module], float]
    picture: Path = PICTURE
    prefix: str = ""

    def run(self) -> tuple[float, int]:
        """Make the files, type the command, and compare every number with the loop.

        Returns:
            The largest difference, and how many numbers were compared.

        Raises:
            AssertionError: A number is not that of the loop, or there is no picture.
        """
        a, b = self.make()
        with Path("shown.txt").open("w", encoding="utf-8") as shown, redirect_stdout(shown), redirect_stderr(shown):
            status = app(shlex.split(f"{self.command} --no-progress --out {RUN}")[1:], standalone_mode=False)
        assert not status, f"isthmus ended with {status}"
        assert self.picture.stat().st_size > 1_000, "no picture"
        difference, number = self._differences(a, b)
        assert difference < TOLERANCE, f"{self.title}: a difference of {difference}"
        return difference, number

    def _differences(self, a: nn.Module, b: nn.Module) -> tuple[float, int]:
        members = sorted((RUN / "members").glob("*"), key=lambda folder: (len(folder.name), folder.name))
        folder = members[-1] if members else RUN  # the last step of a training
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        keys = {layer["label"]: [key.removeprefix(self.prefix) for key in layer["keys"]] for layer in record["layers"]}
        loss = isthmus.load_run(folder)["loss"].squeeze(drop=True)
        ends = {"a": a.state_dict(), "b": b.state_dict()}
        found = []
        for host, moving in itertools.product(loss["host"].values, loss["moving"].values):
            layers = list(keys) if moving == "all" else [moving]
            blend = averaged(
                ends[host], ends["b" if host == "a" else "a"], [k for layer in layers for k in keys[layer]]
            )
            network = copy.deepcopy(a)
            network.load_state_dict(blend)
            with torch.no_grad():
                expected = self.loss(network.eval())
            found.append(abs(float(loss.sel(host=host, moving=moving)) - expected))
        return max(found), len(found)


def averaged(host: Weights, donor: Weights, keys: Sequence[str]) -> dict[str, Tensor]:
    """The host with some of its tensors averaged with the donor's."""
    return {key: (tensor + donor[key]) / 2 if key in keys else tensor for key, tensor in host.items()}


def trained_pair(start: nn.Module, loss: Callable[[nn.Module, int], Tensor], num_examples: int) -> list[nn.Module]:
    """Two networks of one start, trained on the same examples in different orders.

    Args:
        start: Both begin here.
        loss: Of a network on the example of a number.
        num_examples: How many examples there are.

    Returns:
        Networks a and b, in evaluation mode.
    """
    pair = []
    for seed in (1, 2):
        network = copy.deepcopy(start).train()
        optimizer = torch.optim.AdamW(network.parameters(), lr=0.01)
        torch.manual_seed(seed)
        for _ in range(EPOCHS):
            for chosen in torch.randperm(num_examples).split(4):
                optimizer.zero_grad()
                torch.stack([loss(network, int(number)) for number in chosen]).mean().backward()
                optimizer.step()
        pair.append(network.eval())
    return pair
