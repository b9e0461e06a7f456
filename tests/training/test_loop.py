"""The training loop: it learns, repeats itself to the bit, goes on where it stopped, and stops when it diverges."""

import functools
import math

import pytest
import torch
from tiny_training import dark_and_light, network, recipe_of, same, step, trained, with_seeds
from torch import nn

from isthmus.data.examples import Examples
from isthmus.errors import InputError, UnknownNameError
from isthmus.models.load import load_model
from isthmus.training.arithmetic import forward_of, has_unsafe_gradients
from isthmus.training.initial import make_initial_model
from isthmus.training.loop import train
from isthmus.training.recipe.augmentation_settings import Crop, Flip, Mixup, RandAugment
from isthmus.training.recipe.optimizer_settings import AdamW, Sam, Sgd
from isthmus.training.recipe.schedule import Constant, Cosine
from isthmus.training.seeds import Seeds

EVERYTHING = (Crop(padding=1), Flip(), RandAugment(), Mixup())
RULES = {
    "sgd": Sgd(learning_rate=0.1, momentum=0.9, weight_decay=1e-3),
    "nesterov": Sgd(learning_rate=0.1, momentum=0.9, nesterov=True),
    "adamw": AdamW(learning_rate=0.01, weight_decay=0.1),
    "sam": Sam(learning_rate=0.1, momentum=0.9, rho=0.1),
}


def normed_network():
    return nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Dropout(0.2), nn.Linear(12, 2)
    )


def test_the_same_seeds_give_the_same_bits():
    first, second = (trained(with_seeds(1, 2, 3, augmentations=EVERYTHING)) for _ in range(2))
    assert same(first, second)
    assert first.losses == second.losses


@pytest.mark.parametrize("seeds", [(0, 2, 3), (1, 0, 3), (1, 2, 0)], ids=str)
def test_every_seed_matters_alone(seeds):
    assert not same(trained(with_seeds(*seeds)), trained(with_seeds(1, 2, 3)))


@pytest.mark.parametrize("augmentation", EVERYTHING, ids=lambda settings: settings.name)
def test_without_dropout_the_augmentation_seed_matters_only_where_there_is_augmentation(augmentation):
    def plain():
        return nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 2))

    assert same(*(trained(with_seeds(1, 2, seed), plain) for seed in (3, 4)))
    assert not same(*(trained(with_seeds(1, 2, seed, augmentations=(augmentation,)), plain) for seed in (3, 4)))


def test_training_neither_reads_nor_changes_the_random_state():
    results = []
    with torch.random.fork_rng(devices=[]):
        for seed in (1, 2):
            torch.manual_seed(seed)
            before = torch.random.get_rng_state()
            results.append(trained(recipe_of(augmentations=EVERYTHING)))
            assert torch.equal(torch.random.get_rng_state(), before)
    assert same(*results)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("parted_at", ["0ep", "1it", "6it", "2ep", "17it"])
def test_training_in_parts_is_training_at_once_to_the_bit(rule, parted_at):
    recipe = with_seeds(
        1, 2, 3, optimizer=RULES[rule], checkpoints=("1it", "6it", "2ep", "17it"), augmentations=EVERYTHING
    )
    states = {}
    whole = trained(recipe, normed_network, keep=lambda step, state: states.update({str(step): state}))
    assert list(states) == ["0ep", "1it", "6it", "2ep", "17it", "3ep"]
    other_model = make_initial_model(normed_network, Seeds(initialisation=99))
    rest = train(other_model, dark_and_light(), recipe, start=states[parted_at])
    assert same(whole, rest)
    assert whole.losses == rest.losses


def test_states_do_not_move_when_training_goes_on():
    states, copies = [], []

    def keep(_, state):
        states.append(state)
        copies.append([t.clone() for t in (*state.weights.values(), *state.optimizer.values(), state.losses)])

    trained(recipe_of(checkpoint_every="4it"), normed_network, keep=keep)
    assert len(states) == 1 + 18 // 4 + 1
    for state, copy in zip(states, copies, strict=True):
        kept = (*state.weights.values(), *state.optimizer.values(), state.losses)
        assert all(torch.equal(tensor, before) for tensor, before in zip(kept, copy, strict=True))
    for key in ("0.weight", "1.running_mean"):
        assert len({state.weights[key].data_ptr() for state in states}) == len(states)
        assert not torch.equal(states[0].weights[key], states[-1].weights[key])


def test_the_first_state_is_the_initialisation_and_the_last_one_the_result():
    states = []
    initial = make_initial_model(network, Seeds()).state_dict()
    result = trained(keep=lambda step, state: states.append((str(step), state)))
    assert [name for name, _ in states] == ["0ep", "3ep"]
    assert all(torch.equal(states[0][1].weights[key], initial[key]) for key in initial)
    assert all(torch.equal(states[-1][1].weights[key], result.weights[key]) for key in initial)


