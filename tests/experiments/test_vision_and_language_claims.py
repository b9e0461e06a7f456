"""The claims on vision transformers, language models, MobileNet and VGG-11: their recipes and their own logic."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import isthmus
from isthmus.data.load import load_examples
from isthmus.errors import InputError
from isthmus.experiments.claims import fig4, gpt, pythia
from isthmus.experiments.claims.appendix import mobilenet, vgg11
from isthmus.experiments.evidence.along_steps import largest_at_any_step
from isthmus.experiments.reproduction.recipes import TrainedNetworks, shipped_recipes
from isthmus.experiments.reproduction.registry import known_claims
from isthmus.experiments.reproduction.scale import Scale
from isthmus.models.load import load_model
from isthmus.weights.checkpoint import load_checkpoint
from isthmus.weights.step import Step

NAMES = ("fig4", "gpt", "mobilenet", "vgg11")
CNNS = ("mobilenet", "vgg11")


@pytest.mark.parametrize(("name", "scale"), [(name, scale) for name in NAMES for scale in known_claims()[name].scales])
def test_networks_of_a_pair_share_the_start_and_nothing_else_that_matters(name, scale):
    recipes = shipped_recipes(name, scale)
    assert len({(r.seeds.order, r.seeds.initialisation) for r in recipes if r.data == recipes[0].data}) > 1
    by_name = {recipe.name: recipe for recipe in recipes}
    pairs = fig4.PAIRS if name == "fig4" else [(f"a{n}", f"b{n}") for n in range(1, len(recipes) // 2 + 1)]
    assert {network for pair in pairs for network in pair} == set(by_name)
    for a, b in pairs:
        one, other = by_name[a], by_name[b]
        assert one.seeds.initialisation == other.seeds.initialisation
        assert one.seeds.order != other.seeds.order
        assert (one.model, one.data, one.length) == (other.model, other.data, other.length)


def test_the_transformers_are_the_papers():
    by_name = {recipe.name: recipe for recipe in shipped_recipes("fig4", Scale.PAPER)}
    assert {name: recipe.optimizer.learning_rate for name, recipe in by_name.items()} == {
        "low": 0.005156, "augmented": 0.056401, "high": 0.155923, "sam": 0.005156,
    }  # fmt: skip
    assert [part.name for part in by_name["augmented"].augmentations] == ["crop", "flip", "rand_augment"]
    assert not any(recipe.augmentations for name, recipe in by_name.items() if name != "augmented")
    assert by_name["sam"].optimizer.rho == 0.1
    assert {(str(r.length), r.batch_size, r.schedule.name) for r in by_name.values()} == {("200ep", 128, "cyclic")}
    config = load_model(by_name["low"].model).config
    sizes = (config.image_size, config.patch_size, config.hidden_size, config.num_hidden_layers)
    assert (*sizes, config.num_attention_heads, config.intermediate_size) == (32, 4, 512, 6, 16, 1024)
    assert (fig4.ALPHAS, fig4.DIRECTIONS[Scale.PAPER]) == (11, 5)
    assert len(load_examples_range(fig4.DATA[Scale.PAPER]["train"])) == 1024


def test_the_language_models_are_the_papers():
    recipes = shipped_recipes("gpt", Scale.PAPER)
    assert {recipe.data.partition(":")[0] for recipe in recipes} == {"tiny_shakespeare", "wikitext2"}
    for recipe in recipes:
        assert "layers=12,width=768,heads=12,length=256" in recipe.model
        assert "dropout=0.2" in recipe.model
        rule, schedule = recipe.optimizer, recipe.schedule
        assert (rule.name, rule.betas, rule.weight_decay, rule.learning_rate) == ("adamw", (0.9, 0.95), 1e-3, 2e-3)
        assert (schedule.name, schedule.rise, recipe.batch_size) == ("one_cycle", 0.02, 50 * 4)
        assert [str(step) for step in (*recipe.checkpoints, recipe.length)] == [
            "1500it",
            "7500it",
            "12000it",
            "15000it",
        ]
    assert pythia.STEPS[Scale.PAPER] == tuple(range(0, 140_001, 20_000))
    assert pythia.NAMES[Scale.PAPER] == ("pythia-410m", "pythia-410m-deduped")


def test_language_models_are_compared_from_one_start_and_at_whole_scales_also_across_starts():
    def compared(scale, names):
        recipes = [recipe for recipe in shipped_recipes("gpt", scale) if recipe.name in names]
        return gpt.compared_pairs("tiny_shakespeare", TrainedNetworks(Path("networks"), recipes), scale)

    orders, starts = compared(Scale.EVENING, {"a1", "b1", "a2", "b2"})
    assert (orders.stem, orders.pairs) == ("tiny_shakespeare", [("a1", "b1"), ("a2", "b2")])
    assert (starts.stem, starts.pairs) == ("tiny_shakespeare_starts", [("a1", "a2"), ("b1", "b2")])
    by_name = {recipe.name: recipe.seeds for recipe in shipped_recipes("gpt", Scale.EVENING)}
    for one, other in starts.pairs:
        assert by_name[one].initialisation != by_name[other].initialisation
        assert by_name[one].order != by_name[other].order
    assert len(compared(Scale.PAPER, {"a1", "b1"})) == 1
    assert len(compared(Scale.SMALL, {"a1", "b1", "a3", "b3"})) == 1


@pytest.mark.parametrize(("name", "num_layers"), [("mobilenet", 55), ("vgg11", 11)])
def test_the_convolutional_networks_are_the_papers(name, num_layers):
    for recipe in shipped_recipes(name, Scale.PAPER):
        assert len(isthmus.layer_partition("module", load_model(recipe.model))) == num_layers
        rule = recipe.optimizer
        assert (rule.name, rule.momentum, rule.weight_decay, rule.learning_rate) == ("sgd", 0.9, 5e-4, 0.05)
        assert (recipe.batch_size, str(recipe.length)) == (64, "200ep")
        assert [part.name for part in recipe.augmentations] == ["crop", "flip"]
    vgg, mobile = (shipped_recipes(name, Scale.PAPER)[0].schedule for name in ("vgg11", "mobilenet"))
    assert (vgg.name, str(vgg.every), vgg.factor) == ("step", "30ep", 0.5)
    assert (mobile.name, [float(m) for m in mobile.milestones], mobile.factor) == ("multi_step", [0.5, 0.75], 0.1)


def load_examples_range(spec):
    start, _, stop = spec.partition("[")[2].rstrip("]").partition(":")
    return range(int(start), int(stop))


@pytest.mark.parametrize("name", ["fig4", "gpt"])
def test_every_scale_measures_training_data_that_its_networks_saw(name):
    for scale in known_claims()[name].scales:
        seen = {recipe.data.partition(":")[0] for recipe in shipped_recipes(name, scale)}
        if name == "fig4":
            assert seen == {fig4.DATA[scale]["train"].partition(":")[0]}
        else:
            assert seen == set(gpt.ALONG[scale]) == set(gpt.END[scale])


def rises(averaging, random, half_width=0.01):
    """A pair of two layers: rises over (host, moving, fraction) at a half and the whole step; "all" in front."""
    shape = ("host", "moving", "fraction")
    found = {}
    for kind, (half, whole) in (("averaging", averaging), ("random", random)):
        values = np.stack([np.broadcast_to(half, (2, 3)), np.broadcast_to(whole, (2, 3))], axis=2)
        for end, shift in (("", 0), ("_low", -half_width), ("_high", half_width)):
            found[f"{kind}_loss_rise{end}"] = (shape, values + shift)
    coordinates = {"host": ["a", "b"], "moving": ["all", "one", "two"], "fraction": [0.5, 1.0]}
    return xr.Dataset(found, coordinates).assign_coords(sweep=("moving", ["full", "single", "single"]))


def test_a_share_counts_single_layers_alone_and_leaves_open_what_the_intervals_do():
    half = [[9, 0.5, 0.0], [9, 0.105, 0.2]]  # of four cuts one is surely above, one surely below, one near
    share = fig4.share_above(rises((half, 1.0), (0.1, 1.0)), "x-y")
    assert (share.estimate.value, share.estimate.low, share.estimate.high) == (0.75, 0.5, 0.75)
    assert share.where == "pair x-y"


def test_bending_is_the_second_difference_not_the_rise():
    straight, bent = rises((1.0, 2.0), (0.0, 0.1)), rises((0.0, 0.2), (0.4, 0.9))
    assert fig4.share_above(straight, "").estimate.value == 1.0
    assert fig4.share_bent(straight) == 0.0
    assert fig4.share_above(bent, "").estimate.value == 0.0
    assert fig4.share_bent(bent) == 1.0


def test_one_pair_without_special_directions_is_named():
    special, plain = rises((0.5, 2.0), (0.1, 0.2)), rises((0.1, 0.2), (0.5, 2.0))
    found = fig4.directions_found({"x-y": special, "x-z": plain})
    together, least, bent = (known_claims()["fig4"].criteria[name].criterion(seen) for name, seen in found.items())
    assert together.met is True
    assert together.seen.startswith("0.5")
    assert (least.met, least.essential) == (False, False)
    assert "pair x-z" in least.seen
    assert bent.met is True


def test_averaging_a_layer_is_told_apart_from_exchanging_it():
    excess = np.zeros((2, 3, 3))  # host, moving, alpha
    excess[:, 0] = 9.0
    excess[0, 1] = (0.0, 0.05, 4.0)
    excess[1, 2] = (0.0, 2.5, 0.0)
    found = {
        "loss_excess": (("host", "moving", "alpha"), excess),
        "alpha_at_loss_barrier": (("host", "moving"), np.array([0.0, 0.5, 1.0])[excess.argmax(axis=2)]),
    }
    coordinates = {"host": ["a", "b"], "moving": ["all", "one", "two"], "alpha": [0.0, 0.5, 1.0]}
    result = xr.Dataset(found, coordinates).assign_coords(sweep=("moving", ["full", "single", "single"]))
    words = fig4.midpoint_words(result, 0.1)
    assert "Of 4 cuts of single layers 1 are highest at alpha = 1" in words
    assert "Half-way 1 lie more than 0.1 nats" in words
    assert "the highest by 2.5 nats" in words


def along_steps(values):
    cells = np.zeros((2, 2, 3)) + np.array(values)[:, None, :]
    found = {f"loss_barrier{end}": (("step", "host", "moving"), cells) for end in ("", "_low", "_high")}
    coordinates = {"step": ["0ep", "9ep"], "host": ["a", "b"], "moving": ["all", "one", "two"]}
    return xr.Dataset(found, coordinates).assign_coords(sweep=("moving", ["full", "single", "single"]))


def test_a_barrier_on_the_way_is_found_although_the_end_has_none():
    result = along_steps([[9.0, 0.0, 0.3], [9.0, 0.01, 0.02]])
    found = largest_at_any_step(result)
    assert found.estimate.value == 0.3
    assert found.where == "two into a, 0ep"
    stated = known_claims()["pythia"].criteria["any_step"]
    assert (stated.criterion(found).met, stated.essential) == (False, True)
    fine = along_steps([[9.0, 0.0, 0.0], [9.0, 0.01, 0.02]])
    assert stated.criterion(largest_at_any_step(fine)).met is True


def test_recalibrated_barriers_are_counted_by_their_lower_ends():
    result = along_steps([[9.0, 0.3, 0.05], [0.0, 0.0, 0.0]]).isel(step=0)
    words = mobilenet.recalibrated_words(result, 0.1)
    assert "barrier of 9 nats" in words
    assert "has 0.3 nats, one into a" in words
    assert "2 of 4 cuts" in words
    wide = result.assign(loss_barrier_low=result.loss_barrier - 0.25)
    assert "0 of 4 cuts" in mobilenet.recalibrated_words(wide, 0.1)


def test_a_missing_checkpoint_is_named_with_what_to_put_there(tmp_path):
    (tmp_path / "pythia-70m" / "step0").mkdir(parents=True)
    with pytest.raises(InputError) as caught:
        pythia.trajectory(tmp_path, "pythia-70m", (0, 20_000), fetched=False)
    message = str(caught.value)
    assert str(tmp_path / "pythia-70m" / "step20000") in message
    assert "download EleutherAI/pythia-70m at revision step20000 into it" in message


def test_what_is_not_in_a_folder_is_fetched_only_where_that_is_asked_for(tmp_path):
    (tmp_path / "pythia-410m" / "step0").mkdir(parents=True)
    files = pythia.trajectory(tmp_path, "pythia-410m", (0, 20_000), fetched=True).files
    assert files[Step(0, "it")] == tmp_path / "pythia-410m" / "step0"
    assert str(files[Step(20_000, "it")]) == "hf:EleutherAI/pythia-410m@step20000"


def test_tiny_networks_differ_between_names_and_steps_and_are_the_same_each_time(tmp_path):
    def weights(root, name, step):
        return load_checkpoint(root / name / f"step{step}").weights["gpt_neox.embed_in.weight"].numpy().tobytes()

    for root in (tmp_path / "once", tmp_path / "again"):
        pythia.save_tiny_networks(root, ("x", "y"), (0, 1))
    found = [[weights(tmp_path / when, n, s) for n in "xy" for s in (0, 1)] for when in ("once", "again")]
    assert found[0] == found[1]
    assert len(set(found[0])) == 4


def test_bordered_images_are_the_images_in_the_middle_of_32_pixels(tmp_path):
    vgg11.save_bordered_images("fashion_mnist_small:train[0:3]", tmp_path / "new" / "clothes.npz")
    images, original = (load_examples(s) for s in (f"{tmp_path}/new/clothes.npz", "fashion_mnist_small:train[0:3]"))
    assert images.inputs.shape == (3, 1, 32, 32)
    assert (images.inputs[:, :, 2:-2, 2:-2] == original.inputs / 255).all()
    assert (images.inputs > 0).sum() == (original.inputs > 0).sum()
    assert images.targets.tolist() == original.targets.tolist()
