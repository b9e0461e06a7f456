"""What is read from pictures."""

from xml.etree import ElementTree


def texts(svg: bytes) -> list[str]:
    """What a picture says, in the order of its file."""
    return [
        "".join(element.itertext()) for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    ]
