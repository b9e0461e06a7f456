"""The names of the files of runs, collections, studies and pages are spelled in one module."""

import ast
import re
from pathlib import Path

import isthmus
from isthmus.runs.folder.layout import Layout, folder_names

SOURCE = Path(isthmus.__file__).parent
LAYOUT = SOURCE / "runs" / "folder" / "layout.py"
TEMPLATES = {"report.html", "explain.html"}
"""Two pages have templates of the same name."""


def texts(file: Path) -> list[str]:
    """What a module writes between quotes, without docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare
    ]


def test_no_other_module_spells_a_name_of_the_layout() -> None:
    names = {text for text in texts(LAYOUT) if re.fullmatch(r"[a-z]+\.(json|parquet|html)", text)} - TEMPLATES
    assert {"run.json", "results.parquet", "study.parquet"} <= names
    for file in SOURCE.rglob("*.py"):
        if file != LAYOUT:
            assert not names & set(texts(file)), file


def test_no_other_module_builds_a_path_of_the_layout() -> None:
    folders = {"examples", "members", "figures", "parts"}
    for file in SOURCE.rglob("*.py"):
        if file != LAYOUT:
            tree = ast.parse(file.read_text(encoding="utf-8"))
            joined = {
                node.right.value
                for node in ast.walk(tree)
                if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and isinstance(node.right, ast.Constant)
            }
            assert not folders & joined, file


def test_splits_of_like_names_have_folders_of_their_own() -> None:
    assert folder_names(["a/b", "a b", "", "test"]) == {"a/b": "a-b", "a b": "a-b-1", "": "data", "test": "test"}


def test_a_unit_is_found_by_its_name(tmp_path: Path) -> None:
    files = Layout(tmp_path).splits(["train"])["train"]
    files.folder.mkdir(parents=True)
    for file in (files.unit(12, 640), files.targets, files.folder / ".p000001-e00000000.parquet.1.part"):
        file.touch()
    assert files.units() == {(12, 640)}
    assert files.unit(12, 640) == tmp_path / "examples" / "train" / "p000012-e00000640.parquet"
