"""The settings of a run, and the app's folder."""

import pytest
from federations import ROOT
from flwr.cli.config_utils import load_and_validate

from isthmus.errors import InputError
from isthmus.federated.flower.settings import RunSettings, app_text, run_settings


def test_the_example_is_the_app_and_flower_takes_it():
    file = ROOT / "examples" / "flower" / "pyproject.toml"
    assert file.read_text(encoding="utf-8") == app_text()
    config, warnings = load_and_validate(file)
    assert not warnings
    assert run_settings(config["tool"]["flwr"]["app"]["config"]) == RunSettings()


def test_the_folders_of_a_node_come_before_those_of_the_run():
    found = run_settings({"client-folder": "of-run", "timeout": 5}, {"client-folder": "of-node", "partition-id": 0})
    assert (found.client_folder, found.timeout) == ("of-node", 5)


@pytest.mark.parametrize("given", [{"time-out": 5.0}, {"timeout": "5"}, {"recipe": 1}])
def test_a_setting_of_another_name_or_type_is_refused(given):
    with pytest.raises(InputError, match="client-folder, timeout"):
        run_settings(given)
