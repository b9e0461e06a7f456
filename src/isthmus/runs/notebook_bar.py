"""A bar under a notebook's cell, by what every notebook has: no widgets, and no package besides."""

import html
import sys
from typing import Any


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook.

    Returns:
        False in a script, a terminal and IPython's own terminal.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell is not None and hasattr(shell, "kernel")


class NotebookBar:
    """A bar that is there until it is closed.

    Attributes:
        total: At which number it is full.
    """

    def __init__(self, total: int) -> None:
        from IPython.display import HTML, display

        self.total = total
        self._html, self._handle = HTML, display(HTML(""), display_id=True)

    def show(self, done: int, words: str) -> None:
        """Draw it anew.

        Args:
            done: At which number it is.
            words: What stands beside it.
        """
        bar = f'<progress max="{self.total}" value="{done}" aria-label="progress"></progress>'
        self._update(f"{bar} {html.escape(words)}")

    def close(self) -> None:
        """Take it away."""
        self._update("")

    def _update(self, content: str) -> None:
        handle: Any = self._handle
        handle.update(self._html(content))
