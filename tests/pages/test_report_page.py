"""The page: complete, self-contained, escaped; and the folder that it is written to."""

import base64
import hashlib
import json
import math
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from isthmus.pages import page, save_report
from isthmus.report import reading
from isthmus.report.barriers.reading import barrier_sentences, headline
from isthmus.report.file_names import file_names

Make = Callable[..., xr.Dataset]
HOSTILE = "<script>alert(1)</script>"


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words: list[str] = []
        self.inside: str = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        self.inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            self.scripts[-1] += data
        elif self.inside != "style":
            self.words.append(data)


def pictures_of(text: str) -> list[list[list[object]]]:
    """What every picture says of its zones: places, names of rows and columns, tips."""
    return [json.loads(attrs["data-zones"] or "") for _, attrs in Tags(text).seen if "data-zones" in attrs]


def test_the_page_loads_nothing_from_anywhere(measurement: Make, tmp_path: Path) -> None:
    text = save_report([("one", measurement(3), None)], tmp_path).read_text()
    tags = Tags(text).seen
    loads = [attrs.get(name) or "" for _, attrs in tags for name in ("src", "href", "data", "srcset", "action")]
    assert [load[:60] for load in loads if load and not load.startswith(("#", "data:"))] == []
    assert not any(tag in ("link", "iframe", "base") for tag, _ in tags)
    styles = "".join(re.findall(r"<style>(.*?)</style>", text, re.DOTALL))
    assert "url(" not in styles
    assert "@import" not in styles


def test_the_page_holds_every_stored_barrier(measurement: Make) -> None:
    result = measurement(12, splits=["train", "test"])
    stored = [attrs["data-value"] for tag, attrs in Tags(page([("one", result, None)])).seen if "data-value" in attrs]
    for value in result["loss_barrier"].values.reshape(-1):
        assert repr(float(value)) in stored
    for value in result["error_barrier"].values.reshape(-1):
        assert repr(100 * float(value)) in stored
    for layer in result["moving"].values[1:]:
        assert layer in Tags(page([("one", result, None)])).words


def test_names_from_users_are_escaped_everywhere(measurement: Make) -> None:
    result = measurement([HOSTILE, "fc"], [0.0, 0.5, 1.0], splits=[HOSTILE])
    result.attrs |= {"model": HOSTILE, "name_a": HOSTILE, "data_name": HOSTILE, "loss": HOSTILE}
    result.attrs["warnings"] = json.dumps([HOSTILE])
    result.attrs["settings"] = json.dumps({HOSTILE: HOSTILE})
    text = page([(HOSTILE, result, None)])
    assert HOSTILE not in text
    assert HOSTILE in json.dumps(pictures_of(text))
    assert HOSTILE in Tags(text).words
    assert [attrs for tag, attrs in Tags(text).seen if tag == "script"] == [{}]


def test_a_page_runs_no_script_and_takes_no_style_but_its_own(measurement: Make) -> None:
    text = page([("one", measurement(2), None)])
    (policy,) = (attrs["content"] or "" for tag, attrs in Tags(text).seen if attrs.get("http-equiv"))
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        inside = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digests = [base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in inside]
        assert [f"'sha256-{digest}'" for digest in digests] == [rules[rule]]
    assert not [
        attrs for _, attrs in Tags(text).seen if "style" in attrs or any(name.startswith("on") for name in attrs)
    ]


def test_who_points_at_a_number_is_told_layer_host_value_interval_and_alpha(measurement: Make, changed: Make) -> None:
    result = changed(measurement(3), loss_barrier=0.11, loss_barrier_low=0.08, loss_barrier_high=0.14)
    (zones,) = pictures_of(page([("one", result, None)]))[0]
    *_, rows, columns, tips = zones
    row, column = rows.index("conv1"), columns.index("barrier into a")
    assert tips[row][column] == "0.11 [0.08, 0.14] nats\nlargest at alpha 0.5"


