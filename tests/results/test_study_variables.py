"""Every variable of a study or an answer is declared once, by the name and over the dimensions that it has there."""

from pathlib import Path

import pytest
import torch
from cases import CASES

import isthmus
from isthmus.questions.attribution import study as attribution
from isthmus.questions.clients.costs import layer_set_costs
from isthmus.questions.theorem.example import DiagonalExample
from isthmus.questions.theorem.pairs import measure_cuts
from isthmus.questions.theorem.study import measure_paths
from isthmus.results import studies
from isthmus.results.variables import NATS, NUMBER, TEXT, Number, with_dimensions

MLP = CASES[0]
A, B, C = (MLP.weights(seed) for seed in range(3))
DATA = MLP.data(12)
DECLARED = {
    name: declared
    for name, declared in vars(studies).items()
    if name.isupper() and isinstance(declared, dict) and name != "STUDIES"
}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    root = tmp_path_factory.mktemp("trainings")
    for name, ends in (("a", (C, A)), ("b", (C, B))):
        for number, weights in enumerate(ends):
            isthmus.save_weights(weights, root / name / f"{number}ep.safetensors")
    options = {"engine": "direct"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attribution, "MOST_EXACT", 1)
        drawn = isthmus.attribution(MLP.build, A, B, DATA, num_orders=16)
    pairs = isthmus.measure(MLP.build, A, B, DATA, sweep=["single", "pairs"], alphas=5, **options)
    several = isthmus.measure(MLP.build, A, B, {"x": DATA, "y": DATA}, sweep=["single", "pairs"], **options)
    splits = {"own_a": DATA, "own_b": DATA, "test": DATA}
    clients = isthmus.measure(MLP.build, A, B, splits, sweep=["single", "subsets:given:hidden1+fc"], **options)
    return {
        "ATTRIBUTION": [isthmus.attribution(MLP.build, A, B, DATA), drawn],
        "INTERACTIONS": [isthmus.interactions(pairs), isthmus.interactions(several)],
        "CURVATURE": [isthmus.curvature(MLP.build, A, B, DATA, num_probes=1)],
        "NOISE": [isthmus.subspace_noise(MLP.build, root / "a", root / "b", DATA, num_draws=1)],
        "SIMILARITY": [isthmus.similarity(MLP.build, A, B, DATA, initial_a=C, initial_b=C)],
        "CONVEXITY": [isthmus.convexity(pairs)],
        "CLIENT_COSTS": [layer_set_costs(clients)],
        "THEOREM_PATHS": [measure_paths(DiagonalExample(), alphas=3)],
        "THEOREM_CUTS": [measure_cuts(num_pairs=1)],
    }


def test_every_variable_is_declared_over_its_dimensions_and_none_besides(found):
    assert set(found) == set(DECLARED)
    for study, answers in found.items():
        for answer in answers:
            for name, values in answer.variables.items():
                own = [dim for dim in values.dims if dim != "split" or name == "split"]
                assert own == list(DECLARED[study][name].dimensions), (study, name)
        assert {name for answer in answers for name in answer.variables} == set(DECLARED[study]), study


def test_studies_say_their_words_and_units_as_results_do(found):
    for study in ("ATTRIBUTION", "CURVATURE", "NOISE", "SIMILARITY", "CONVEXITY"):
        for name, values in found[study][0].variables.items():
            declared = DECLARED[study][name]
            unit = {NATS: "nats", NUMBER: None, TEXT: None}.get(declared.unit, declared.unit)
            assert (values.attrs["long_name"], values.attrs.get("units")) == (declared.words, unit), name


def test_every_name_is_written_out_once_in_a_declaration_with_words_of_its_own():
    source = Path(studies.__file__).read_text(encoding="utf-8")
    for study, declared in DECLARED.items():
        assert all(f'"{name}"' in source or f'_axis("{name}"' in source for name in declared), study
        axes = [variable for variable in declared.values() if variable.dimensions == (variable.name,)]
        others = [variable.words for variable in declared.values() if variable not in axes]
        assert all(variable.words for variable in declared.values()), study
        assert len(set(others)) == len(others), study


def test_what_stands_beside_a_number_is_declared_with_it():
    for declared in DECLARED.values():
        for number in (variable for variable in declared.values() if isinstance(variable, Number)):
            assert {declared[name].dimensions for name in number.beside.values()} == {number.dimensions}


def test_a_variable_that_is_not_declared_cannot_be_made():
    with pytest.raises(KeyError, match="shaply"):
        with_dimensions({"shaply": torch.zeros(2)}, studies.ATTRIBUTION)
