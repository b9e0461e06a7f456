"""Recipes: what they take, how several networks share one file, and what they say when something is wrong."""

import subprocess
import sys
from pathlib import Path

import pytest
from tiny_training import step

from isthmus.errors import InputError, UnknownNameError
from isthmus.training.recipe.file import load_recipes, merge_tables, recipe_of
from isthmus.training.recipe.optimizer_settings import AdamW, Sam
from isthmus.training.recipe.schedule import Constant
from isthmus.training.seeds import Seeds
from isthmus.training.steps import checkpoint_steps

RECIPES = Path(__file__).parents[2] / "recipes"
PLAIN = {
    "model": "cnn:width=2,channels=1",
    "data": "digits:train[0:20]",
    "length": "3ep",
    "batch_size": 8,
    "optimizer": {"name": "sgd", "learning_rate": 0.1},
}
TOML = """
model = "cnn:width=2,channels=1"
data = "digits:train[0:20]"
length = "10ep"
batch_size = 8
optimizer = { name = "sgd", learning_rate = 0.1, momentum = 0.9 }
seeds = { augmentation = 5 }
"""


def written(folder, text):
    (folder / "recipe.toml").write_text(text)
    return folder / "recipe.toml"


def test_a_recipe_has_these_defaults():
    recipe = recipe_of(PLAIN, "")
    assert (recipe.name, recipe.seeds, recipe.schedule) == ("a", Seeds(0, 0, 0), Constant())
    assert (recipe.clip_norm, recipe.augmentations, recipe.checkpoints, recipe.spawn) == (None, (), (), None)
    assert (recipe.loss, recipe.dtype, recipe.device) == ("cross_entropy", "float32", "auto")
    assert not recipe.compile
    assert not recipe.cuda_graph
    assert not recipe.channels_last


def test_a_name_alone_stands_for_a_table_with_nothing_set():
    short = recipe_of(PLAIN | {"schedule": "cosine", "augmentations": ["crop", "flip"]}, "")
    long = {"schedule": {"name": "cosine"}, "augmentations": [{"name": "crop", "padding": 4}, {"name": "flip"}]}
    assert short == recipe_of(PLAIN | long, "")


@pytest.mark.parametrize(
    ("change", "where", "expected"),
    [
        ({"lenght": "3ep"}, "lenght", "Did you mean 'length'"),
        ({"length": "3"}, "length", "a step in training"),
        ({"length": "0ep"}, "length", "a step above 0"),
        ({"cuda_graph": True, "augmentations": ["mixup"]}, "the recipe", "no mixup with cuda_graph"),
        ({"batch_size": 0}, "batch_size", "greater than 0"),
        ({"optimizer": {"name": "sgdd"}}, "optimizer", "Did you mean 'sgd'"),
        ({"optimizer": {"learning_rate": 0.1}}, "optimizer", "a table with a name"),
        ({"optimizer": {"name": "sgd"}}, "optimizer.learning_rate", "a value"),
        ({"optimizer": {"name": "sgd", "learning_rate": -1}}, "optimizer.learning_rate", "greater than 0"),
        (
            {"optimizer": {"name": "sam", "learning_rate": 1, "momentun": 0}},
            "optimizer.momentun",
            "Did you mean 'momentum'",
        ),
        (
            {"optimizer": {"name": "sgd", "learning_rate": 1, "nesterov": True}},
            "optimizer",
            "a momentum above 0 with nesterov",
        ),
        ({"schedule": "step"}, "schedule.every", "a value"),
        ({"schedule": {"name": "multi_step", "milestones": ["3"], "factor": 1}}, "schedule.milestones.1", "a step"),
        (
            {"schedule": {"name": "multi_step", "milestones": [0.5, 2.0], "factor": 1}},
            "schedule.milestones.2",
            "a fraction",
        ),
        ({"augmentations": ["crop", "flop"]}, "augmentations.2", "Did you mean 'flip'"),
        ({"augmentations": [{"name": "crop", "paddin": 3}]}, "augmentations.1.paddin", "Did you mean 'padding'"),
        ({"augmentations": ["mixup", "flip"]}, "augmentations", "each augmentation once, and mixup last"),
        ({"augmentations": ["flip", "flip"]}, "augmentations", "each augmentation once, and mixup last"),
        ({"seeds": {"ordr": 1}}, "seeds.ordr", "Did you mean 'order'"),
        ({"seeds": {"order": 1.5}}, "seeds.order", "a valid integer"),
        ({"checkpoints": ["1ep", "x"]}, "checkpoints.2", "a step in training"),
        ({"checkpoint_every": "0it"}, "checkpoint_every", "a step above 0"),
        ({"model": "cnnn"}, "model", "Did you mean 'cnn'"),
        ({"data": "cifar11"}, "data", "Did you mean 'cifar10'"),
        ({"dtype": "int8"}, "dtype", "'float32'"),
        ({"name": "../a"}, "name", "letters, digits"),
        ({"spawn": {"netwrk": "a", "network": "a", "at": "1ep"}}, "spawn.netwrk", "Did you mean 'network'"),
        ({"spawn": {"network": "a", "at": "1ep"}, "initial": "x"}, "the recipe", "one beginning"),
    ],
    ids=str,
)
def test_what_is_wrong_in_a_recipe_is_named_with_its_field(change, where, expected):
    with pytest.raises(InputError) as caught:
        recipe_of(PLAIN | change, " of network 'b' in r.toml")
    assert caught.value.where == f"{where} of network 'b' in r.toml"
    assert expected in str(caught.value)


