"""HTML from the templates, in pages that load nothing."""

import base64
from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"


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
    return environment.get_template(template).render(values)


def data_address(svg: bytes) -> str:
    """A picture as an address that holds all of it.

    Args:
        svg: The picture.

    Returns:
        The address, for an image's source.
    """
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
