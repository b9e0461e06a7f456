"""Layers by rounds, against numbers worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest
from federated_tables import LAYERS, made_federation

from isthmus.federated.results.layer_maps import averaging_shares, largest_barriers

FEDERATION = made_federation(lambda *_: 0.5, rules=("all", "none", "barrier"), seeds=(0, 1))


def test_the_largest_barrier_over_pairs_stands_in_the_order_of_layers_and_rounds() -> None:
    found = largest_barriers(FEDERATION, "barrier")
    assert (tuple(found.index), list(found.columns)) == (LAYERS, [1, 2])
    expected = [[0.3 * place / number + 0.03 for number in (1, 2)] for place in range(4)]
    assert found.to_numpy() == pytest.approx(np.array(expected))
    assert largest_barriers(FEDERATION, "all").shape == (4, 0)


def test_a_pair_without_a_number_leaves_its_cell_without_one() -> None:
    barriers = FEDERATION.barriers.copy()
    place = {"seed": 1, "round": 2, "host": 3, "layer": "fc"}
    barriers.loc[np.logical_and.reduce([barriers[k] == v for k, v in place.items()]), "loss_barrier"] = np.nan
    found = largest_barriers(replace(FEDERATION, barriers=barriers), "barrier")
    assert np.argwhere(found.isna().to_numpy()).tolist() == [[3, 1]]


def test_the_share_counts_clients_that_average_a_layer() -> None:
    # Clients 0 to 3 average 1, 2, 1, 2 layers in the first round, 2, 3, 2, 3 in the second.
    assert averaging_shares(FEDERATION, "barrier").to_numpy().tolist() == [[1, 1], [0.5, 1], [0, 0.5], [0, 0]]
    assert averaging_shares(FEDERATION, "all").to_numpy().tolist() == [[1, 1]] * 4
    assert averaging_shares(FEDERATION, "none").to_numpy().tolist() == [[0, 0]] * 4
