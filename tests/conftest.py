"""What holds for all tests: signatures are checked, hypothesis draws the same each time, nothing is fetched."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from hypothesis import settings
from jaxtyping import install_import_hook

torch.set_num_threads(1)
settings.register_profile("repeatable", max_examples=50, deadline=None, derandomize=True, database=None)
settings.load_profile("repeatable")
install_import_hook("isthmus", "checked.annotations_checked")

collect_ignore_glob = ["*/conftest.py"]  # two of one name: pytest would read them as doctests of one module
