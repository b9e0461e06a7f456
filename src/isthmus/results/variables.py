"""The variables of a result. Each is declared once, with its dimensions, its unit and its words.

Names are written out, so that a search for one finds its declaration. `VARIABLES` holds them all; `OF` holds those that
there are of the loss and of the error.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from isthmus.measures.averaging import RiseName
from isthmus.measures.barrier import Quantity
from isthmus.measures.estimates import Estimates

ONCE: tuple[str, ...] = ()
LAYER = ("moving",)
CUT = ("host", "moving")
ROW = (*CUT, "alpha")
REFINED = (*CUT, "refined")
FRACTION = (*CUT, "fraction")
DRAW = (*CUT, "draw", "fraction")

NATS, RATE, NUMBER, TEXT = "unit of the loss", "fraction of the examples", "1", ""
"""Units: cross-entropy is in nats (`isthmus.results.units.loss_unit` names that of any loss); errors lie in [0, 1]."""


@dataclass(frozen=True)
class Variable:
    """A variable or a coordinate of a result.

    Attributes:
        name: In the Dataset, and of the column of its table.
        dimensions: Its own. Besides, what is measured on examples varies over split and label; pairs and steps repeat
            whole results.
        unit: Of its values.
        words: What reports call it.
    """

    name: str
    dimensions: tuple[str, ...]
    unit: str
    words: str


@dataclass(frozen=True)
class Number(Variable):
    """A variable with its 95 % interval, and what else is said of it: names of the variables beside it, or "".

    Attributes:
        low: Lower end of the interval.
        high: Upper end.
        effective_examples: How many examples carry the number; "" where its interval holds for any number.
        alpha: The alpha of the maximum; "" of what is no maximum.
        at_end: Whether that is alpha 0 or 1; "" where it can't be.
        spread: Its standard deviation over draws; "" without draws.
    """

    low: str
    high: str
    effective_examples: str = ""
    alpha: str = ""
    at_end: str = ""
    spread: str = ""

    def values_of(self, found: Estimates) -> "Values":
        """Numbers with their intervals under this variable's names.

        Args:
            found: The numbers.

        Returns:
            Of the number and the ends of its interval.
        """
        return {self.name: found.value, self.low: found.low, self.high: found.high}

    @property
    def beside(self) -> dict[str, str]:
        """Field -> name of the variable, of those that stand beside this one."""
        own = {field.name for field in fields(Variable)}
        found = {field.name: getattr(self, field.name) for field in fields(self) if field.name not in own}
        return {field: name for field, name in found.items() if name}

    @property
    def declared(self) -> list[Variable]:
        """This variable and those beside it."""
        units = {"effective_examples": NUMBER, "alpha": NUMBER, "at_end": NUMBER}
        words = {
            "low": f"lower end of the 95 % interval of the {self.words}",
            "high": f"upper end of the 95 % interval of the {self.words}",
            "effective_examples": f"number of examples that carry the {self.words}",
            "alpha": f"alpha of the {self.words}",
            "at_end": f"whether the {self.words} is at alpha 0 or 1",
            "spread": f"standard deviation of the {self.words} over draws",
        }
        beside = self.beside.items()
        return [self, *(Variable(name, self.dimensions, units.get(f, self.unit), words[f]) for f, name in beside)]


@dataclass(frozen=True)
class QuantityVariables:
    """What a result says of the loss, or of the error.

    Attributes:
        mean: Mean over the examples at every row.
        excess: Of the mean over the baseline.
        refined_excess: The same at the alphas of a refinement.
        midpoint_barrier: The excess half-way, where a refinement makes the barrier another number.
        barrier: Its largest value.
        ends: Mean of the complete networks, by name.
        rises: What averaging costs the host.
        random_mean: Mean at every random direction.
        random_rise: Over the host, mean over the random directions.
        averaging_rise: Over the host, along the averaging direction at the same length.
        rise_ratio: The latter over the former.
    """

    mean: Variable
    excess: Variable
    refined_excess: Variable
    midpoint_barrier: Variable
    barrier: Number
    ends: Mapping[str, Variable]
    rises: Mapping[RiseName, Number]
    random_mean: Variable
    random_rise: Number
    averaging_rise: Number
    rise_ratio: Variable

    @property
    def declared(self) -> list[Variable]:
        """All of them."""
        numbers = (self.barrier, *self.rises.values(), self.random_rise, self.averaging_rise)
        alone = self.mean, self.excess, self.refined_excess, self.midpoint_barrier, self.random_mean, self.rise_ratio
        return [*alone, *self.ends.values(), *(variable for number in numbers for variable in number.declared)]


LOSS = QuantityVariables(
    mean=Variable("loss", ROW, NATS, "loss"),
    excess=Variable("loss_excess", ROW, NATS, "loss over the baseline"),
    refined_excess=Variable("loss_refined_excess", REFINED, NATS, "loss over the baseline at refined alphas"),
    midpoint_barrier=Variable("loss_midpoint_barrier", CUT, NATS, "loss midpoint barrier"),
    barrier=Number(
        "loss_barrier", CUT, NATS, "loss barrier", "loss_barrier_low", "loss_barrier_high",
        "loss_barrier_effective_examples", "alpha_at_loss_barrier", "loss_barrier_at_end",
    ),
    ends={"a": Variable("loss_a", ONCE, NATS, "loss of a"), "b": Variable("loss_b", ONCE, NATS, "loss of b")},
    rises={
        "rise": Number(
            "loss_rise", CUT, NATS, "loss rise", "loss_rise_low", "loss_rise_high", "loss_rise_effective_examples"
        ),
        "largest_rise": Number(
            "loss_largest_rise", CUT, NATS, "largest loss rise", "loss_largest_rise_low", "loss_largest_rise_high",
            "loss_largest_rise_effective_examples", "alpha_at_loss_largest_rise",
        ),
        "exchange_rise": Number(
            "loss_exchange_rise", CUT, NATS, "loss rise of an exchange", "loss_exchange_rise_low",
            "loss_exchange_rise_high", "loss_exchange_rise_effective_examples",
        ),
    },
    random_mean=Variable("random_loss", DRAW, NATS, "loss along a random direction"),
    random_rise=Number(
        "random_loss_rise", FRACTION, NATS, "loss rise along random directions", "random_loss_rise_low",
        "random_loss_rise_high", spread="random_loss_rise_spread",
    ),
    averaging_rise=Number(
        "averaging_loss_rise", FRACTION, NATS, "loss rise along the averaging direction", "averaging_loss_rise_low",
        "averaging_loss_rise_high",
    ),
    rise_ratio=Variable("loss_rise_ratio", FRACTION, NUMBER, "loss rise along the averaging over random directions"),
)  # fmt: skip
ERROR = QuantityVariables(
    mean=Variable("error_rate", ROW, RATE, "error"),
    excess=Variable("error_excess", ROW, RATE, "error over the baseline"),
    refined_excess=Variable("error_refined_excess", REFINED, RATE, "error over the baseline at refined alphas"),
    midpoint_barrier=Variable("error_midpoint_barrier", CUT, RATE, "error midpoint barrier"),
    barrier=Number(
        "error_barrier", CUT, RATE, "error barrier", "error_barrier_low", "error_barrier_high",
        alpha="alpha_at_error_barrier", at_end="error_barrier_at_end",
    ),
    ends={"a": Variable("error_a", ONCE, RATE, "error of a"), "b": Variable("error_b", ONCE, RATE, "error of b")},
    rises={
        "rise": Number("error_rise", CUT, RATE, "error rise", "error_rise_low", "error_rise_high"),
        "largest_rise": Number(
            "error_largest_rise", CUT, RATE, "largest error rise", "error_largest_rise_low", "error_largest_rise_high",
            alpha="alpha_at_error_largest_rise",
        ),
        "exchange_rise": Number(
            "error_exchange_rise", CUT, RATE, "error rise of an exchange", "error_exchange_rise_low",
            "error_exchange_rise_high",
        ),
    },
    random_mean=Variable("random_error_rate", DRAW, RATE, "error along a random direction"),
    random_rise=Number(
        "random_error_rise", FRACTION, RATE, "error rise along random directions", "random_error_rise_low",
        "random_error_rise_high", spread="random_error_rise_spread",
    ),
    averaging_rise=Number(
        "averaging_error_rise", FRACTION, RATE, "error rise along the averaging direction", "averaging_error_rise_low",
        "averaging_error_rise_high",
    ),
    rise_ratio=Variable("error_rise_ratio", FRACTION, NUMBER, "error rise along the averaging over random directions"),
)  # fmt: skip
OF: Mapping[Quantity, QuantityVariables] = {"loss": LOSS, "error": ERROR}

RISE_SHARE = Number(
    "loss_rise_share", CUT, NUMBER, "layer's loss rise over its part of the full network's", "loss_rise_share_low",
    "loss_rise_share_high",
)  # fmt: skip
AXES = (
    Variable("pair", ("pair",), TEXT, "pair of networks"),
    Variable("step", ("step",), TEXT, "time in training"),
    Variable("split", ("split",), TEXT, "split of the data"),
    Variable("label", ("label",), NUMBER, "class"),
    Variable("host", ("host",), TEXT, "host"),
    Variable("moving", LAYER, TEXT, "moving layers"),
    Variable("alpha", ("alpha",), NUMBER, "alpha, from host to donor"),
    Variable("refined", ("refined",), NUMBER, "number of a refined alpha"),
    Variable("draw", ("draw",), NUMBER, "number of a random direction"),
    Variable("fraction", ("fraction",), NUMBER, "part of the averaging step's length"),
)
"""The coordinate of every dimension that a result can have, the slowest first."""
DIMENSIONS = tuple(axis.name for axis in AXES)
COORDINATES = (
    *AXES,
    Variable("sweep", LAYER, TEXT, "sweep"),
    Variable("layers_moved", LAYER, TEXT, "layers that move"),
    Variable("rise_alpha", ONCE, NUMBER, "alpha of the rise"),
    Variable("refined_alpha", REFINED, NUMBER, "alpha of the refinement"),
    Variable("label_name", ("label",), TEXT, "name of the class"),
    Variable("name_a", ("pair",), TEXT, "name of network a"),
    Variable("name_b", ("pair",), TEXT, "name of network b"),
    Variable("iteration", ("step",), "mini-batches", "mini-batches of training"),
)
EARLIER = (
    Variable("loss_interval_trusted", CUT, TEXT, "whether the loss's intervals are trusted"),
    Variable("error_interval_trusted", CUT, TEXT, "whether the error's intervals are trusted"),
    Variable("loss_barrier_per_squared_distance", CUT, NATS, "loss barrier per squared distance"),
    Variable("loss_barrier_per_parameter", CUT, NATS, "loss barrier per parameter"),
)
"""Variables of runs made by version 0.1.0."""
VARIABLES: Mapping[str, Variable] = {
    variable.name: variable
    for variable in (
        *LOSS.declared,
        *ERROR.declared,
        *RISE_SHARE.declared,
        Variable("num_examples", CUT, NUMBER, "number of examples"),
        Variable("num_end_examples", ONCE, NUMBER, "number of examples of the complete networks"),
        Variable("loss_barrier_ratio", CUT, NUMBER, "layer's loss barrier over its part of the full network's"),
        Variable("loss_rise_per_squared_distance", CUT, NATS, "loss rise per squared distance"),
        Variable("loss_rise_per_parameter", CUT, NATS, "loss rise per parameter"),
        Variable("distance", LAYER, NUMBER, "distance of the two networks"),
        Variable("relative_distance", LAYER, NUMBER, "distance over the networks' mean norm"),
        Variable("cosine", LAYER, NUMBER, "cosine of the two networks"),
        Variable("cosine_status", LAYER, TEXT, "whether the cosine is defined"),
        Variable("num_parameters", LAYER, NUMBER, "number of parameters"),
        *COORDINATES,
        *EARLIER,
    )
}
"""Name -> declaration, of every variable and coordinate."""
NUMBERS: Mapping[str, Number] = {name: found for name, found in VARIABLES.items() if isinstance(found, Number)}
"""Those with an interval."""
Values = dict[str, Any]
"""Name of a variable -> its values; what they vary over stands in `VARIABLES`."""


def with_dimensions(
    values: Values, of: Mapping[str, Variable] = VARIABLES, apart: tuple[str, ...] = ONCE
) -> dict[str, tuple[tuple[str, ...], Any]]:
    """Values as a Dataset takes them.

    Args:
        values: Of declared variables.
        of: Which are declared; those of a study stand in `isthmus.results.studies`.
        apart: Dimensions that the values don't have yet.

    Returns:
        Name -> (dimensions, values).
    """
    return {
        name: (tuple(dim for dim in of[name].dimensions if dim not in apart), array) for name, array in values.items()
    }
