"""The documents: links lead somewhere, the program takes the commands, Python runs, references are of today's code."""

import importlib.util
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import matplotlib as mpl
import pytest
import typer
from cases import CASES
from programs import program

import isthmus
from isthmus.cli.main import app
from isthmus.federated.recipe import FederatedRecipe
from isthmus.models.load import load_model
from isthmus.training.recipe.recipe import NetworkRecipe

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = {page.relative_to(ROOT).as_posix(): page for page in [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]}
MADE = {"docs/reference/commands.md"}  # by the site
MAKERS = ("concepts", "reference")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as GitHub and the site make them where they agree."""
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text_of(page), flags=re.M | re.S), flags=re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def dead_links(page: Path, text: str) -> list[str]:
    dead = []
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(text)):
        path, _, anchor = link.partition("#")
        if path.startswith(("https://", "http://")):
            continue
        file = page if not path else Path(os.path.normpath(page.parent / path))
        if file.is_relative_to(ROOT) and file.relative_to(ROOT).as_posix() in MADE:
            continue
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            dead.append(link)
    return dead


@pytest.mark.parametrize("name", PAGES)
def test_every_link_to_a_file_or_a_heading_leads_there(name: str) -> None:
    assert dead_links(PAGES[name], text_of(PAGES[name])) == []


def test_the_search_for_dead_links_finds_them() -> None:
    text = "[a](data.md) [b](no.md) [c](data.md#arrays) [d](data.md#no) [e](https://x.org) ![f](no.svg) `[g](no)`"
    assert dead_links(DOCS / "index.md", text) == ["no.md", "data.md#no", "no.svg"]


def commands(page: Path) -> list[str]:
    blocks = re.findall(r"^```(?:bash|sh)?\n(.*?)^```", text_of(page), flags=re.MULTILINE | re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [line for line in lines if line.startswith("isthmus ") and "..." not in line]


@pytest.mark.parametrize("name", [name for name, page in PAGES.items() if commands(page)])
def test_every_command_is_one_that_the_program_takes(name: str) -> None:
    parsers = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for command in commands(PAGES[name]):
        _, command_name, *arguments = shlex.split(command, comments=True)
        assert parsers[command_name].make_context(command_name, arguments).params is not None, command


def test_the_python_of_the_site_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mpl.use("agg")
    case = CASES[3]
    for seed, name in enumerate("ab"):
        isthmus.save_weights(case.weights(seed), tmp_path / f"{name}.safetensors")
    inputs, targets = case.data()
    for page in ("index.md", "python.md"):
        names = {"model": load_model("resnet18_no_norm:width=2"), "inputs": inputs, "targets": targets}
        blocks = re.findall(r"```python\n(.*?)```", text_of(DOCS / page), flags=re.DOTALL)
        assert blocks
        for block in blocks:
            exec(block, names)


def test_pages_and_pictures_that_a_program_makes_are_those_it_makes_today() -> None:
    reference, concepts = (program(name) for name in ("reference", "concepts"))
    assert text_of(reference.RECIPES) == reference.recipes_page(), "run python examples/reference.py"
    for file, picture in concepts.pictures().items():
        assert text_of(concepts.PICTURES / file) == picture, "run python examples/concepts.py"


def test_every_field_of_a_recipe_has_its_meaning() -> None:
    reference = program("reference")
    for model in (NetworkRecipe, FederatedRecipe):
        for row in list(reference.field_rows(model))[2:]:
            assert row.strip("| ").split(" | ")[-1].strip(), row
        assert set(model.model_fields) == {row.split("`")[1] for row in list(reference.field_rows(model))[2:]}


def test_the_page_of_commands_has_every_command_and_option() -> None:
    page = program("reference").commands_page()
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        section = page.split(f"\n## isthmus {name}\n")[1].split("\n## ")[0]
        options = [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
        assert all(f"`{option}" in section or f"/{option}" in section for option in options), name


def test_the_reference_of_python_has_every_name() -> None:
    named = set(re.findall(r"^::: isthmus\.(\w+)$", text_of(DOCS / "reference" / "api.md"), flags=re.MULTILINE))
    assert named == set(isthmus.__all__)


def test_every_page_is_in_the_contents() -> None:
    contents = set(re.findall(r"(\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), flags=re.MULTILINE))
    there = {name.removeprefix("docs/") for name in PAGES if name.startswith("docs/")} | {"reference/commands.md"}
    left_out = {name for name in there - contents if not name.startswith("reproduction/")}
    assert left_out == set()
    assert contents - there == {"reproduction/*.md"}


def test_versions_of_the_extras_are_pinned() -> None:
    """An environment made with the constraints gets what the site and the notebooks were tried with."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    pinned = set(
        re.findall(r"^([\w.-]+)==", (ROOT / "constraints.txt").read_text(encoding="utf-8"), flags=re.MULTILINE)
    )
    asked = {re.split(r"[\[<>=]", one)[0] for extra in ("docs", "notebooks") for one in extras[extra]}
    assert {name.lower() for name in asked} <= {name.lower() for name in pinned}


@pytest.mark.skipif(importlib.util.find_spec("mkdocstrings") is None, reason="needs the extra docs")
@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Go on with the run" in (tmp_path / "site" / "reference" / "api.html").read_text(encoding="utf-8")
