"""Networks from a file of the user's: what runs, what is refused, what is left alone."""

import hashlib
import sys

import pytest
import torch
from torch import nn

from isthmus.errors import InputError
from isthmus.models.load import load_model
from isthmus.models.source import source_hash

NET = """\
from __future__ import annotations
from dataclasses import dataclass
import torch
from torch import nn
from isthmus_test_neighbour import SIZE

@dataclass
class Sizes:
    inputs: int = SIZE

def build():
    torch.manual_seed(5)
    return nn.Linear(Sizes().inputs, 2)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "isthmus_test_neighbour.py").write_text("SIZE = 3\n")
    yield tmp_path
    sys.modules.pop("isthmus_test_neighbour", None)


def test_a_function_in_a_file_builds_the_network(folder):
    model = load_model(f"{folder}/net.py:build")
    assert isinstance(model, nn.Linear)
    assert model.weight.shape == (2, 3)


def test_running_the_file_leaves_the_path_and_the_random_state_alone(folder):
    path, state = list(sys.path), torch.random.get_rng_state()
    load_model(f"{folder}/net.py:build")
    assert sys.path == path
    assert torch.equal(torch.random.get_rng_state(), state)


def test_two_files_of_one_name_do_not_replace_each_other(tmp_path):
    for name, size in (("one", 3), ("two", 4)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "net.py").write_text(f"from torch import nn\ndef build(): return nn.Linear({size}, 1)\n")
    sizes = [load_model(f"{tmp_path / name}/net.py:build").in_features for name in ("one", "two", "one")]
    assert sizes == [3, 4, 3]


def test_a_changed_file_is_run_again(tmp_path):
    file = tmp_path / "net.py"
    for size in (3, 4):
        file.write_text(f"from torch import nn\ndef build(): return nn.Linear({size}, 1)\n")
        assert load_model(f"{file}:build").in_features == size


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def build(): return 3", "expected a torch.nn.Module from the function\n     got int"),
        ("def biuld(): pass", "Did you mean 'biuld'?"),
        ("build = 3", "expected a function 'build' in the file\n     got no function"),
        ("import math\n\nmath.sqrt(-1)\n", "(line 3)"),
        ("def build():\n    raise KeyError('lost')", "got KeyError: 'lost' (line 2)"),
        ("def build(size): pass", "missing 1 required positional argument: 'size'"),
        ("def build(:", "got SyntaxError"),
        ("import sys\nsys.exit(3)", "got SystemExit: 3 (line 2)"),
        ("import isthmus_test_no_such_module", "No module named 'isthmus_test_no_such_module'"),
    ],
)
def test_a_file_that_gives_no_network_is_refused_with_its_own_reason(tmp_path, text, message):
    (tmp_path / "net.py").write_text(text)
    path = list(sys.path)
    with pytest.raises(InputError) as caught:
        load_model(f"{tmp_path}/net.py:build")
    assert message in str(caught.value)
    assert caught.value.where == f"{tmp_path}/net.py:build"
    assert sys.path == path


def test_a_missing_file_is_refused_by_loading_and_by_hashing(tmp_path):
    for function in (load_model, source_hash):
        with pytest.raises(InputError, match="expected a Python file"):
            function(f"{tmp_path}/absent.py:build")


def test_the_source_hash_is_that_of_the_file_s_bytes_and_none_for_a_registered_name(folder):
    (folder / "alone.py").write_text("import torch\n")
    assert source_hash(f"{folder}/alone.py:build") == hashlib.sha256(b"import torch\n").hexdigest()
    assert source_hash("cnn:width=3") is None


def test_the_source_hash_counts_the_neighbours_that_the_file_imports(folder):
    before = source_hash(f"{folder}/net.py:build")
    (folder / "unrelated.py").write_text("import torch\n")
    assert source_hash(f"{folder}/net.py:build") == before
    neighbour = folder / "isthmus_test_neighbour.py"
    neighbour.write_text(neighbour.read_text() + "\nMORE = 1\n")
    assert source_hash(f"{folder}/net.py:build") != before


def test_a_neighbour_is_never_taken_for_one_of_the_same_name_in_another_folder(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "net.py").write_text(NET)
    (other / "isthmus_test_neighbour.py").write_text("SIZE = 4\n")
    sizes = [load_model(f"{place}/net.py:build").in_features for place in (folder, other, folder)]
    assert sizes == [3, 4, 3]


def test_a_neighbour_named_as_a_module_that_is_no_users_is_refused(folder):
    (folder / "hypothesis.py").write_text("SIZE = 4\n")
    (folder / "net.py").write_text("from hypothesis import SIZE\n")
    with pytest.raises(InputError, match=rf"(?s)one module named hypothesis: the one in {folder}.*imported already"):
        load_model(f"{folder}/net.py:build")


def test_a_neighbour_that_was_edited_is_imported_anew(folder):
    assert load_model(f"{folder}/net.py:build").weight.shape == (2, 3)
    (folder / "isthmus_test_neighbour.py").write_text("SIZE = 40\n")
    assert load_model(f"{folder}/net.py:build").weight.shape == (2, 40)
