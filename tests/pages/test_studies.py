"""The page of a study: complete, self-contained, escaped."""

import json
from pathlib import Path

import pytest
import xarray as xr
from test_report_page import HOSTILE, Tags
from typer.testing import CliRunner

from isthmus.cli.main import app
from isthmus.cli.output.study import print_study
from isthmus.errors import InputError, UnknownNameError
from isthmus.pages.study import STUDIES, StudyReport, save_study_report
from isthmus.questions.study.folder import save_study
from isthmus.report import style
from isthmus.report.cells import Cell, Table

TOY = "toy"


def toy_figure(study: xr.Dataset) -> object:
    figure = style.empty_figure(2, 1)
    figure.subplots().plot(study["rise"].values)
    return figure


def toy_rows(study: xr.Dataset) -> Table:
    return Table(("Layer", "Rise"), (((Cell(HOSTILE)), Cell("0.1", "[0, 1]", "0.1")),))


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> xr.Dataset:
    entry = StudyReport("Toy", toy_figure, lambda found: f"It rises {float(found.rise.sum()):g}.", toy_rows, ("Note.",))  # type: ignore[arg-type]
    monkeypatch.setitem(STUDIES, TOY, entry)  # type: ignore[arg-type]
    check = {"check": "something holds", "passed": False, "detail": "2"}
    attrs = {"study": TOY, "model": HOSTILE, "data_name": "random", "self_checks": json.dumps([check]),
             "warnings": json.dumps(["beware"]), "settings": json.dumps({"num_probes": 8})}  # fmt: skip
    return xr.Dataset({"rise": ("moving", [1.0, 2.0])}, attrs=attrs)


def test_the_page_of_a_study_holds_all_and_loads_nothing(study: xr.Dataset, tmp_path: Path) -> None:
    page = save_study_report(study, tmp_path)
    text = page.read_text()
    assert {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.*")} == {
        "report.html", "figures/toy.svg",
    }  # fmt: skip
    tags = Tags(text)
    words = " ".join(tags.words)
    for expected in ("It rises 3.", "Note.", "beware", "something holds", "FAILED", "num_probes", "[0, 1]", "Rise"):
        assert expected in words
    assert HOSTILE not in text
    loads = [attrs.get(name) or "" for _, attrs in tags.seen for name in ("src", "href", "data", "srcset", "action")]
    assert [load[:60] for load in loads if load and not load.startswith(("#", "data:"))] == []


def test_a_study_of_an_unknown_kind_is_refused(study: xr.Dataset, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="tois"):
        save_study_report(study.assign_attrs(study="tois"), tmp_path)


def test_isthmus_report_makes_the_page_of_a_stored_study(study: xr.Dataset, tmp_path: Path) -> None:
    save_study(study, tmp_path / "one")
    result = CliRunner().invoke(app, ["report", str(tmp_path / "one")])
    assert result.exit_code == 0, result.stderr
    assert "It rises 3." in (tmp_path / "one" / "report.html").read_text()
    several = CliRunner().invoke(app, ["report", str(tmp_path / "one"), str(tmp_path / "two"), "--out", str(tmp_path)])
    assert several.exit_code == 2
    assert "among 2 folders" in several.stderr


def test_a_study_is_printed_as_a_table_with_its_reading_or_as_json(
    study: xr.Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    print_study(study, None, as_json=False)
    shown = capsys.readouterr().out
    for expected in ("Toy", "0.1 [0, 1]", "It rises 3.", "--out FOLDER"):
        assert expected in shown
    print_study(study.assign(rise=("moving", [float("nan"), 2.0])), None, as_json=True)
    printed = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert printed["rows"] == [{"rise": "NaN"}, {"rise": 2.0}]
    assert printed["attributes"]["study"] == TOY


def test_a_study_is_not_written_into_a_file(study: xr.Dataset, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="got a file"):
        save_study(study, tmp_path / "file")
