"""Every claim that ships: whole at every scale, with recipes that can be read."""

import fnmatch
import pkgutil
import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from pydantic import ValidationError

from isthmus.data.load import load_examples
from isthmus.experiments import claims
from isthmus.experiments.reproduction.claim import load_claim, module_of
from isthmus.experiments.reproduction.federations import FEDERATIONS, shipped_federations
from isthmus.experiments.reproduction.recipes import RECIPES, TrainedNetworks, shipped_recipes
from isthmus.experiments.reproduction.registry import PROSE, chosen_claims, known_claims
from isthmus.experiments.reproduction.scale import Scale

CLAIMS = known_claims()
FILES = sorted(RECIPES.glob("*.toml"))
PACKAGE = RECIPES.parents[2]
OFFICIAL = Path(__file__).parents[3] / "shared" / "data"
SMALL_FEDERATIONS = [
    recipe
    for name in CLAIMS
    if (FEDERATIONS / f"{name}-small.toml").is_file()
    for recipe in shipped_federations(name, Scale.SMALL).values()
]
SMALL_DATA = sorted({
    spec for r in SMALL_FEDERATIONS for spec in (r.train, r.test, *((r.barriers.data,) if r.barriers else ()))
})


def test_figures_come_first_and_the_appendix_last():
    figures = [claim.figure for claim in CLAIMS.values()]
    assert figures == sorted(figures)
    assert next(iter(CLAIMS)) == "fig1"
    assert [claim.name for claim in chosen_claims(["fig3", "fig1", "fig3"])] == ["fig3", "fig1"]
    assert chosen_claims(["fig3", "all"]) == list(CLAIMS.values())


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_says_what_is_claimed_and_expected_and_its_time_and_departures_at_every_scale(name):
    claim = CLAIMS[name]
    assert claim.name == name
    assert len(claim.says) > 80
    assert len(claim.expected) > 40
    assert claim.paper_settings
    assert set(claim.times) == set(claim.departures) >= set(Scale) - {Scale.EVENING}
    assert claim.criteria


def test_every_claim_has_a_module_and_every_module_a_claim():
    found = pkgutil.walk_packages(claims.__path__, f"{claims.__name__}.")
    modules = {one.name.rpartition(".")[2]: one.name for one in found if not one.ispkg}
    assert modules == {name: module_of(name) for name in CLAIMS}
    assert all(callable(import_module(module).run) for module in modules.values())


def test_what_is_stated_at_one_scale_only_or_in_unknown_fields_is_refused(tmp_path):
    text = (PROSE / "fig3.toml").read_text(encoding="utf-8")
    for wrong in (text.replace('paper = "2 s"', ""), text.replace("says =", "sais ="), text + "certain = true\n"):
        assert wrong != text
        (tmp_path / "fig3.toml").write_text(wrong, encoding="utf-8")
        with pytest.raises(ValidationError):
            load_claim(tmp_path / "fig3.toml")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_recipe_can_be_read_and_belongs_to_a_claim_and_says_command_and_time(file):
    name, _, scale = file.stem.rpartition("-")
    assert name in CLAIMS
    recipes = shipped_recipes(name, Scale(scale))
    networks = TrainedNetworks(Path("networks"), recipes)
    assert len(networks.names) == len(set(networks.names))
    for a, b in networks.pairs:
        assert {a, b} <= set(networks.names)
    head = file.read_text(encoding="utf-8").split("\n\n")[0]
    assert f"isthmus reproduce {name} --scale {scale}" in head
    assert re.search(r"Time: [^.]*(second|minute|hour|not run)", head)
    assert re.search(r"Expect: \w", head)
    assert "see docs" not in head


def test_a_claim_with_a_recipe_has_one_at_each_of_its_scales_or_at_scale_paper_alone():
    found = {file.stem for file in FILES}
    for name in {stem.rpartition("-")[0] for stem in found}:
        scales = {scale for scale in Scale if f"{name}-{scale}" in found}
        own = set(CLAIMS[name].scales)
        assert scales in ({Scale.PAPER}, own, own - {Scale.EVENING}), name  # an evening may borrow all of its networks


def test_smoke_needs_no_data_that_does_not_ship():
    for file in FILES:
        if file.stem.endswith("-smoke"):
            data = tomllib.loads(file.read_text(encoding="utf-8"))["data"]
            assert data.startswith(("digits", "fashion_mnist_small", "shakespeare_small")), file.name


@pytest.mark.parametrize("name", sorted({file.stem.rpartition("-")[0] for file in FEDERATIONS.iterdir()}))
def test_a_claim_of_federations_has_them_at_every_scale_and_smoke_needs_no_data_that_does_not_ship(name):
    assert name in CLAIMS
    for scale in CLAIMS[name].scales:
        found = shipped_federations(name, scale)
        for recipe in found.values():
            assert {"all", "none", "barrier"} <= {rule.shown for rule in recipe.rules}
            assert scale != Scale.SMOKE or recipe.train.startswith("digits")
        head = (FEDERATIONS / f"{name}-{scale}.toml").read_text(encoding="utf-8").split("\n\n")[0]
        assert f"isthmus reproduce {name} --scale {scale}" in head
        assert re.search(r"Time: [^.]*(second|minute|hour|not run)", head)


@pytest.mark.skipif(not OFFICIAL.is_dir(), reason="the official sets do not lie beside this checkout")
@pytest.mark.parametrize("spec", SMALL_DATA)
def test_what_scale_small_names_is_in_the_data_that_we_have(spec):
    examples = load_examples(spec, data_root=OFFICIAL)
    start, _, stop = spec.partition("[")[2].partition("]")[0].partition(":")
    assert not stop or len(examples) == int(stop) - int(start)


def test_recipes_and_prose_are_shipped_with_the_package():
    pyproject = tomllib.loads((PACKAGE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = pyproject["tool"]["setuptools"]["package-data"]["isthmus"]
    for file in [*FILES, *FEDERATIONS.iterdir(), *PROSE.iterdir()]:
        assert any(fnmatch.fnmatch(str(file.relative_to(PACKAGE)), pattern) for pattern in patterns), file
