"""The demo's networks: which of them start together, that they learn, and that a second call takes what is there."""

import numpy as np
import pytest

from isthmus.errors import InputError
from isthmus.experiments import demo
from isthmus.training.recipe.file import load_recipes
from isthmus.weights.checkpoint import load_checkpoint


def save_bright_halves(path, count=64):
    targets = np.arange(count) % 2
    inputs = -np.ones((count, 1, 28, 28), dtype=np.float32)
    for image, target in zip(inputs, targets, strict=True):
        image[:, 14 * int(target) : 14 * int(target) + 14] = 0.6
    np.savez(path, inputs=inputs, targets=targets)


@pytest.fixture
def quick_recipe(tmp_path):
    data = tmp_path / "halves.npz"
    save_bright_halves(data)
    text = demo.RECIPE.read_text(encoding="utf-8")
    changes = {
        '"fashion_mnist_small:train"': f'"{data}"',
        '"15ep"': '"8ep"',
        '"200it"': '"4it"',
        "learning_rate = 0.1": "learning_rate = 0.03",
    }
    for before, after in changes.items():
        assert text.count(before) == 1
        text = text.replace(before, after)
    recipe = tmp_path / "quick.toml"
    recipe.write_text(text, encoding="utf-8")
    return recipe


def test_a_and_b_share_their_initialisation_and_nothing_else_is_shared():
    recipes = {recipe.name: recipe for recipe in load_recipes(demo.RECIPE)}
    a, b, c = (recipes[name].seeds for name in "abc")
    assert a.initialisation == b.initialisation != c.initialisation
    assert len({a.order, b.order, c.order}) == 3
    assert all(recipe.model_copy(update={"name": "a", "seeds": a}) == recipes["a"] for recipe in recipes.values())


def test_a_file_in_the_way_is_refused_before_anything_is_said(tmp_path):
    file = tmp_path / "file"
    file.write_text("keep")
    said = []
    with pytest.raises(InputError, match="name another --out"):
        demo.run_demo(file, said.append)
    assert (said, file.read_text()) == ([], "keep")


def test_the_demo_trains_measures_and_goes_on_with_what_is_there(tmp_path, quick_recipe, monkeypatch):
    monkeypatch.setattr(demo, "SPLITS", dict.fromkeys(demo.SPLITS, str(quick_recipe.parent / "halves.npz")))
    said = []
    shown = demo.run_demo(tmp_path / "demo", said.append, quick_recipe)
    for name in "abc":
        assert any(line.startswith(f"network {name}: 5 of 8 epochs, training loss") for line in said), said
    assert shown.page.is_file()
    same, different = (shown.results[pair].sel(split="train", host="a") for pair in demo.PAIRS)
    assert float(different.loss_a) == float(same.loss_a) < 1  # from ln 10 = 2.3
    assert float(same.loss_b) != float(same.loss_a) != float(different.loss_b)

    a, b, c = (load_checkpoint(tmp_path / "demo" / "networks" / name / "8ep.safetensors").weights for name in "abc")

    def distance(first, second):
        return sum((first[key] - second[key]).square().sum() for key in first).sqrt()

    assert 0 < 5 * distance(a, b) < distance(a, c)

    said.clear()
    again = demo.run_demo(tmp_path / "demo", said.append, quick_recipe)
    assert [line for line in said if line.startswith("network")] == [f"network {n} is there already" for n in "abc"]
    assert again.reading == shown.reading