def test_training_learns_and_reports_every_epoch():
    told = []
    recipe = recipe_of(length="12ep")
    result = trained(recipe, progress=lambda step, loss: told.append((str(step), loss)))
    assert told == [(f"{epoch}ep", loss) for epoch, loss in enumerate(result.losses, start=1)]
    assert len(told) == 12
    assert result.losses[-1] < 0.1 < 0.5 < result.losses[0]


def test_a_length_in_iterations_may_end_within_an_epoch():
    told = []
    result = trained(recipe_of(length="8it"), progress=lambda step, loss: told.append(str(step)))
    assert told == ["1ep", "8it"]
    assert len(result.losses) == 2


def test_the_loop_is_momentum_descent_written_out_by_hand():
    recipe = recipe_of(
        length="2ep",
        batch_size=16,
        optimizer=Sgd(learning_rate=0.5, momentum=0.8, weight_decay=0.1),
        schedule=Cosine(warmup=step("2it")),
        clip_norm=0.3,
    )
    examples = dark_and_light()
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    weights = {key: tensor.detach().clone() for key, tensor in model.state_dict().items()}
    velocity = {key: torch.zeros_like(tensor) for key, tensor in weights.items()}
    rates = [0.25, 0.5, *(0.25 * (1 + math.cos(math.pi * t / 4)) for t in range(4))]
    lengths = []
    for epoch in range(2):
        generator = torch.Generator().manual_seed(Seeds().stream("order", epoch))
        order = torch.randperm(44, generator=generator)
        for start in (0, 16, 32):
            chosen = order[start : start + 16]
            moving = {key: tensor.clone().requires_grad_() for key, tensor in weights.items()}
            outputs = torch.func.functional_call(model, moving, (examples.inputs[chosen] / 255 - 0.5) / 0.25)
            loss = -outputs.log_softmax(1)[torch.arange(len(chosen)), examples.targets[chosen]].mean()
            gradients = dict(zip(moving, torch.autograd.grad(loss, list(moving.values())), strict=True))
            lengths.append(float(sum(gradient.square().sum() for gradient in gradients.values()).sqrt()))
            rate = rates.pop(0)
            for key, gradient in gradients.items():
                clipped = gradient * min(1.0, 0.3 / lengths[-1])
                velocity[key] = 0.8 * velocity[key] + clipped + 0.1 * weights[key]
                weights[key] = weights[key] - rate * velocity[key]
    assert min(lengths) < 0.3 < max(lengths), "the gradient is to be cut in some steps and left alone in others"
    result = train(model, examples, recipe)
    for key, tensor in weights.items():
        torch.testing.assert_close(result.weights[key], tensor, rtol=1e-4, atol=1e-5)


def test_every_example_is_seen_once_an_epoch_and_in_another_order_the_next():
    seen = []

    class Watching(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(2))

        def forward(self, inputs):
            if self.training:
                seen.extend(inputs.view(-1).tolist())
            return inputs.view(-1, 1) * self.scale

    examples = dark_and_light()
    numbers = type(examples)(torch.arange(44.0).view(44, 1), examples.targets, "numbers", "train")
    trained(recipe_of(length="2ep"), Watching, numbers)
    first, second = seen[:44], seen[44:]
    assert sorted(first) == sorted(second) == list(range(44))
    assert first != second


def test_the_loss_of_an_epoch_counts_every_example_once_though_the_last_batch_is_smaller():
    recipe = recipe_of(length="1ep", batch_size=40, optimizer=Sgd(learning_rate=1e-12))
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    examples = dark_and_light()
    inputs, targets = examples.batch(0, 44, torch.device("cpu"), torch.float32)
    expected = float(nn.functional.cross_entropy(model(inputs), targets).detach())
    assert train(model, examples, recipe).losses[0] == pytest.approx(expected, rel=1e-5)


def test_the_weights_returned_do_not_move_when_training_goes_on():
    model = make_initial_model(network, Seeds())
    first = train(model, dark_and_light(), recipe_of()).weights
    kept = {key: tensor.clone() for key, tensor in first.items()}
    train(model, dark_and_light(), recipe_of())
    assert all(torch.equal(first[key], kept[key]) for key in kept)


def test_examples_are_left_as_they_were():
    examples = dark_and_light()
    trained(recipe_of(augmentations=EVERYTHING), examples=examples)
    assert torch.equal(examples.inputs, dark_and_light().inputs)


