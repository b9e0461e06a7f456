"""Seeds: three sources of chance that do not touch one another."""

import functools

import torch

from isthmus.models.load import load_model
from isthmus.training.initial import make_initial_model
from isthmus.training.seeds import Seeds

build = functools.partial(load_model, "cnn:width=2,channels=1")


def first_weights(seeds):
    return make_initial_model(build, seeds).state_dict()["conv1.weight"]


def test_initial_weights_depend_on_the_initialisation_seed_alone():
    assert torch.equal(first_weights(Seeds(0, 1, 2)), first_weights(Seeds(0, 3, 4)))
    assert not torch.equal(first_weights(Seeds(0)), first_weights(Seeds(1)))


def test_initial_weights_do_not_depend_on_the_random_state_nor_change_it():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        first = first_weights(Seeds(0))
        torch.manual_seed(2)
        before = torch.random.get_rng_state()
        second = first_weights(Seeds(0))
        assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(first, second)


def test_equal_seeds_of_different_sources_give_different_streams():
    seeds = Seeds(7, 7, 7)
    assert len({seeds.stream(source) for source in ("initialisation", "order", "augmentation")}) == 3


def test_a_stream_is_the_same_in_every_process():
    assert Seeds(order=0).stream("order") == 2_774_440_215_086_976_078  # the first 63 bits of SHA-256 of "order:0"


def test_every_place_in_the_training_has_a_stream_of_its_own():
    seeds = Seeds(order=4)
    streams = [seeds.stream("order"), *(seeds.stream("order", epoch) for epoch in range(100))]
    assert len(set(streams)) == 101
    assert streams[3] == Seeds(order=4, initialisation=1, augmentation=1).stream("order", 2)
