"""Results in, pictures and text out; nothing is computed here."""

from isthmus.report.barriers.bars import bars
from isthmus.report.barriers.curves import curves
from isthmus.report.barriers.distances import distances
from isthmus.report.barriers.heatmap import heatmap
from isthmus.report.barriers.reading import reading
from isthmus.report.barriers.terminal import summary_texts

__all__ = [
    "bars",
    "curves",
    "distances",
    "heatmap",
    "reading",
    "summary_texts",
]