def test_a_page_of_one_alpha_has_no_curves(measurement: Make, tmp_path: Path) -> None:
    assert "along alpha" not in page([("one", measurement(3), None)])
    assert "Rise along alpha" in page([("one", measurement(3, [0.0, 0.5, 1.0]), None)])
    save_report([("one", measurement(2), None)], tmp_path)
    assert not list(tmp_path.glob("figures/*curves*"))


def test_nan_and_infinity_are_shown_as_such(measurement: Make, changed: Make) -> None:
    result = changed(measurement(3), loss_barrier=math.nan, loss_barrier_low=-math.inf, loss_barrier_high=math.inf)
    words = " ".join(Tags(page([("one", result, None)])).words)
    assert "NaN" in words
    assert "[−∞, ∞]" in words
    assert "1 of 8 loss barriers is NaN" in words


def test_checks_warnings_settings_and_citation_are_there(measurement: Make) -> None:
    result = measurement(2).assign_attrs(notes=json.dumps(["a: the prefix 'model.' was stripped from every key"]))
    words = " ".join(" ".join(Tags(page([("one", result, None)])).words).split())
    assert "Read from a file a: the prefix 'model.' was stripped from every key" in words
    assert "passed alpha 0 and 1 reproduce the two networks" in words
    assert "FAILED two passes over the data give the same losses" in words
    assert "weights of a hold NaN in layer conv1" in words
    assert "0123456789abcdef" in words
    assert "2307.06966" in words
    assert "distribution that the examples come from" in words


@pytest.mark.parametrize(
    ("baseline", "phrase"), [("models", "mean of the two"), ("chord", "same alpha"), ("cut", "convex")]
)
def test_the_baseline_is_explained(baseline: str, phrase: str, measurement: Make) -> None:
    result = measurement(2).assign_attrs(baseline=baseline, interval_target="dataset")
    words = " ".join(Tags(page([("one", result, None)])).words)
    assert phrase in words
    assert "mean over the named data" in words


def test_classes_stand_in_a_table_and_in_pictures(measurement: Make, classes: Make) -> None:
    result = measurement(3)
    of_classes = classes(result, 4)
    text = page([("one", result, of_classes)])
    values = of_classes["loss_barrier"].sel(label=2, host="b").isel(moving=slice(1, None))
    stored = [attrs.get("data-value") for _, attrs in Tags(text).seen]
    assert repr(float(values.max())) in stored
    assert "class 2" in Tags(text).words
    assert len(pictures_of(text)) == len(pictures_of(page([("one", result, None)]))) + 4


def test_headings_tables_and_pictures_are_accessible(measurement: Make, tmp_path: Path) -> None:
    seen = Tags(save_report([("one", measurement(2), None)], tmp_path).read_text()).seen
    assert [tag for tag, _ in seen].count("h1") == 1
    assert all(attrs.get("alt") for tag, attrs in seen if tag == "img")
    pictures = [attrs for tag, attrs in seen if tag == "svg"]
    assert len(pictures) == 5
    assert all(attrs.get("aria-label") and attrs.get("tabindex") == "0" for attrs in pictures)
    assert all(attrs.get("scope") for tag, attrs in seen if tag == "th")
    ids = [attrs["id"] for _, attrs in seen if "id" in attrs]
    assert len(ids) == len(set(ids))


def set_values(result: xr.Dataset, name: str, values: list[list[float]], half: float) -> None:
    for end, shift in (("", 0.0), ("_low", -half), ("_high", half)):
        result[f"{name}{end}"][:] = np.array(values) + shift


