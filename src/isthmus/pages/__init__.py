"""Pages: one file each, readable without isthmus."""

from isthmus.pages.folder import save_report
from isthmus.pages.run import page

__all__ = ["page", "save_report"]
