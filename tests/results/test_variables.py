"""Every variable of a result is declared once, by the name and over the dimensions that it has there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import xarray as xr

import isthmus
from isthmus.models.load import load_model
from isthmus.results import studies
from isthmus.results.variables import AXES, COORDINATES, DIMENSIONS, EARLIER, NUMBERS, VARIABLES

MODEL = "mlp:inputs=6,width=5,classes=3"
SOURCE = Path(isthmus.__file__).parent
OTHER_NAMES = {
    "experiments/claims/fig2.py": "pictures",
    "experiments/claims/fig5.py": "what a criterion is about",
    "experiments/claims/gpt.py": "what a criterion is about",
    "merging/record.py": "entries of merge.json",
    "results/estimates.py": "variables of studies too",
}
"""Where names are put together, of what."""


def weights(seed: int) -> dict[str, torch.Tensor]:
    """Random weights of the network."""
    random = torch.Generator().manual_seed(seed)
    return {key: torch.randn(tensor.shape, generator=random) for key, tensor in load_model(MODEL).state_dict().items()}


def data(seed: int, num_examples: int = 30) -> tuple[torch.Tensor, torch.Tensor]:
    """Random examples of three classes."""
    random = torch.Generator().manual_seed(seed)
    targets = torch.arange(num_examples) % 3
    return torch.randn(num_examples, 6, generator=random), targets


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[xr.Dataset]:
    """Measurements that have among them all that a result can hold."""
    a, b, splits = weights(0), weights(1), {"train": data(2), "test": data(3)}
    options: dict[str, Any] = {"engine": "direct"}
    every = isthmus.measure(MODEL, a, b, splits, sweep=["single", "pairs"], alphas=3, directions=2, **options)
    refined = isthmus.measure(MODEL, a, b, splits["test"], alphas="auto:0.02", baseline="chord", **options)
    drawn = isthmus.measure(
        MODEL, a, b, {"few": data(2), "many": data(4, 2000)}, precision=0.5, alphas=(0.5, 1.0), **options
    )
    root = tmp_path_factory.mktemp("trajectories")
    for number, name in enumerate("ab"):
        for step in range(2):
            isthmus.save_weights(weights(2 * number + step), root / name / f"{step}it.safetensors")
    several = isthmus.measure(MODEL, {"a": root / "a", "b": root / "b"}, None, splits, **options)
    return [every, isthmus.class_barriers(every), refined, drawn, isthmus.class_barriers(drawn), several]


def test_every_variable_of_a_measurement_is_declared_with_its_dimensions(results: list[xr.Dataset]) -> None:
    for result in results:
        for name, values in result.variables.items():
            own = VARIABLES[name].dimensions
            repeated = [dim for dim in values.dims if dim not in own]
            assert set(repeated) <= {"pair", "step", "split", "label"}, name
            assert [dim for dim in values.dims if dim in own] == list(own), name
            assert list(values.dims) == [dim for dim in DIMENSIONS if dim in values.dims], name


def test_coordinates_are_declared_as_such(results: list[xr.Dataset]) -> None:
    declared = {variable.name for variable in COORDINATES}
    for result in results:
        assert set(result.coords) <= declared
        assert not declared & set(result.data_vars)


def test_no_variable_is_declared_that_no_measurement_has(results: list[xr.Dataset]) -> None:
    seen = {name for result in results for name in result.variables}
    assert set(VARIABLES) - {variable.name for variable in EARLIER} == seen


def test_a_variable_is_declared_once_with_words_of_its_own() -> None:
    declared = [variable for variable in VARIABLES.values() if variable not in AXES]
    assert all(variable.words for variable in declared)
    assert len({variable.words for variable in declared}) == len(declared)
    assert len(VARIABLES) == len({variable.name for variable in VARIABLES.values()})


def test_what_stands_beside_a_number_has_its_dimensions() -> None:
    for number in NUMBERS.values():
        assert {VARIABLES[name].dimensions for name in number.beside.values()} == {number.dimensions}
        assert {VARIABLES[name].unit for name in (number.low, number.high)} == {number.unit}


def test_every_name_is_written_out_where_it_is_declared() -> None:
    source = (SOURCE / "results" / "variables.py").read_text(encoding="utf-8")
    for name in VARIABLES:
        assert source.count(f'"{name}"') >= 1, name


NAMES = {*VARIABLES, *(name for found in vars(studies).values() if isinstance(found, dict) for name in found)}


def glued(tree: ast.AST) -> Iterator[str]:
    """The pieces of every text put together in the code that can be the name of a variable."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else None for part in node.values]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            parts = [part.value if isinstance(part, ast.Constant) else None for part in (node.left, node.right)]
        else:
            continue
        texts = [part for part in parts if isinstance(part, str) and re.search(r"[a-z]", part) and "_" in part]
        pattern = "".join("[a-z_]*" if part is None else re.escape(str(part)) for part in parts)
        if texts and None in parts and any(re.fullmatch(pattern, name) for name in NAMES):
            yield ast.unparse(node)


def test_the_search_for_glued_names_finds_them() -> None:
    code = "f'{quantity}_barrier_low'; 'alpha_at_' + value; f'loss_{host}'; f'{name}.safetensors'; 'a' + 'b'; f'{name}'"
    assert list(glued(ast.parse(code))) == ["f'{quantity}_barrier_low'", "'alpha_at_' + value", "f'loss_{host}'"]


def test_no_name_is_glued_from_pieces() -> None:
    found = {}
    for file in sorted(SOURCE.rglob("*.py")):
        path = file.relative_to(SOURCE).as_posix()
        if not path.startswith(tuple(OTHER_NAMES)):
            found[path] = list(glued(ast.parse(file.read_text(encoding="utf-8"))))
    assert {path: names for path, names in found.items() if names} == {}
