"""A study that was stopped goes on with its finished parts, and ends with the bytes of one that was not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cases import CASES
from safetensors.torch import save_file
from typer.testing import CliRunner

import isthmus
from isthmus import sealed
from isthmus.cli.main import app
from isthmus.errors import InputError
from isthmus.files import save_whole
from isthmus.questions.study import making

MLP = CASES[0]
FILES = ("study.json", "study.parquet")
OPTIONS = {"batch_size": 16}
KILLED = """
import os, signal, sys
from isthmus.cli.main import app
from isthmus.files import save_whole
from isthmus.questions.study import making

left = [2]

def save(path, write):
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    save_whole(path, write)

making.save_whole = save
app(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("trainings")
    for name, seeds in (("a", (7, 0)), ("b", (7, 1))):
        for number, seed in enumerate(seeds):
            isthmus.save_weights(MLP.weights(seed), root / name / f"{number}ep.safetensors")
    return [root / "a", root / "b"]


def curvature(folders: list[Path], out: Path, **options: object) -> None:
    asked = {"num_probes": 2} | OPTIONS | options
    isthmus.curvature(MLP.build, MLP.weights(0), MLP.weights(1), MLP.data(40), out=out, **asked)  # type: ignore[arg-type]


def similarity(folders: list[Path], out: Path, **options: object) -> None:
    isthmus.similarity(MLP.build, MLP.weights(0), MLP.weights(1), MLP.data(40), out=out, **OPTIONS | options)  # type: ignore[arg-type]


def noise(folders: list[Path], out: Path, **options: object) -> None:
    asked = {"num_draws": 2, "sigmas": (0.0, 0.5)} | OPTIONS | options
    isthmus.subspace_noise(MLP.build, *folders, MLP.data(40), out=out, **asked)  # type: ignore[arg-type]


class Disk:
    """Counts the parts that are written, and interrupts before one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, last: float = np.inf) -> None:
        self.written, self.last = 0, last
        for module in (making, sealed):
            monkeypatch.setattr(module, "save_whole", self.save)

    def save(self, path: Path, write: object) -> None:
        if path.name in FILES:
            return save_whole(path, write)  # type: ignore[arg-type]
        if self.written == self.last:
            raise KeyboardInterrupt
        self.written += 1
        return save_whole(path, write)  # type: ignore[arg-type]


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("study", [curvature, similarity, noise])
def test_a_study_that_was_interrupted_goes_on_to_the_same_bytes(
    study: object, folders: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Disk(monkeypatch)
    study(folders, tmp_path / "whole")  # type: ignore[operator]
    unbroken, total = contents(tmp_path / "whole"), whole.written
    assert set(unbroken) == set(FILES)
    for last in (0, 1, total - 1):
        folder = tmp_path / f"after-{last}"
        Disk(monkeypatch, last)
        with pytest.raises(KeyboardInterrupt):
            study(folders, folder)  # type: ignore[operator]
        with pytest.raises(InputError, match="one that was interrupted"):
            isthmus.load_study(folder)
        again = Disk(monkeypatch)
        study(folders, folder, resume=True)  # type: ignore[operator]
        assert again.written == total - last
        assert contents(folder) == unbroken
    idle = Disk(monkeypatch)
    study(folders, tmp_path / "whole", resume=True)  # type: ignore[operator]
    assert idle.written == 0
    assert contents(tmp_path / "whole") == unbroken


def test_a_study_of_another_request_is_refused_with_the_setting_that_differs(
    folders: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Disk(monkeypatch, 1)
    with pytest.raises(KeyboardInterrupt):
        curvature(folders, tmp_path)
    with pytest.raises(InputError, match=r"another study: settings \(num_probes, seed\) differ"):
        curvature(folders, tmp_path, num_probes=3, seed=1, resume=True)
    begun = Disk(monkeypatch)
    curvature(folders, tmp_path)  # without resume: from the beginning
    assert begun.written == 9
    assert set(contents(tmp_path)) == set(FILES)


def test_a_study_that_was_killed_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 1)):
        save_file(dict(MLP.weights(seed)), tmp_path / f"{name}.safetensors")
    inputs, targets = MLP.data(40)
    save_file({"inputs": inputs, "targets": targets}, tmp_path / "data.safetensors")
    (tmp_path / "own.py").write_text("from cases import CASES\nbuild = CASES[0].build\n")

    def arguments(out: str, *more: str) -> list[str]:
        given = ["curvature", "a.safetensors", "b.safetensors", "--model", "own.py:build", "--data", "data.safetensors"]
        named = [str(tmp_path / text) if text.endswith((".safetensors", ":build")) else text for text in given]
        return [*named, "--num-probes", "2", "--out", str(tmp_path / out), *more]

    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, sys.path)])
    }
    killed = subprocess.run([sys.executable, "-c", KILLED, *arguments("killed")], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list((tmp_path / "killed" / "parts").iterdir())) == 2
    for out, more in (("killed", ["--resume"]), ("whole", [])):
        found = CliRunner().invoke(app, arguments(out, *more))
        assert found.exit_code == 0, found.output
    for name in FILES:
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert not (tmp_path / "killed" / "parts").exists()
