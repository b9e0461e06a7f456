"""Results in, picture or page out; nothing is computed here."""

from isthmus.report.bars import bars
from isthmus.report.curves import curves
from isthmus.report.distances import distances
from isthmus.report.folder import save_report
from isthmus.report.heatmap import heatmap
from isthmus.report.page import page
from isthmus.report.reading import reading
from isthmus.report.text import summary_texts

__all__ = [
    "bars",
    "curves",
    "distances",
    "heatmap",
    "page",
    "reading",
    "save_report",
    "summary_texts",
]
