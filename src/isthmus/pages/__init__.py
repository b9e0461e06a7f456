"""Pages: one file each, readable without isthmus."""

from isthmus.pages.run import page, save_report

__all__ = ["page", "save_report"]
