"""Which network of isthmus a checkpoint may be of, to propose it where the one that was given does not take it."""

from collections.abc import Mapping

from isthmus.models.load import load_model, options_of
from isthmus.models.registry import MODELS
from isthmus.models.spec import RegisteredModel
from isthmus.weights.placement import entries_of_model, placement
from isthmus.weights.state import StateDict


def guessed_model(weights: StateDict) -> str | None:
    """The first registered network whose keys and shapes are those of a checkpoint.

    Args:
        weights: A state dict as it was read.

    Returns:
        A specification with the options that the checkpoint shows where they are not the usual ones, such as
        `resnet18:width=8`, and with those that it does not show and that must be given; None where no network fits.
    """
    for name, entry in MODELS.items():
        # Shapes don't depend on these, and 1 divides every width.
        unseen = {option: 1 for option, of in entry.options.items() if of.needed}
        try:
            seen = options_of(RegisteredModel(name, unseen), weights)
            network = load_model(_text(name, unseen), weights, with_values=False)
            if placement(weights, entries_of_model(network), name).difference:
                continue
        except Exception:  # what the checkpoint shows are no options of this network; a guess hides no message
            continue
        unusual = {option: value for option, value in seen.items() if value != entry.options[option].default}
        return _text(name, unusual | dict.fromkeys(unseen, "?"))
    return None


def _text(name: str, options: Mapping[str, object]) -> str:
    return f"{name}:{','.join(f'{option}={value}' for option, value in options.items())}" if options else name
