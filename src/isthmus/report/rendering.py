"""HTML from the templates, in pages that load nothing and run no script but their own."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
STYLES, SCRIPT = ("theme.css", "report.css", "drawing.css"), "report.js"


def render(
    template: str,
    *,
    styles: Sequence[str] = STYLES,
    scripts: Sequence[str] = (SCRIPT,),
    is_served: bool = False,
    **values: object,
) -> str:
    """A page filled in; texts are escaped, and a name that the template misses is an error.

    Args:
        template: Its file name.
        styles: Names of the page's style sheets.
        scripts: The same of its scripts.
        is_served: Whether the page may ask its own server for more.
        values: What the template speaks of.

    Returns:
        HTML.
    """
    own = {
        "styles": _texts(styles),
        "script": _texts(scripts),
        "policy": page_policy(styles, scripts, is_served=is_served),
        "is_served": is_served,
    }
    return render_part(template, **(own | values))


def page_policy(styles: Sequence[str] = STYLES, scripts: Sequence[str] = (SCRIPT,), *, is_served: bool = False) -> str:
    """What a browser lets a page of `render` do, should markup ever come in with a name.

    Args:
        styles: Names of the page's style sheets.
        scripts: The same of its scripts.
        is_served: Whether the page may ask its own server for more.

    Returns:
        A content security policy: nothing is loaded, no other script runs, and nothing is sent, but for
        questions to the page's own server.
    """
    known = {"style-src": _texts(styles), "script-src": _texts(scripts)}
    allowed = [
        f"{kind} 'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for kind, text in known.items()
    ]
    own = ["connect-src 'self'", "form-action 'self'"] if is_served else ["form-action 'none'"]
    return "; ".join(["default-src 'none'", "img-src data:", *allowed, "base-uri 'none'", *own])


def render_part(template: str, **values: object) -> str:
    """A template filled in that is no page, or a part of one; texts are escaped.

    Args:
        template: Its file name.
        values: What it speaks of.

    Returns:
        HTML.
    """
    return _environment().get_template(template).render(values)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _texts(names: Sequence[str]) -> str:
    return "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in names)


def data_address(svg: bytes) -> str:
    """A picture as an address that holds all of it.

    Args:
        svg: The picture.

    Returns:
        The address, for an image's source.
    """
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
