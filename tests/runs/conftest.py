"""What tests of run folders are given."""

import pytest
from run_folders import contents, measured


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """Every file's bytes of a measurement that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    measured(folder)
    return contents(folder)