def test_a_loss_that_is_not_finite_stops_the_training_and_names_iteration_and_checkpoint():
    wild = recipe_of(
        length="4ep",
        optimizer=Sgd(learning_rate=1e38),
        schedule=Constant(),
        clip_norm=1e3,
        checkpoints=("1it",),
    )
    with pytest.raises(InputError) as caught:
        trained(wild)
    assert "expected a finite training loss" in str(caught.value)
    assert "in iteration 2 (mini-batch 2 of epoch 1); no checkpoint was kept" in caught.value.got
    assert "lower optimizer.learning_rate" in caught.value.remedy
    kept = []
    with pytest.raises(InputError, match="the last good checkpoint is 1it"):
        trained(wild, keep=lambda step, state: kept.append(str(step)))
    assert kept == ["0ep", "1it"]


def test_weights_that_are_not_finite_are_never_kept():
    kept = []
    recipe = recipe_of(optimizer=Sgd(learning_rate=3e38), schedule=Constant(), clip_norm=None, checkpoints=("1it",))
    with pytest.raises(InputError, match="weights that are not, after iteration 1; the last good checkpoint is 0ep"):
        trained(recipe, loss=lambda outputs, _: 100 * outputs.sum(1), keep=lambda step, _: kept.append(str(step)))
    assert kept == ["0ep"]


@pytest.mark.parametrize("dtype", ["float64", "bfloat16", "tf32"])
def test_other_types_train_the_same_network_up_to_rounding(dtype):
    full, reduced = trained(), trained(recipe_of(dtype=dtype))
    kept = torch.float64 if dtype == "float64" else torch.float32
    assert {tensor.dtype for tensor in reduced.weights.values()} == {kept}
    assert all((full.weights[key] - reduced.weights[key]).abs().max() < 0.05 for key in full.weights)
    assert same(full, reduced) == (dtype == "tf32"), "a processor has no TF32"


def test_a_compiled_network_trains_as_the_plain_one_up_to_rounding():
    def plain():
        return nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 2))

    one, other = (trained(recipe_of(compile=compiled), plain) for compiled in (False, True))
    for key, tensor in one.weights.items():
        torch.testing.assert_close(other.weights[key], tensor, rtol=1e-3, atol=1e-4)
    assert other.losses == pytest.approx(one.losses, rel=1e-3)


@pytest.mark.parametrize(
    ("capability", "width", "unsafe"),
    [("AVX2", 4, True), ("DEFAULT", 2, True), ("AVX2", 8, False), ("AVX512", 4, False), ("AVX512_BF16", 2, False)],
)
def test_narrow_steps_of_one_pixel_are_not_trained_channels_last_without_avx512(capability, width, unsafe, monkeypatch):
    monkeypatch.setattr("torch.backends.cpu.get_cpu_capability", lambda: capability)
    model, device = load_model(f"resnet18:width={width}"), torch.device("cpu")
    assert has_unsafe_gradients(model, device) is unsafe
    forward_of(model, recipe_of(channels_last=True), device)
    assert model.conv1.weight.is_contiguous(memory_format=torch.channels_last) is not unsafe


def test_channels_last_trains_the_same_network_up_to_rounding():
    full, last = trained(), trained(recipe_of(channels_last=True))
    for key, tensor in full.weights.items():
        torch.testing.assert_close(last.weights[key], tensor, rtol=1e-3, atol=1e-4)


def test_a_network_that_does_not_fit_the_data_is_refused_before_training():
    with pytest.raises(InputError, match="a network that runs on the data"):
        trained(build=lambda: nn.Linear(3, 2))
    with pytest.raises(InputError, match="binary_cross_entropy for one or several"):
        trained(build=lambda: nn.Sequential(nn.Flatten(), nn.Linear(16, 1)))
    with pytest.raises(UnknownNameError, match="a loss"):
        trained(recipe_of(loss="hinge"))


def test_training_examples_with_missing_inputs_are_refused_before_training():
    inputs = torch.randn(44, 1, 4, 4)
    inputs[40, 0, 1, 1] = float("nan")
    with pytest.raises(InputError, match=r"in 1 of 44 examples, the first is number 40(.|\n)*where grey"):
        trained(examples=Examples(inputs, torch.arange(44) % 2, "grey", "train"))


def test_a_loss_of_ones_own_is_minimised():
    def confidence(outputs, targets):
        return outputs.square().sum(1) + 0 * targets

    result = trained(recipe_of(length="30ep"), loss=confidence)
    assert result.losses[-1] < 0.05 < result.losses[0]


def test_training_the_registered_network_of_the_demo_repeats_itself():
    build = functools.partial(load_model, "cnn:width=2,classes=2,channels=1")
    assert same(*(trained(build=build) for _ in range(2)))
