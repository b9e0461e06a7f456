"""The scores in what a model returns: one tensor of several fields."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from torch import Tensor

from isthmus.errors import InputError, short_list

USUAL = "logits"


@dataclass(frozen=True)
class Output:
    """Which tensor of a model's outputs is measured.

    Attributes:
        path: A field by name, or a place by number, deeper ones after dots: "logits", "1", "decoder.last_hidden_state".
            None for the tensor that a model returns alone, its field `logits`, or the only tensor there is.
    """

    path: str | None = None

    def __call__(self, returned: Any) -> Tensor:
        """The scores.

        Args:
            returned: What the model returned.

        Returns:
            A tensor of it.

        Raises:
            InputError: There is no such field, or none is asked for and several could be meant.
        """
        if self.path is None:
            return self._usual(returned)
        found = returned
        for name in self.path.split("."):
            parts = _parts(found)
            if name not in parts:
                raise InputError(
                    f"an output {self.path!r}", _shown(found), "output", f"choose one of these: {short_list(parts)}"
                )
            found = parts[name]
        if not isinstance(found, Tensor):
            raise InputError(f"a tensor as output {self.path!r}", _shown(found), "output", "name a tensor in it")
        return found

    @staticmethod
    def _usual(returned: Any) -> Tensor:
        if isinstance(returned, Tensor):
            return returned
        parts = _parts(returned)
        found = parts.get(USUAL)
        if found is None:
            candidates = [part for part in parts.values() if isinstance(part, Tensor)]
            found = candidates[0] if len(candidates) == 1 else None
        if isinstance(found, Tensor):
            return found
        raise InputError(
            "a model that returns a tensor, or a field 'logits', or a single tensor in a dict, tuple or dataclass",
            _shown(returned),
            "model",
            f"name the field that holds the scores: output={next(iter(parts), 'NAME')} (--output)",
        )


def _parts(returned: Any) -> dict[str, Any]:
    """The fields of a dict, dataclass, object with `logits`, list or tuple, those that are None apart."""
    if isinstance(returned, Mapping):
        named = {str(name): part for name, part in returned.items()}
    elif is_dataclass(returned):
        named = {field.name: getattr(returned, field.name) for field in fields(returned)}
    elif hasattr(returned, "_asdict"):
        named = dict(returned._asdict())
        named |= {str(number): part for number, part in enumerate(returned)} if USUAL not in named else {}
    elif isinstance(returned, tuple | list):
        named = {str(number): part for number, part in enumerate(returned)}
    elif isinstance(returned, Tensor):
        named = {}
    else:
        named = dict(getattr(returned, "__dict__", {}))
        if hasattr(returned, USUAL):
            named[USUAL] = getattr(returned, USUAL)
    return {name: part for name, part in named.items() if part is not None}


def _shown(returned: Any) -> str:
    parts = _parts(returned)
    kind = type(returned).__name__
    return f"{kind} with {short_list(parts)}" if parts else kind


USUAL_OUTPUT = Output()
