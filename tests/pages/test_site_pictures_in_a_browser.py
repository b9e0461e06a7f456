"""Pictures of the documentation site, as Chromium shows them where the site's switch says light or dark."""

import io
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from browsers import chromium
from programs import program

DOCS = Path(__file__).parents[2] / "docs"
PAPER = {"light": "#ffffff", "dark": "#14171a"}
INK = {"light": "#1d2126", "dark": "#e6e9ec"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_picture_follows_the_switch_and_not_the_system(scheme: str, tmp_path: Path) -> None:
    svg = (DOCS / "pictures" / "question_single.svg").read_text(encoding="utf-8")
    (tmp_path / "picture.svg").write_text(program("site_pictures").in_theme(svg), encoding="utf-8")
    page = tmp_path / "page.html"
    page.write_text(f'<body style="color-scheme: {scheme}; margin: 0"><img src="picture.svg" style="display: block">')
    with chromium() as browser:
        browser.open(page, dark=scheme == "light")
        shown = matplotlib.image.imread(io.BytesIO(browser.picture(300)))
    picture = np.round(255 * shown[:300, :300, :3]).astype(int)
    colours = {f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in picture.reshape(-1, 3)}
    assert tuple(picture[0, 0]) == tuple(bytes.fromhex(PAPER[scheme][1:]))
    assert INK[scheme] in colours
    assert "#ffffff" not in colours or scheme == "light"
