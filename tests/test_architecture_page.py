"""docs/architecture.md against the code: the picture of the rooms, the walk of a measurement, and what to touch."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest
from programs import program

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "src" / "isthmus"
HOPS = re.findall(r"^\| \d+ \| `([^`:]+):(\w+)`", PAGE, re.MULTILINE)
FILES = sorted(set(re.findall(r"`([a-z_]+/[a-z_/]*\.(?:py|toml))`", PAGE)))


@pytest.fixture(scope="module")
def rooms():
    return program("rooms")


def test_the_picture_of_the_rooms_is_that_of_todays_imports(rooms):
    names = rooms.rooms()
    drawn = rooms.picture(names, rooms.imports(names))
    assert drawn == rooms.PICTURE.read_text(encoding="utf-8"), "run python examples/rooms.py"


def test_every_room_is_in_the_picture_and_imports_point_down(rooms):
    names = rooms.rooms()
    assert set(names) == {folder.parent.name for folder in PACKAGE.glob("*/__init__.py")}
    assert all(names.index(room) > names.index(imported) for room, imported in rooms.imports(names))


@pytest.mark.parametrize(("file", "name"), HOPS)
def test_every_hop_of_the_walk_is_there(file, name):
    tree = ast.parse((PACKAGE / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def test_the_walk_has_few_hops():
    assert 10 <= len(HOPS) <= 15


@pytest.mark.parametrize("file", [file for file in FILES if "NAME" not in file])
def test_every_file_that_is_named_exists(file):
    assert (PACKAGE / file).is_file() or (ROOT / file).is_file()


def test_what_to_touch_is_said_of_everything_that_people_add():
    for thing in ("sweep", "measure", "loss", "model", "data source", "claim", "command", "picture", "averaging rule"):
        assert re.search(rf"^\| {thing} \|", PAGE, re.MULTILINE), thing


def test_no_room_and_no_folder_is_a_drawer():
    lines = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in PACKAGE.rglob("*.py")}
    rooms = Counter({room.name: sum(lines[file] for file in room.rglob("*.py")) for room in PACKAGE.iterdir()})
    (room, most), *_ = rooms.most_common()
    assert most <= 0.16 * sum(lines.values()), room
    folders = Counter(file.parent.relative_to(PACKAGE) for file in lines if file.name != "__init__.py")
    (folder, files), *_ = folders.most_common()
    assert files <= 14, folder
    assert max(lines.values()) <= 300, max(lines, key=lines.get)
