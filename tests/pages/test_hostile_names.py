"""A report about networks whose layers have names made to run, in a real browser: nothing of them does."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from isthmus.pages import save_report

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((found for name in NAMES if (found := shutil.which(name))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium here: apt-get install chromium")

RUN = "document.documentElement.setAttribute('data-ran', '1')"
HOSTILE = (
    f"<script>{RUN}</script>",
    f'<img src=x onerror="{RUN}">',
    f"</script><script>{RUN}</script>",
    f"'\"><svg onload={RUN}>",
    f"</title></style><script>{RUN}</script>",
    f'<a href="javascript:{RUN}">layer</a>',
    "$\\frac$ {{7*7}} <b>&amp;",
)
"""Names of layers; `data-ran` at the root of the page is what they would leave."""


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
    assert "data-ran" not in re.match(r"(?s).*?<html[^>]*>", dom)[0]
    assert "&lt;script&gt;document" in dom, "the names are shown as text"


def test_a_page_that_did_not_escape_its_names_would_run_them(tmp_path):
    bare = tmp_path / "bare.html"
    bare.write_text("<!DOCTYPE html><html><body>" + "".join(HOSTILE) + "</body></html>", encoding="utf-8")
    assert "data-ran" in re.match(r"(?s).*?<html[^>]*>", dom_of(bare, tmp_path))[0]


def test_the_pages_own_policy_stops_what_escaping_missed(hostile_page, tmp_path):
    text = hostile_page.read_text(encoding="utf-8")
    assert re.search(r'http-equiv="Content-Security-Policy" content="default-src (\'|&#39;)none', text)
    broken = tmp_path / "broken.html"
    broken.write_text(text.replace("<main>", "<main>" + "".join(HOSTILE)), encoding="utf-8")
    dom = dom_of(broken, tmp_path)
    assert '<img src="x"' in dom
    assert "data-ran" not in re.match(r"(?s).*?<html[^>]*>", dom)[0]
