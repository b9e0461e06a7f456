"""A recipe of small networks on images in a file, and what its training leaves on disk."""

import os
import signal
from pathlib import Path

import numpy as np
from tiny_training import dark_and_light

from isthmus.training.networks.networks import train_networks
from isthmus.training.recipe.file import load_recipes

TOML = """
model = "cnn:width=2,channels=1,classes=2"
data = "data.npz"
length = "6ep"
batch_size = 8
optimizer = { name = "sgd", learning_rate = 0.05, momentum = 0.9 }
schedule = "one_cycle"
clip_norm = 1.0
augmentations = ["flip"]
checkpoint_every = "2ep"
device = "cpu"
"""
PAIR = """
[[network]]
name = "a"
[[network]]
name = "b"
seeds = { order = 1 }
"""
SPAWNED = PAIR + 'spawn = { network = "a", at = "3ep" }\n'


def save_data(enlarged=1):
    """Write the recipe's data into the current folder; every pixel becomes a square of so many."""
    examples = dark_and_light()
    inputs = (examples.inputs / 128 - 1).numpy().repeat(enlarged, axis=2).repeat(enlarged, axis=3)
    np.savez("data.npz", inputs=inputs, targets=examples.targets.numpy())


def networks(text, out, **options):
    Path("recipe.toml").write_text(text)
    return train_networks(load_recipes(Path("recipe.toml")), Path(out), **options)


def contents(folder):
    """Every file's bytes by its path, but for those with a temporary name."""
    files = (file for file in Path(folder).rglob("*") if file.is_file() and not file.name.startswith("."))
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def killed_training(folder, text, out, place, number):
    """Train until this process kills itself: after so many epochs, or before so many files, or one, get their names."""
    os.chdir(folder)
    passed = 0

    def passing(at):
        nonlocal passed
        passed += at == place
        if passed == number:
            os.kill(os.getpid(), signal.SIGKILL)

    replace = Path.replace

    def replacing(self, target):
        passing("rename")
        passing(Path(target).name)
        return replace(self, target)

    Path.replace = replacing
    networks(text, out, tell=lambda _: passing("epoch"))
