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


CALLED = """\
from torch import nn

def build(width=4, *, depth=1, name="x", sizes=()):
    return nn.Sequential(*(nn.Linear(width, width) for _ in range(depth)), *(nn.Linear(n, 1) for n in sizes))

instance = nn.Linear(5, 2)

class Net(nn.Linear):
    def __init__(self, inputs=7):
        super().__init__(inputs, 1)
"""


def test_a_function_is_given_literals(tmp_path):
    (tmp_path / "net.py").write_text(CALLED)
    model = load_model(f"{tmp_path}/net.py:build(3, depth=2, name='a, (b)', sizes=[5, 6])")
    assert [layer.in_features for layer in model] == [3, 3, 5, 6]
    assert load_model(f"{tmp_path}/net.py:Net(inputs=9)").in_features == 9
    plain, three, four = (source_hash(f"{tmp_path}/net.py:build{call}") for call in ("()", "(width=3)", "(width=4)"))
    assert plain == source_hash(f"{tmp_path}/net.py:build")
    assert len({plain, three, four}) == 3


@pytest.mark.parametrize(
    "call",
    ["build(width=open('x'))", "build(*[3])", "build(**{'width': 3})", "build(width=2+n)", "build(3", "build(3)(4)"],
)
def test_arguments_that_are_no_literals_are_refused_and_never_run(tmp_path, call):
    (tmp_path / "net.py").write_text(CALLED)
    with pytest.raises(InputError, match=r"literals|by name|after the last colon"):
        load_model(f"{tmp_path}/net.py:{call}")


def test_arguments_that_the_function_does_not_take_are_refused_with_its_words(tmp_path):
    (tmp_path / "net.py").write_text(CALLED)
    with pytest.raises(InputError, match="unexpected keyword argument 'height'"):
        load_model(f"{tmp_path}/net.py:build(height=3)")


def test_a_network_in_place_of_a_function_is_taken_anew_each_time(tmp_path):
    (tmp_path / "net.py").write_text(CALLED)
    first, second = (load_model(f"{tmp_path}/net.py:instance") for _ in range(2))
    assert first.in_features == second.in_features == 5
    assert first is not second
    with pytest.raises(InputError, match="leave the arguments out"):
        load_model(f"{tmp_path}/net.py:instance(3)")


@pytest.fixture
def package(tmp_path):
    """A project: shared sizes above, blocks beside, a sub-package below; with and without `__init__.py`."""
    folder = tmp_path / "isthmus_test_project" / "nets"
    (folder / "parts").mkdir(parents=True)
    (folder.parent / "sizes.py").write_text("SIZE = 3\n")
    (folder / "blocks.py").write_text(
        "from torch import nn\nfrom ..sizes import SIZE\nLAYER = lambda: nn.Linear(SIZE, 2)\n"
    )
    (folder / "parts" / "head.py").write_text("from torch import nn\nHEAD = lambda: nn.Linear(2, 1)\n")
    (folder / "net.py").write_text(
        "from torch import nn\nfrom .blocks import LAYER\nfrom ..sizes import SIZE\n"
        "def build():\n    from .parts.head import HEAD\n    return nn.Sequential(LAYER(), HEAD())\n"
    )
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "isthmus_test_project"]:
        del sys.modules[name]


@pytest.mark.parametrize("marked", [False, True])
def test_a_file_of_a_package_imports_its_neighbours_relatively(package, marked):
    if marked:
        for folder in (package.parent, package, package / "parts"):
            (folder / "__init__.py").write_text("")
    path = list(sys.path)
    assert load_model(f"{package}/net.py:build")[0].in_features == 3
    assert sys.path == path
    before = source_hash(f"{package}/net.py:build")
    (package.parent / "sizes.py").write_text("SIZE = 40\n")
    assert source_hash(f"{package}/net.py:build") != before
    assert load_model(f"{package}/net.py:build")[0].in_features == 40


def test_a_function_of_a_module_is_found_from_the_working_folder(package, monkeypatch):
    monkeypatch.chdir(package.parents[1])
    assert load_model("isthmus_test_project.nets.net:build")[0].in_features == 3
    assert load_model("torch.nn:Linear(4, 2)").in_features == 4
    assert source_hash("torch.nn:Linear(4, 2)") != source_hash("torch.nn:Linear(4, 3)")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("isthmus_test_absent.nets:build", "isthmus_test_absent"),
        ("torch.isthmus_test_absent:build", "a module that can be imported"),
        ("torch.nn:Liner", "Did you mean 'Linear'"),
        ("torch.nn:Linear(4)", "missing 1 required positional argument"),
    ],
)
def test_a_module_that_gives_no_network_is_refused_with_its_own_reason(spec, message):
    with pytest.raises(InputError, match=message):
        load_model(spec)