def test_a_file_without_network_tables_is_one_network(tmp_path):
    (recipe,) = load_recipes(written(tmp_path, TOML))
    assert (recipe.name, recipe.optimizer.momentum, recipe.seeds.augmentation) == ("a", 0.9, 5)


def test_a_network_overrides_single_entries_and_whole_tables_of_another_name(tmp_path):
    networks = """
    [[network]]
    name = "a"
    [[network]]
    name = "b"
    seeds = { order = 1 }
    data = "digits:train[20:40]"
    optimizer = { learning_rate = 0.2 }
    [[network]]
    name = "c"
    optimizer = { name = "adamw", learning_rate = 0.3 }
    [[network]]
    name = "d"
    spawn = { network = "b", at = "6ep" }
    length = "12ep"
    """
    a, b, c, d = load_recipes(written(tmp_path, TOML + networks))
    assert (a.seeds, b.seeds) == (Seeds(0, 0, 5), Seeds(0, 1, 5))
    assert (a.data, b.data) == ("digits:train[0:20]", "digits:train[20:40]")
    assert (b.optimizer.learning_rate, b.optimizer.momentum) == (0.2, 0.9)
    assert c.optimizer == AdamW(learning_rate=0.3)
    assert (d.spawn.network, d.spawn.at, d.length) == ("b", step("6ep"), step("12ep"))


def test_merging_changes_neither_table():
    shared, own = {"seeds": {"order": 0}}, {"seeds": {"order": 1}}
    assert merge_tables(shared, own) == {"seeds": {"order": 1}}
    assert (shared, own) == ({"seeds": {"order": 0}}, {"seeds": {"order": 1}})


@pytest.mark.parametrize(
    ("networks", "expected"),
    [
        ("[[network]]\nname='a'\n[[network]]\nname='a'", "'a' twice"),
        ("[[network]]\nname='b'\nspawn={network='a',at='1ep'}", "a network above this one: one of nothing"),
        ("[[network]]\nname='a'\n[[network]]\nname='b'\nspawn={network='c',at='1ep'}", "'c'"),
        (
            "[[network]]\nname='a'\n[[network]]\nname='b'\nmodel='cnn'\nspawn={network='a',at='1ep'}",
            "the model of network 'a'",
        ),
        (
            "[[network]]\nname='a'\n[[network]]\nname='b'\noptimizer={name='sam'}\nspawn={network='a',at='1ep'}",
            "optimizer.learning_rate of network 'b'",
        ),
        (
            "[[network]]\nname='a'\n[[network]]\nname='b'\noptimizer={name='adamw',learning_rate=1}\n"
            "spawn={network='a',at='1ep'}",
            "the optimizer of network 'a', sgd",
        ),
        (
            "[[network]]\nname='a'\n[[network]]\nname='b'\nspawn={network='a',at='10ep'}",
            "before the end of network 'a'",
        ),
        ("network = 3", "[[network]] tables"),
        ("batch_size = 8", "a recipe in TOML"),
    ],
)
def test_networks_that_do_not_fit_together_are_refused(tmp_path, networks, expected):
    with pytest.raises(InputError) as caught:
        load_recipes(written(tmp_path, TOML + networks))
    assert expected in str(caught.value)
    assert "recipe.toml" in caught.value.where


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="a recipe: a TOML file"):
        load_recipes(tmp_path / "absent.toml")


def test_an_unknown_name_is_a_lookup_error_too():
    with pytest.raises(UnknownNameError):
        recipe_of(PLAIN | {"lenght": "3ep"}, "")


def test_sam_takes_what_sgd_takes():
    recipe = recipe_of(PLAIN | {"optimizer": {"name": "sam", "learning_rate": 0.1, "momentum": 0.5}}, "")
    assert recipe.optimizer == Sam(learning_rate=0.1, momentum=0.5, rho=0.05)


def test_a_recipe_written_as_json_reads_back():
    recipe = recipe_of(
        PLAIN
        | {
            "schedule": {"name": "multi_step", "milestones": [0.5, "2ep"], "factor": 0.1, "warmup": "3it"},
            "augmentations": ["crop", "mixup"],
            "seeds": {"order": 3},
            "checkpoints": ["1ep", "5it"],
        },
        "",
    )
    assert recipe_of(recipe.model_dump(mode="json"), "") == recipe


def test_reading_a_recipe_never_imports_torch(tmp_path):
    code = (
        "import sys, pathlib\nfrom isthmus.training.recipe.file import load_recipes\n"
        f"load_recipes(pathlib.Path({str(written(tmp_path, TOML))!r}))\nassert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("file", sorted(RECIPES.glob("*.toml")), ids=lambda file: file.stem)
def test_every_recipe_of_the_repository_is_right_and_says_what_to_expect(file):
    assert len(load_recipes(file)) > 1
    head = file.read_text().split("\n\n")[0]
    assert all(word in head for word in ("isthmus train", "Time:", "Expect")), head


def test_checkpoints_hold_beginning_and_end_and_every_so_many():
    steps = checkpoint_steps(step("5ep"), [step("7it"), step("20it")], step("2ep"), 10)
    assert {iteration: str(name) for iteration, name in steps.items()} == {
        0: "0ep",
        7: "7it",
        20: "2ep",
        40: "4ep",
        50: "5ep",
    }


def test_a_checkpoint_after_the_end_is_refused():
    with pytest.raises(InputError, match="60it, with 10 iterations an epoch"):
        checkpoint_steps(step("5ep"), [step("60it")], None, 10)
