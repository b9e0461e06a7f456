"""The page of questions: every question of the help, a command that is right, and its picture."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from isthmus.cli.main import app
from isthmus.cli.output.questions import QUESTIONS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "questions.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, flags=re.MULTILINE | re.DOTALL))


def test_the_help_of_measure_and_the_page_have_the_same_questions():
    assert list(SECTIONS) == list(QUESTIONS)
    shown = CliRunner().invoke(app, ["measure", "--help"]).output
    for question, answer in QUESTIONS.items():
        assert re.search(rf"^ *{re.escape(question)}\n +{re.escape(answer)}$", shown, flags=re.MULTILINE)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_section_has_one_command_that_the_program_takes_and_one_picture(question):
    (command,) = re.findall(r"```\nisthmus (.+?)\n```", SECTIONS[question])
    name, *arguments = shlex.split(command)
    parser = typer.main.get_command(app).commands[name]
    assert parser.make_context(name, arguments).params
    (picture,) = re.findall(r"!\[.+?\]\((pictures/.+?\.svg)\)", SECTIONS[question])
    assert 1_000 < (ROOT / "docs" / picture).stat().st_size < 400_000
    options = re.findall(r"--\S+", QUESTIONS[question])
    assert all(option in command for option in options)


def test_the_program_that_makes_the_page_runs(tmp_path):
    arguments = ["--quick", "--only", "single", "--out", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "questions.py"), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made = (tmp_path / "questions.md").read_text(encoding="utf-8")
    assert "Averaging the full network costs host a" in made
    assert (tmp_path / "pictures" / "question_single.svg").stat().st_size > 1_000
