"""The page of the theorem says what the command measures."""

import re
from pathlib import Path

import isthmus
from isthmus.models.load import load_model
from isthmus.questions.theorem.example import DiagonalExample
from isthmus.questions.theorem.pairs import measure_cuts
from isthmus.questions.theorem.reading import cuts_reading, diagonal_reading
from isthmus.questions.theorem.study import measure_paths

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "theorem.md").read_text(encoding="utf-8")
FLAT = " ".join(PAGE.split())


def test_the_readings_of_the_page_are_those_of_the_numbers():
    paths = diagonal_reading(measure_paths(DiagonalExample(), alphas=3))
    assert paths.partition(" Closed forms")[0] in FLAT
    assert cuts_reading(measure_cuts()) in FLAT


def test_the_pictures_of_the_page_are_there_and_small():
    names = re.findall(r"\]\((pictures/[^)]+)\)", PAGE)
    assert len(names) == 2
    assert all(0 < (DOCS / name).stat().st_size < 300_000 for name in names)


def test_the_python_of_the_page_runs():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    (spec,) = re.findall(r"`--model ([^`]+)`", PAGE)
    model = load_model(spec)
    names = {"isthmus": isthmus, "model": model, "data": "digits:test[0:20]"}
    names |= {name: load_model(spec).state_dict() for name in "ab"}
    names["b"] = {key: tensor + 1 for key, tensor in names["b"].items()}
    exec(code, names)
    assert isthmus.last_layer_convexity(names["result"]).attrs["applies"] == 1
