"""The precision that was asked."""

from isthmus.measures.intervals.sequential import AskedPrecision
from isthmus.runs.request.settings import Settings


def asked_precision(settings: Settings) -> AskedPrecision | None:
    """The precision that was asked.

    Args:
        settings: Of the measurement.

    Returns:
        None where all examples are used.
    """
    return None if settings.precision is None else AskedPrecision(settings.precision, settings.simultaneous)
