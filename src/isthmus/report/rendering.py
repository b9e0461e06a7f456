"""HTML from the templates, in pages that load nothing and run no script but their own."""

import base64
import hashlib
from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"
STYLES, SCRIPT = ("theme.css", "report.css", "drawing.css"), "report.js"


def render(template: str, **values: object) -> str:
    """A template filled in; texts are escaped, and a name that the template misses is an error.

    Args:
        template: Its file name.
        values: What it speaks of.

    Returns:
        HTML.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    styles = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in STYLES)
    script = (TEMPLATES / SCRIPT).read_text(encoding="utf-8")
    own = {"styles": styles, "script": script, "policy": policy(styles, script)}
    return environment.get_template(template).render(own | values)


def policy(styles: str, script: str) -> str:
    """What a browser lets a page do, should markup ever come in with a name.

    Args:
        styles: The page's own.
        script: The same.

    Returns:
        A content security policy: nothing is loaded, no other script runs, nothing is sent.
    """
    known = {"style-src": styles, "script-src": script}
    allowed = [
        f"{kind} 'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for kind, text in known.items()
    ]
    return "; ".join(["default-src 'none'", "img-src data:", *allowed, "base-uri 'none'", "form-action 'none'"])


def data_address(svg: bytes) -> str:
    """A picture as an address that holds all of it.

    Args:
        svg: The picture.

    Returns:
        The address, for an image's source.
    """
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
