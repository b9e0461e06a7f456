"""What every study starts from: a checked request, one split, and the manifest."""

import hashlib
import json
import platform
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import torch

from isthmus.data.examples import Examples
from isthmus.errors import InputError
from isthmus.runs.request.request import Request
from isthmus.runs.subject.subject import Subject


def only_split(subject: Subject) -> Examples:
    """The examples of a subject with one split.

    Args:
        subject: From `isthmus.runs.subject.subject_of`.

    Returns:
        Its examples, on the device.

    Raises:
        InputError: There are several splits.
    """
    if len(subject.splits) > 1:
        raise InputError("one split", f"{len(subject.splits)}: {', '.join(subject.splits)}", "data", "give one of them")
    return next(iter(subject.splits.values()))


def study_attributes(study: str, request: Request, subject: Subject, **settings: Any) -> dict[str, str | int | float]:
    """The manifest of a study, as flat attributes of its data set.

    Args:
        study: Its name.
        request: What was asked.
        subject: What it was asked of.
        settings: Settings of this study alone, and hashes of inputs that others do not have; plain values for JSON.

    Returns:
        Name, versions, names and hashes of all inputs, and `settings` as JSON. There is no time and no path in it.
    """
    examples, asked = only_split(subject), request.settings
    own = {
        **settings,
        "hosts": asked.hosts,
        "layers": asked.layers,
        "loss": asked.loss,
        "batch_norm": asked.batch_norm,
        "dtype": asked.dtype,
        "seed": asked.seed,
        **({} if asked.output is None else {"output": asked.output}),
        "layers_hash": _hash(json.dumps(list(subject.segment.layers.layers.items()))),
        "loss_hash": _hash(subject.loss.code),
    }
    return {
        "study": study,
        "isthmus_version": version("isthmus"),
        "torch_version": torch.__version__,
        "python_version": platform.python_version(),
        "model": subject.model.name,
        "model_hash": subject.model.hash,
        "name_a": subject.a.name,
        "name_b": subject.b.name,
        "hash_a": subject.a.hash,
        "hash_b": subject.b.hash,
        "data_name": examples.name,
        "data_hash": examples.content_hash,
        "num_examples": len(examples),
        "normalization": examples.normalization.shown if examples.normalization else "None",
        "layer_rule": asked.layers,
        "num_layers": len(subject.segment.layers),
        "loss": asked.loss,
        "batch_norm": asked.batch_norm,
        "dtype": asked.dtype,
        "device": str(subject.network.device),
        "seed": asked.seed,
        "notes": json.dumps([f"{n}: {note}" for n, w in (("a", subject.a), ("b", subject.b)) for note in w.notes]),
        "unidentified": json.dumps([*subject.loss.unknown, *subject.model.unknown]),
        "self_checks": json.dumps([asdict(check) for check in subject.checks]),
        "warnings": json.dumps(subject.warnings),
        "settings": json.dumps(own, sort_keys=True),
    }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
