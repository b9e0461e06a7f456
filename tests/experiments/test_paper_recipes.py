"""The recipes of scale paper at their full width: twenty steps on a processor, where no GPU is at hand."""

import os
from functools import partial
from pathlib import Path

import pytest
import torch

from isthmus.data.load import load_examples
from isthmus.experiments.reproduction.recipes import shipped_recipes
from isthmus.experiments.reproduction.scale import Scale
from isthmus.models.load import load_model
from isthmus.training.initial import make_initial_model
from isthmus.training.loop import train

HERE = Path(__file__).resolve().parents[3] / "shared" / "data"
ROOT = Path(os.environ["ISTHMUS_DATA"]) if os.environ.get("ISTHMUS_DATA") else HERE
STEPS = 20
# All that a processor holds back is the size of a mini-batch: 200 windows of 256 tokens take minutes a step there.
BATCHES = {"gpt": 2}
CLAIMS = ("fig1", "batchnorm", "clients", "fig4", "gpt", "initialisation", "learning_rate", "mobilenet", "vgg11")
PARAMETERS = {
    "fig1": 11_164_362,  # as in the paper's code
    "gpt": 85_000_000,  # twelve blocks of width 768 alone
    "vgg11": 9_000_000,
}


@pytest.mark.filterwarnings("ignore:.*the first part of it")  # not everybody has all files of CIFAR-100
@pytest.mark.slow  # networks of ten to ninety million parameters
@pytest.mark.parametrize("claim", CLAIMS)
def test_twenty_steps_at_full_width(claim):
    recipe, *_ = shipped_recipes(claim, Scale.PAPER)
    source = recipe.data.partition(":")[0]
    if not (ROOT / source).is_dir():
        pytest.skip(f"no {source} under ISTHMUS_DATA or ../shared/data")
    examples = load_examples(recipe.data, data_root=ROOT)
    model = make_initial_model(partial(load_model, recipe.model), recipe.seeds)
    assert sum(weights.numel() for weights in model.parameters()) >= PARAMETERS.get(claim, 0)
    before = {key: weights.clone() for key, weights in model.state_dict().items()}
    fitting = recipe.model_copy(update={"batch_size": BATCHES.get(claim, recipe.batch_size)})
    trained = train(model, examples, fitting, stop=STEPS)
    for key, weights in trained.weights.items():
        assert torch.isfinite(weights).all(), key
        assert not weights.is_floating_point() or not torch.equal(weights, before[key]), f"{key} did not move"
