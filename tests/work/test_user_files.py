"""A file of the user's that one process ran, for another."""

import importlib
import sys

import pytest

from isthmus.errors import InputError
from isthmus.user_code import MODULE_PREFIX, load_function
from isthmus.work.user_files import files_run, run_again


def test_a_file_that_another_process_ran_is_run_when_something_of_it_is_needed(tmp_path):
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text("def build():\n    return 1\n")
    name = load_function(good, "build", "model").__module__
    bad.write_text("1 / 0\n")
    with pytest.raises(InputError, match="division by zero"):
        load_function(bad, "build", "model")
    told = files_run()
    assert told[name] == str(good)
    assert str(bad) not in told.values()
    never = f"{MODULE_PREFIX}never"
    sys.modules.pop(name)
    run_again(told | {never: str(bad)})
    assert importlib.import_module(name).build() == 1
    with pytest.raises(InputError, match="division by zero"):
        importlib.import_module(never)
    good.write_text("def build():\n    return 2\n")
    sys.modules.pop(name)
    with pytest.raises(InputError, match="as it is on the machine that asked"):
        importlib.import_module(name)
