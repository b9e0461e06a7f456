"""The settings of a study, checked before anything is loaded."""

from typing import Any

from isthmus.errors import InputError
from isthmus.runs.request.request import ASKED, Request, request_of

EVERY_STUDY = ("layers", "loss", "output", "dtype", "device", "batch_size", "data_root", "resume")
"""Settings of a measurement that every study has too."""
CURVATURE = (*EVERY_STUDY, "hosts", "batch_norm", "seed")
ATTRIBUTION = (*EVERY_STUDY, "hosts", "batch_norm", "engine", "seed")
SIMILARITY = (*EVERY_STUDY, "alphas", "batch_norm", "sweep")
NOISE = (*EVERY_STUDY, "sweep", "hosts", "engine", "seed", "progress")


def study_request(
    model: object, a: object, b: object, data: object, study: tuple[str, ...], **settings: Any
) -> Request:
    """What is asked of a study.

    Args:
        model: As `isthmus.measure`.
        a: As `isthmus.measure`.
        b: As `isthmus.measure`.
        data: As `isthmus.measure`.
        study: The settings that the study has.
        settings: Some of them, and `out`, by name.

    Returns:
        The request.

    Raises:
        InputError: A setting is not allowed, or the study has no use for it; also BatchNorm policy `recalibrate`, under
            which a network's statistics depend on all of its weights, unless the study takes data for it.
    """
    if settings.get("batch_norm") == "recalibrate" and "recalibration_data" not in study:
        raise InputError(
            "interpolate or host",
            "'recalibrate'",
            "--batch-norm (batch_norm= in Python)",
            "choose one of these for this study; isthmus measure recalibrates",
        )
    request = request_of(model, a, b, data, **settings)
    for name, field in ASKED.items():
        value = getattr(request if name in Request.model_fields else request.settings, name)
        if name not in (*study, "out") and value != field.default:
            raise InputError(f"settings of this study: {', '.join(study)}", f"{name}={value!r}", name, "leave it out")
    return request


def valid_count(name: str, number: int, least: int) -> int:
    """A count that is large enough.

    Args:
        name: Of the argument, such as "num_probes".
        number: What was given.
        least: The smallest that is allowed.

    Returns:
        The number.

    Raises:
        InputError: It is smaller, or no whole number.
    """
    if isinstance(number, bool) or not isinstance(number, int) or number < least:
        option = f"--{name.replace('_', '-')} ({name}= in Python)"
        raise InputError(f"a whole number of at least {least}", repr(number), option, f"write {max(least, 8)}")
    return number
