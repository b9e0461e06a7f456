"""What does different things is told apart, and what does the same is not."""

import functools
import subprocess
import sys
import threading

import pytest
import torch
from told_apart import LOSSES, NETWORKS, VALUES, Scaled, Times, calling, enclosing, smoothed
from torch import nn

from isthmus.identity import identity_of
from isthmus.user_code import load_function


def told(thing, **options):
    identity = identity_of(thing, "it", **options)
    assert identity.unknown == ()
    return identity.text


@pytest.mark.parametrize("name", [*LOSSES, *VALUES])
def test_things_that_differ_are_told_apart_and_equal_ones_are_not(name):
    one, other = (LOSSES | VALUES)[name]
    torch.manual_seed(0)
    found = told(one())
    torch.manual_seed(0)
    assert told(one()) == found
    torch.manual_seed(0)
    assert told(other()) != found


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_are_told_apart_by_all_but_their_weights(name):
    one, other = NETWORKS[name]
    found = told(one(), has_weights=False)
    assert told(one(), has_weights=False) == found
    assert told(other(), has_weights=False) != found


@pytest.mark.parametrize(
    "build",
    [
        Scaled,
        lambda: nn.LSTM(2, 3),
        lambda: nn.utils.weight_norm(nn.Linear(2, 2)),
        lambda: nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)),
        lambda: nn.utils.spectral_norm(nn.Linear(2, 2)),
        lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(0.5)),
    ],
)
@pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated:FutureWarning")
def test_weights_do_not_tell_a_measured_network_from_another(build):
    torch.manual_seed(0)
    one = build()
    torch.manual_seed(1)
    other = build()
    other.requires_grad_(False).train(False)
    assert told(one, has_weights=False) == told(other, has_weights=False)


def test_a_network_that_holds_itself_is_read():
    network, other = Scaled(), Scaled()
    network.inner, other.inner = [network], [other]
    assert told(network, has_weights=False) == told(other, has_weights=False)


class Opaque:
    def __init__(self):
        self.lock = threading.Lock()


@pytest.mark.parametrize(
    ("thing", "reason"),
    [
        (lambda: enclosing(threading.Lock()), "it: enclosed 'times' (lock)"),
        (lambda: calling(Opaque()), "it: global 'inner'.lock (lock)"),
        (lambda: functools.partial(smoothed, weight=Opaque()), "it[2]['weight'].lock (lock)"),
        (lambda: Times(1.0, [iter([1]), (n for n in "ab")]), "it.parts[1] (generator)"),
        (lambda: Scaled(inner=Opaque()), "it.inner.lock (lock)"),
        (lambda: Scaled(inner=torch.zeros(1, device="meta")), "it.inner (Tensor)"),
        (lambda: torch.jit.script(nn.ReLU()), "it (RecursiveScriptModule)"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")
def test_what_cannot_be_read_is_named_with_its_place(thing, reason):
    assert identity_of(thing(), "it").unknown == (reason,)


def test_what_an_installed_module_keeps_for_itself_is_no_hindrance():
    network = nn.Linear(2, 2)
    network.lock = threading.Lock()
    assert identity_of(network, "it").unknown == ()


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
import told_apart as cases
from isthmus.identity import identity_of
for one, other in {**cases.LOSSES, **cases.VALUES}.values():
    cases.torch.manual_seed(0)
    print(identity_of(one(), "it").text)
for one, other in cases.NETWORKS.values():
    print(identity_of(one(), "it", has_weights=False).text)
"""


def test_another_process_with_another_order_of_sets_finds_the_same():
    folder = __file__.rpartition("/")[0]
    found = {
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", SCRIPT, folder], capture_output=True, text=True, check=True, env=env
        ).stdout
        for env in ({"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)} for seed in ("1", "2"))
    }
    assert len(found) == 1
    assert len(set(found.pop().split())) > 40


FILE = """
from torch.nn import functional
from parts.blocks import factor
TIMES = 2.0
def loss(outputs, targets):
    return TIMES * factor() * functional.mse_loss(outputs, targets, reduction="none")
"""


def write(folder, text=FILE, block="1.0", offset="0"):
    (folder / "parts").mkdir(parents=True, exist_ok=True)
    (folder / "losses.py").write_text(text)
    (folder / "parts" / "__init__.py").write_text("")
    blocks = f"from .deeper import OFFSET\ndef factor():\n    return {block} + OFFSET\n"
    (folder / "parts" / "blocks.py").write_text(blocks)
    (folder / "parts" / "deeper.py").write_text(f"OFFSET = {offset}\n")
    (folder / "unrelated.py").write_text("1 / 0")
    return folder / "losses.py"


def test_a_function_of_a_file_is_told_by_the_file_and_its_neighbours_and_not_by_its_folder(tmp_path):
    def of_file(path):
        for name in [name for name in sys.modules if name.partition(".")[0] == "parts"]:
            del sys.modules[name]
        return told(load_function(path, "loss", str(path)))

    found = of_file(write(tmp_path / "one"))
    assert of_file(write(tmp_path / "two")) == found
    assert of_file(write(tmp_path / "three", FILE.replace("2.0", "3.0"))) != found
    assert of_file(write(tmp_path / "four", block="2.0")) != found
    assert of_file(write(tmp_path / "five", offset="1")) != found


def test_names_of_variables_and_comments_do_not_tell_code_apart():
    def loss(outputs, targets):
        """One sentence."""
        difference = outputs - targets
        return difference * difference

    one = loss

    def loss(outputs, targets):
        """One sentence."""
        # what is squared
        residual = outputs - targets
        return residual * residual

    assert told(loss) == told(one)
