"""Shapes and types of our own signatures are checked while tests run, and nothing is looked for on the network."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from jaxtyping import install_import_hook

torch.set_num_threads(1)
install_import_hook("isthmus", "checked.annotations_checked")

collect_ignore_glob = ["*/conftest.py"]  # two of one name: pytest would read them as doctests of one module