def test_the_paragraph_says_what_averaging_costs_beside_the_barrier(measurement: Make) -> None:
    result = measurement(["conv1", "fc"], errors=False)
    set_values(result, "loss_rise", [[2, 0.5, 0.0], [2.3, 0.3, -0.3]], 0.1)
    set_values(result, "loss_barrier", [[2.1, 0.7, 0.2], [2.1, 0.1, -0.5]], 0.1)
    (paragraph,) = reading(result)
    assert paragraph.startswith(
        "Averaging the full network costs host a 2.0 nats (95 % interval 1.9 to 2.1) and host b 2.3 nats (95 % interval"
        " 2.2 to 2.4); over the mean of the two networks that is a barrier of 2.1 into a and 2.1 into b. Of single "
        "layers, conv1 costs most: host a 0.5 nats (95 % interval 0.4 to 0.6), a barrier of 0.7."
    )
    assert paragraph.endswith(
        "Of 4 cuts (2 single layers, both hosts), 2 cost something that can be told from zero, 1 lowers the host's "
        "loss, 1 neither."
    )
    assert headline(result) == (
        "Averaging conv1 costs host a 0.5 nats, the most of 2 single layers; averaging everything costs host a 2.0 and "
        "host b 2.3."
    )


def test_where_every_layer_lowers_the_loss_none_is_said_to_cost_something(measurement: Make) -> None:
    result = measurement(["conv1", "fc"], errors=False)
    set_values(result, "loss_rise", [[2, -0.5, -0.7], [2.3, -0.3, -0.9]], 0.1)
    assert headline(result) == (
        "Averaging any one of 2 single layers lowers the loss, conv1 the least: host b −0.3 nats; averaging everything "
        "costs host a 2.0 and host b 2.3."
    )
    (paragraph,) = reading(result)
    least = "No single layer raises the loss, and conv1 lowers it least: host b −0.3 nats (95 % interval −0.4 to −0.2)"
    assert least in paragraph
    alone = measurement(["fc"], errors=False)
    set_values(alone, "loss_rise", [[2, -0.5], [2.3, -0.7]], 0.1)
    assert headline(alone).startswith("Averaging fc costs host a −0.5 nats, the only single layer;")


def test_the_barriers_alone_are_said_where_the_paper_is_compared_with(measurement: Make) -> None:
    result = measurement(["conv1", "fc"], errors=False)
    set_values(result, "loss_barrier", [[2, 0.5, 0.1], [2, 0.3, 0.1]], 0.1)
    paragraph = " ".join(barrier_sentences(result))
    assert (
        "conv1 into host a has the largest loss barrier: 0.5 nats (95 % interval 0.4 to 0.6), at alpha 0.5" in paragraph
    )
    assert "1 of 2 layers has a clear loss barrier in at least one host." in paragraph


def test_saving_twice_gives_the_same_files_and_leaves_no_temporary_ones(measurement: Make, tmp_path: Path) -> None:
    result = measurement(1, [0.0, 1.0], splits=["../test"])
    path = save_report([("one", result, None)], tmp_path / "x")
    assert path == tmp_path / "x" / "report.html"
    before = {file: file.read_bytes() for file in path.parent.rglob("*") if file.is_file()}
    save_report([("one", result, None)], tmp_path / "x")
    assert before == {file: file.read_bytes() for file in path.parent.rglob("*") if file.is_file()}
    names = {file.name for file in before}
    assert {
        "report.html",
        "loss_heatmap_test.svg",
        "error_bars_test.svg",
        "loss_curves_test.svg",
        "distances.svg",
    } <= names
    assert not any(name.startswith(".") for name in names)


def test_several_runs_share_a_page_and_keep_their_pictures_apart(measurement: Make, tmp_path: Path) -> None:
    runs = [("same", measurement(2), None), ("same", measurement(2, seed=1, errors=False), None)]
    path = save_report(runs, tmp_path)
    assert (tmp_path / "figures" / "same_loss_heatmap.svg").read_bytes() != (
        tmp_path / "figures" / "same-2_loss_heatmap.svg"
    ).read_bytes()
    assert "The runs side by side" in path.read_text()
    assert file_names(["a/b", "..", "A-B"]) == ["a-b", "run", "A-B-2"]


def test_importing_the_report_and_its_intervals_imports_nothing_slow() -> None:
    modules = "'torch', 'matplotlib', 'jinja2', 'scipy.stats'"  # the last takes half a second
    imported = "isthmus.report, isthmus.report.barriers.terminal, isthmus.measures.intervals.interval, sys"
    code = f"import {imported}; print([m for m in ({modules}) if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
