"""Batches of several tensors: what is split is joined again, and the order of a dict means nothing."""

import pytest
import torch

from isthmus.data.examples import Examples
from isthmus.trees import arguments, is_tree, join_trees, named_tensors, take_rows, tensors, tidy

BATCH = {"ids": torch.arange(12).view(4, 3), "pair": (torch.arange(4.0), torch.ones(4, 2, dtype=torch.bool))}


def test_rows_of_a_batch_join_to_the_batch():
    again = join_trees([take_rows(BATCH, slice(0, 1)), take_rows(BATCH, slice(1, 4))])
    assert again.keys() == BATCH.keys()
    assert all(torch.equal(x, y) for x, y in zip(tensors(again), tensors(BATCH), strict=True))
    assert take_rows(BATCH, torch.tensor([2]))["pair"][0].tolist() == [2.0]


def test_trees_of_two_forms_are_not_joined():
    with pytest.raises(ValueError, match="different forms"):
        join_trees([BATCH, {"ids": BATCH["ids"]}])


def test_a_dict_goes_by_keyword_and_a_tuple_by_position():
    assert arguments({"x": 1, "y": None}) == ((), {"x": 1})
    assert arguments((1, 2)) == ((1, 2), {})


def test_what_is_none_is_left_out_and_other_mappings_become_dicts():
    from collections import UserDict

    assert tidy(UserDict(x=BATCH["ids"], y=None)).keys() == {"x"}
    assert not is_tree({"x": None})
    assert not is_tree({"x": "text"})
    assert not is_tree([])


def test_the_hash_of_examples_depends_on_names_and_values_and_not_on_the_order_of_a_dict():
    targets = torch.zeros(4, dtype=torch.long)

    def hash_of(inputs):
        return Examples(inputs, targets, "own", "data").content_hash

    turned = dict(reversed(BATCH.items()))
    assert hash_of(BATCH) == hash_of(turned)
    renamed = {"tokens": BATCH["ids"], "pair": BATCH["pair"]}
    changed = {**BATCH, "ids": BATCH["ids"] + 1}
    assert len({hash_of(BATCH), hash_of(renamed), hash_of(changed), hash_of(BATCH["ids"])}) == 4
    assert list(named_tensors(BATCH)) == ["ids", "pair.0", "pair.1"]
