"""What a release is made of: shipped files, who is cited, the version, extras, the deployment's files."""

import fnmatch
import re
import tomllib
from pathlib import Path

import pytest

import isthmus
from isthmus.federated.file import load_federated_recipe

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "isthmus"
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = SETTINGS["project"]
FLOWER = ROOT / "examples" / "flower"
RAY = ROOT / "examples" / "ray" / "compose.yaml"


def test_every_file_of_the_package_that_is_no_code_is_shipped() -> None:
    patterns = SETTINGS["tool"]["setuptools"]["package-data"]["isthmus"]
    files = [file.relative_to(SOURCE).as_posix() for file in SOURCE.rglob("*") if file.is_file()]
    beside = [name for name in files if not name.endswith((".py", ".pyc"))]
    assert len(beside) > 20
    assert [name for name in beside if not any(fnmatch.fnmatch(name, pattern) for pattern in patterns)] == []


def test_the_version_is_one_wherever_it_stands() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    (cited,) = re.findall(r"^version: (\S+)$", citation, flags=re.MULTILINE)
    newest = re.findall(r"^## (\S+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[0]
    assert PROJECT["version"] == cited == newest == isthmus.__version__


def test_who_made_it_is_said_alike() -> None:
    (author,) = PROJECT["authors"]
    assert f"name: {author['name']}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert author["name"].lower() in (ROOT / "NOTICE").read_text(encoding="utf-8").lower()


def test_the_start_page_lists_every_extra_with_its_weight() -> None:
    page = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| (.+?) \|$", page, flags=re.MULTILINE))
    assert set(rows) == set(PROJECT["optional-dependencies"])
    assert all(re.fullmatch(r"\d+ packages.*, \d+ MB", weight) for weight in rows.values())


def test_the_image_copies_what_there_is_and_installs_nothing_unpinned() -> None:
    image = (FLOWER / "Dockerfile").read_text(encoding="utf-8")
    copied = [name for line in re.findall(r"^COPY (.+) \S+$", image, flags=re.MULTILINE) for name in line.split()]
    assert copied
    let_in = re.findall(
        r"^!(\S+)$", (FLOWER / "Dockerfile.dockerignore").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert set(copied) == set(let_in)
    assert all((ROOT / name).exists() for name in copied)
    assert all("--constraint constraints.txt" in line for line in image.splitlines() if "pip install" in line)


def test_the_containers_start_a_recipe_for_as_many_clients_as_there_are() -> None:
    yaml = pytest.importorskip("yaml")
    services = yaml.safe_load((FLOWER / "compose.yaml").read_text(encoding="utf-8"))["services"]
    (name,) = re.findall(r'recipe="/recipes/(\S+)"', services["start"]["command"][-1])
    recipe = load_federated_recipe(ROOT / "recipes" / name)
    nodes = [service["command"][-1] for key, service in services.items() if key.startswith("client-")]
    assert [re.findall(r"partition-id=(\d+) num-partitions=(\d+)", node) for node in nodes] == [
        [(str(client), str(recipe.clients))] for client in range(recipe.clients)
    ]
    connection = tomllib.loads((FLOWER / "config.toml").read_text(encoding="utf-8"))["superlink"]
    assert connection[connection["default"]]["address"] in " ".join(services["client-0"]["command"])
    assert services["start"]["command"][3] == connection["default"]


def test_the_containers_of_ray_find_their_head_and_the_recipe_is_there() -> None:
    yaml = pytest.importorskip("yaml")
    text = RAY.read_text(encoding="utf-8")
    settings = yaml.safe_load(text)
    head, worker = (settings["services"][name] for name in ("head", "worker"))
    (port,) = (part.partition("=")[2] for part in head["command"] if part.startswith("--port="))
    assert f"--address=head:{port}" in worker["command"]
    assert head["networks"] == worker["networks"] == [*settings["networks"]]
    assert settings["networks"]["cluster"]["internal"]  # Ray runs what anybody sends
    (recipe,) = re.findall(r"isthmus train /recipes/(\S+) --ray auto", text)
    assert (ROOT / "recipes" / recipe).is_file()
    assert (RAY.parent / head["build"]["context"] / head["build"]["dockerfile"]).is_file()
