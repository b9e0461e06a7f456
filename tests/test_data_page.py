"""The page of data: every form has a command that the program takes, and every worked example runs."""

import re
import shlex
import sys
from pathlib import Path

import pytest
import typer

from isthmus.cli.main import app
from isthmus.data.clients.partition import CLIENT_OPTIONS
from isthmus.data.spec import _FILE_FORMS, _FORM_OPTIONS, KNOWN_DATA, TEXT_COLUMNS, parse_data_spec
from isthmus.report import picture

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^(?:\|.*?`)?isthmus (measure .+?)(?:`.*)?$", PAGE, flags=re.MULTILINE)
FOLDERS = ("folder", "saved")

sys.path.insert(0, str(ROOT / "examples"))

from any_network import EXAMPLES  # noqa: E402


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_page_is_one_that_the_program_takes(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name, *arguments = shlex.split(command)
    found = typer.main.get_command(app).commands[name].make_context(name, arguments).params
    for data in found["data"]:
        source = re.split(r"[:\[]", data)[0]
        if source not in KNOWN_DATA:
            Path(source).mkdir() if source in FOLDERS else Path(source).touch()
        parse_data_spec(data)


def test_the_page_names_every_form_every_set_and_every_option():
    assert len(COMMANDS) > 25
    shown = " ".join(COMMANDS)
    for ending in _FILE_FORMS:
        assert ending in shown or ending in {".pth", ".json"}, ending
    for option in {option for form in _FORM_OPTIONS for option in _FORM_OPTIONS[form]} - {"normalization"} | set(
        CLIENT_OPTIONS
    ):
        assert f"{option}=" in shown, option
    for name in (*KNOWN_DATA, *TEXT_COLUMNS, *filter(None, TEXT_COLUMNS.values())):
        assert f"`{name}`" in PAGE or name == "sentence", name
    assert "docs/data.md" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_worked_example_draws_its_picture_with_the_numbers_of_a_loop(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(picture, "FORMATS", ("svg",))  # for time: a PNG takes as long as the measurement
    example = EXAMPLES[name]
    assert f"`{example.command}`" in PAGE
    _, number = example.run()
    assert number >= 10
