"""A study on disk: read back equal, whole or not there, never over something else."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from isthmus.errors import InputError
from isthmus.questions.study.folder import load_study, refuse_other_study, save_study


def study(**attributes):
    rise = np.array([[1.0, np.nan, np.inf], [-0.5, 0.1 + 0.2, -np.inf]])
    return xr.Dataset(
        {
            "rise": (("host", "moving"), rise),
            "turned": (("moving", "host"), rise.T.astype(np.float32)),
            "num_parameters": ("moving", np.array([3, 4, 5])),
            "status": ("moving", np.array(["fine", 'undefined: zero, "vector"', ""], dtype=object)),
            "decided": ("host", np.array([True, False])),
            "loss": 2.5,
            "spectrum": ("rank", np.array([4.0, 2.0])),
        },
        coords={"host": ["a", "b"], "moving": ["conv1", "conv1+fc", "all"], "sweep": ("moving", ["s", "s", "full"])},
        attrs={"study": "curvature", "settings": "{}", "hash_a": "aa", "num": 3, "rank_correlation": np.nan}
        | attributes,
    )


def test_a_study_is_read_back_equal(tmp_path):
    saved = study()
    save_study(saved, tmp_path / "study")
    loaded = load_study(tmp_path / "study")
    xr.testing.assert_identical(loaded.drop_attrs(), saved.drop_attrs())
    for name in saved.variables:
        assert loaded[name].dtype.kind == saved[name].dtype.kind or saved[name].dtype.kind in "UO"
        assert loaded[name].dims == saved[name].dims
    assert loaded["turned"].dtype == np.float32
    assert "rank" not in loaded.coords
    assert np.isnan(loaded.attrs.pop("rank_correlation"))
    assert loaded.attrs == {"study": "curvature", "settings": "{}", "hash_a": "aa", "num": 3}


def test_a_study_without_dimensions_is_read_back_equal(tmp_path):
    saved = xr.Dataset({"loss": 2.5, "name": "x"}, attrs={"study": "curvature"})
    save_study(saved, tmp_path)
    xr.testing.assert_identical(load_study(tmp_path), saved)


def test_pandas_reads_the_table_without_isthmus(tmp_path):
    save_study(study().drop_vars("spectrum"), tmp_path)
    frame = pd.read_parquet(tmp_path / "study.parquet")
    assert len(frame) == 6
    row = frame[(frame.host == "b") & (frame.moving == "conv1")].iloc[0]
    assert (row.rise, row.loss, row.num_parameters) == (-0.5, 2.5, 3)
    json.loads((tmp_path / "study.json").read_text(), parse_constant=pytest.fail)


def test_only_the_same_study_is_written_over(tmp_path):
    save_study(study(), tmp_path)
    save_study(study(rank_correlation=0.5), tmp_path)
    assert load_study(tmp_path).attrs["rank_correlation"] == 0.5
    with pytest.raises(InputError, match="another study: hash_a differ"):
        save_study(study(hash_a="bb"), tmp_path)
    with pytest.raises(InputError, match="another study: study differ"):
        refuse_other_study(tmp_path, study(study="similarity").attrs)
    assert load_study(tmp_path).attrs["hash_a"] == "aa"


def test_a_folder_with_other_things_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(InputError, match="a folder with other things"):
        save_study(study(), tmp_path)
    with pytest.raises(InputError, match="expected a folder\n     got a file"):
        save_study(study(), tmp_path / "thesis.tex")
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="a writable folder"):
        save_study(study(), tmp_path / "file" / "below")


def say(folder, name, value):
    """Change an attribute where it is stored."""
    contents = json.loads((folder / "study.json").read_text())
    contents["attrs"][name] = value
    (folder / "study.json").write_text(json.dumps(contents))


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda f: (f / "study.json").unlink(), "a study, with study.json in it"),
        (lambda f: (f / "study.json").write_text("{"), "a study.json written by isthmus"),
        (lambda f: (f / "study.json").write_text("[]"), "a study.json written by isthmus"),
        (lambda f: (f / "study.json").write_text('{"schema_version": 99, "attrs": {}}'), "schema version 1 or earlier"),
        (lambda f: say(f, "self_checks", '[{"check": 1}]'), "0.check: Input should be a valid string"),
        (lambda f: say(f, "warnings", "no list"), "Invalid JSON"),
        (lambda f: say(f, "settings", "[]"), "Input should be an object"),
        (lambda f: (f / "study.parquet").unlink(), "a whole study"),
        (lambda f: (f / "study.parquet").write_bytes(b"PAR1"), "a whole study"),
    ],
)
def test_a_folder_without_a_whole_study_is_refused(tmp_path, break_it, message):
    save_study(study(), tmp_path)
    break_it(tmp_path)
    with pytest.raises(InputError, match=message):
        load_study(tmp_path)


def test_a_table_of_another_study_is_noticed(tmp_path):
    save_study(study(), tmp_path / "one")
    save_study(study().isel(moving=[0]), tmp_path / "two")
    (tmp_path / "two" / "study.parquet").rename(tmp_path / "one" / "study.parquet")
    with pytest.raises(InputError, match="a whole study"):
        load_study(tmp_path / "one")
