"""What a request names, read once and put in its place: for several members, and for workers without the files."""

from typing import Any

from isthmus.data.load import load_examples, load_splits
from isthmus.evaluation.arithmetic.device import device_named
from isthmus.runs.request.inputs import own_tokenizer, read_pair
from isthmus.runs.request.request import Request
from isthmus.weights.checkpoint import Checkpoint


def with_data_in_memory(request: Request) -> Request:
    """A request whose data is read, decoded and, once it was asked for, hashed.

    Args:
        request: What is asked.

    Returns:
        The same with examples in place of names.
    """
    device, root = device_named(request.settings.device), request.data_root
    tokenizer = own_tokenizer(request.model)
    splits = load_splits(request.data, data_root=root, tokenizer=tokenizer)
    loaded: dict[str, Any] = {"data": {name: split.to(device) for name, split in splits.items()}}
    if request.recalibration_data is not None:
        loaded["recalibration_data"] = load_examples(request.recalibration_data, data_root=root, tokenizer=tokenizer)
    return request.model_copy(update=loaded)


def in_memory(request: Request) -> Request:
    """A request for two networks of which nothing has to be read any more.

    Args:
        request: What is asked.

    Returns:
        The same with checkpoints and examples in place of paths and names.
    """
    networks = [Checkpoint(dict(weights), name, notes) for weights, name, notes in read_pair(request.a, request.b)]
    return with_data_in_memory(request).model_copy(update=dict(zip("ab", networks, strict=True)))
