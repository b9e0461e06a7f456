"""What a run of the Flower app is told, and the folder that `flwr run` takes."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from isthmus.errors import InputError

Setting = str | int | float | bool
TOLD, REFUSED, ENDED = "isthmus round: ", "isthmus refuses: ", "isthmus ended: "
"""What begins the lines that a run says of a round, of an `InputError`, and of its end; JSON follows."""


@dataclass(frozen=True)
class RunSettings:
    """The settings of a run; on the command line of Flower with dashes in their names.

    Attributes:
        recipe: A TOML file, on the server's machine.
        out: The folder to make, on the server's machine.
        resume: Whether to go on with what is in `out`.
        data_root: The folder of the known data sets; a SuperNode may have its own. Empty: ISTHMUS_DATA or the cache.
        client_folder: Where clients keep their states; a SuperNode may have its own. Empty: in the memory of Flower,
            until the run ends.
        timeout: Seconds after which a client that hasn't answered is left out of a round.
        wait: Seconds to wait until all clients are there.
    """

    recipe: str = ""
    out: str = ""
    resume: bool = False
    data_root: str = ""
    client_folder: str = ""
    timeout: float = 3600.0
    wait: float = 600.0

    def values(self) -> dict[str, Setting]:
        """The settings as Flower is given them.

        Returns:
            Name -> value.
        """
        return {field.name.replace("_", "-"): getattr(self, field.name) for field in fields(self)}


def run_settings(given: Mapping[str, Any], of_node: Mapping[str, Any] | None = None) -> RunSettings:
    """The settings of a run, as one side sees them.

    Args:
        given: `Context.run_config`.
        of_node: `Context.node_config` of a client, whose own folders come before the run's.

    Returns:
        The settings.

    Raises:
        InputError: A setting is unknown or of another type.
    """
    defaults = RunSettings().values()
    own = {name: value for name, value in (of_node or {}).items() if name in {"data-root", "client-folder"}}
    for name, value in (merged := {**given, **own}).items():
        kind = type(defaults.get(name))
        if name not in defaults or not isinstance(value, (int, float) if kind is float else kind):
            expected = f"a setting of {', '.join(defaults)}, of its type"
            raise InputError(expected, f"{name}={value!r}", "--run-config", "see docs/federated.md, On Flower")
    return RunSettings(**{name.replace("-", "_"): value for name, value in merged.items()})


def app_text() -> str:
    """The `pyproject.toml` of an app that `flwr run` takes: it holds no code, since isthmus is installed everywhere.

    Returns:
        The text of examples/flower/pyproject.toml.
    """
    shown = {
        name: f'"{value}"' if isinstance(value, str) else str(value).lower()
        for name, value in RunSettings().values().items()
    }
    settings = "\n".join(f"{name} = {value}" for name, value in shown.items())
    return f"""\
# Partial averaging on Flower: `flwr run` takes this folder. The code is isthmus, installed where the app runs.
[project]
name = "isthmus-federated"
version = "1.0.0"
description = "Federated training in which only chosen layers are averaged"
license = "Apache-2.0"
dependencies = ["isthmus[federated]"]

[tool.flwr.app]
publisher = "isthmus"

[tool.flwr.app.components]
serverapp = "isthmus.federated.flower.server_app:app"
clientapp = "isthmus.federated.flower.client_app:app"

[tool.flwr.app.config]
{settings}
"""


def save_app(folder: Path) -> Path:
    """Write the app's folder.

    Args:
        folder: To make.

    Returns:
        The folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(app_text(), encoding="utf-8")
    return folder
