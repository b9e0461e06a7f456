"""A report about networks whose layers have names made to run, in a real browser: nothing of them does."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from isthmus.pages import save_report

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((found for name in NAMES if (found := shutil.which(name))), None)
pytestmark = [
    pytest.mark.skipif(BROWSER is None, reason="no Chromium here: apt-get install chromium"),
    pytest.mark.filterwarnings("ignore:constrained_layout not applied"),  # the names are as long as the pictures wide
]

RUN = "document.title=7"
HOSTILE = (
    f"<script>{RUN}</script>",
    f'<img src=x onerror="{RUN}">',
    f"</script><script>{RUN}</script>",
    f"'\"><svg onload={RUN}>",
    f"</title></style><script>{RUN}</script>",
    f'<a href="javascript:{RUN}">layer</a>',
    "$\\frac$ {{7*7}} <b>&amp;",
)
"""Names of layers; the page's title would be 7."""


def dom_of(page: Path, folder: Path) -> str:
    """What stands in the page after its scripts have run."""
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--virtual-time-budget=8000")
    command = [str(BROWSER), *options, f"--user-data-dir={folder}/profile", "--dump-dom", page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=240).stdout


@pytest.fixture
def hostile_page(measurement, tmp_path):
    result = measurement([*HOSTILE, "fc"], [0.0, 0.5, 1.0], splits=[HOSTILE[0], HOSTILE[1]])
    result.attrs |= dict.fromkeys(("model", "name_a", "name_b", "data_name", "loss"), HOSTILE[1])
    result.attrs["warnings"] = json.dumps([*HOSTILE])
    result.attrs["settings"] = json.dumps({HOSTILE[0]: HOSTILE[1]})
    return save_report([(HOSTILE[2], result, None)], tmp_path / "report")


def test_the_page_runs_no_name_in_a_browser(hostile_page, tmp_path):
    dom = dom_of(hostile_page, tmp_path)
    assert "<title>7</title>" not in dom
    assert "&lt;script&gt;document" in dom, "the names are shown as text"


def test_a_page_that_did_not_escape_its_names_would_run_them(tmp_path):
    bare = tmp_path / "bare.html"
    bare.write_text("<!DOCTYPE html><html><body>" + "".join(HOSTILE) + "</body></html>", encoding="utf-8")
    assert "<title>7</title>" in dom_of(bare, tmp_path)
