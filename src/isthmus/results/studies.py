"""The variables of studies and of answers to questions: of each, every name once, with dimensions, unit and words.

Names are written out, as those of a result are (`isthmus.results.variables`); where a question has a variable of a
result, over its own dimensions, it says what its words are here.
"""

from collections.abc import Mapping

from isthmus.results.variables import CUT, LAYER, NATS, NUMBER, ONCE, RATE, TEXT, Number, Variable

Declared = Mapping[str, Variable]
"""Name -> declaration, of all that one study or answer holds."""
HOST = ("host",)
OF_LAYER = ("host", "layer")
OF_PAIR = (*OF_LAYER, "other_layer")
NOISE_ROW = (*CUT, "kind", "sigma")
COMPARED = ("compared", "alpha")
COST = ("moving", "host", "data")
INNER = (*CUT, "alpha")
PATH = ("path", "alpha")
ANGLE, COSINE = "degrees", "1"


def _declared(*variables: Variable) -> Declared:
    every = [one for found in variables for one in (found.declared if isinstance(found, Number) else [found])]
    assert len({one.name for one in every}) == len(every), "a name is declared once"
    return {one.name: one for one in every}


def _axis(name: str, words: str, unit: str = TEXT) -> Variable:
    return Variable(name, (name,), unit, words)


HOST_AXIS = _axis("host", "network whose other layers stay")
MOVING_AXIS = _axis("moving", "layers that move together")
LAYER_AXIS = _axis("layer", "layer")
OTHER_LAYER_AXIS = _axis("other_layer", "the other layer of a pair")
ALPHA_AXIS = _axis("alpha", "position between host and donor", NUMBER)
SPLIT_AXIS = _axis("split", "split of the data")
SWEEP = Variable("sweep", LAYER, TEXT, "sweep")
LAYERS_MOVED = Variable("layers_moved", LAYER, TEXT, "layers that move")

SHAPLEY = Number(
    "shapley", OF_LAYER, NATS, "layer's part of the full loss rise", "shapley_low", "shapley_high",
    "shapley_effective_examples",
)  # fmt: skip
ALONE = Number(
    "alone", OF_LAYER, NATS, "loss rise of the layer alone", "alone_low", "alone_high", "alone_effective_examples"
)
FULL_RISE = Number("full_rise", HOST, NATS, "loss rise of the full network", "full_rise_low", "full_rise_high")
INTERACTION = Number(
    "interaction", OF_PAIR, NATS, "rise of two layers over the sum of their own", "interaction_low", "interaction_high"
)
ORDERS_LOW = Variable("shapley_orders_low", OF_LAYER, NATS, "lower end of the part's 95 % interval over orders")
ORDERS_HIGH = Variable("shapley_orders_high", OF_LAYER, NATS, "upper end of the part's 95 % interval over orders")
ATTRIBUTION = _declared(
    SHAPLEY, ALONE, FULL_RISE, ORDERS_LOW, ORDERS_HIGH, INTERACTION,
    Variable("distance_share", OF_LAYER, NUMBER, "layer's part of the squared distance"),
    Variable("num_parameters", OF_LAYER, NUMBER, "number of parameters"),
    HOST_AXIS, LAYER_AXIS, OTHER_LAYER_AXIS,
)  # fmt: skip

RISE = Number("rise", OF_LAYER, NATS, "rise of the layer alone", "rise_low", "rise_high")
INTERACTIONS = _declared(
    RISE, INTERACTION, SPLIT_AXIS, HOST_AXIS, LAYER_AXIS, OTHER_LAYER_AXIS,
    Variable("alpha", ONCE, NUMBER, "position between host and donor"),
)  # fmt: skip

MEASURED_RISE = Number(
    "measured_rise", CUT, NATS, "measured midpoint rise", "measured_rise_low", "measured_rise_high",
    "measured_rise_effective_examples",
)  # fmt: skip
MEASURED_EXCESS = Number(
    "measured_full_excess", HOST, NATS, "full network's measured midpoint excess", "measured_full_excess_low",
    "measured_full_excess_high",
)  # fmt: skip
# Over layers too: rows in which nothing moves carry no mark (`unmark_where_nothing_moves`), whatever the number is of.
EXCESS_CARRIERS = Variable(
    "measured_full_excess_effective_examples", CUT, NUMBER, "number of examples that carry the full network's excess"
)
CURVATURE = _declared(
    Variable("slope", CUT, NATS, "slope at the host"),
    Variable("curvature", CUT, NATS, "curvature at the host"),
    Variable("predicted_rise", CUT, NATS, "predicted midpoint rise"),
    Variable("predicted_cut_excess", CUT, NATS, "predicted midpoint excess over the cut's own chord"),
    MEASURED_RISE,
    MEASURED_EXCESS,
    EXCESS_CARRIERS,
    Variable("predicted_full_excess", HOST, NATS, "full network's excess by the curvature at the midpoint"),
    Variable("loss_host", HOST, NATS, "loss of the host"),
    Variable("hessian_trace", CUT, NATS, "trace of the layer's block of the Hessian"),
    Variable("hessian_trace_error", CUT, NATS, "standard error of the trace"),
    Variable("random_rise", CUT, NATS, "rise along a random direction of the same length"),
    Variable("random_rise_error", CUT, NATS, "standard error of the rise along a random direction"),
    Variable("distance", CUT, NUMBER, "distance of the two networks"),
    Variable("num_parameters", CUT, NUMBER, "number of parameters"),
    HOST_AXIS, MOVING_AXIS,
)  # fmt: skip

NOISE_RISE = Number(
    "loss_rise", NOISE_ROW, NATS, "loss rise, mean over draws", "loss_rise_low", "loss_rise_high",
    "loss_rise_effective_examples", spread="loss_rise_spread",
)  # fmt: skip
NOISE = _declared(
    NOISE_RISE,
    Variable("loss", (*NOISE_ROW, "draw"), NATS, "loss"),
    Variable("error_rate", (*NOISE_ROW, "draw"), RATE, "error"),
    Variable("loss_a", ONCE, NATS, "loss of a"),
    Variable("loss_b", ONCE, NATS, "loss of b"),
    Variable("rank", LAYER, NUMBER, "dimensions that training moved in"),
    Variable("null_dimension", LAYER, NUMBER, "dimensions that training did not move in"),
    Variable("distance", LAYER, NUMBER, "distance of the two networks"),
    Variable("length", ("moving", "sigma"), NUMBER, "length of the noise in weight space"),
    Variable("fraction", ("moving", "sigma"), NUMBER, "length of the noise over the distance"),
    Variable("num_parameters", LAYER, NUMBER, "number of parameters"),
    Variable("num_snapshots", ONCE, NUMBER, "checkpoints that span the subspace"),
    HOST_AXIS, MOVING_AXIS, SWEEP, LAYERS_MOVED,
    _axis("kind", "kind of noise"), _axis("sigma", "length of the noise as asked for", NUMBER),
    _axis("draw", "number of a draw", NUMBER),
)  # fmt: skip

BLEND = Number(
    "blend_dissimilarity", ("layer", "alpha"), COSINE, "1 - cos of the blend's features and the blended features",
    "blend_dissimilarity_low", "blend_dissimilarity_high",
)  # fmt: skip
NETWORKS = Number(
    "network_dissimilarity", ("layer",), COSINE, "1 - cos of the two networks' features", "network_dissimilarity_low",
    "network_dissimilarity_high",
)  # fmt: skip
AGREEMENT = Number(
    "agreement", COMPARED, RATE, "part of the examples with the same prediction", "agreement_low", "agreement_high"
)
SIMILARITY = _declared(
    BLEND, NETWORKS, AGREEMENT,
    Variable("blend_dissimilarity_num_undefined", ("layer", "alpha"), NUMBER, "examples without the blend's angle"),
    Variable("network_dissimilarity_num_undefined", ("layer",), NUMBER, "examples without an angle"),
    Variable("feature_status", ("layer",), TEXT, "whose features these are"),
    Variable("distance", ("layer",), NUMBER, "distance of the two networks"),
    Variable("relative_distance", ("layer",), NUMBER, "distance over the networks' mean norm"),
    Variable("cosine", ("layer",), COSINE, "cosine of the two networks"),
    Variable("cosine_status", ("layer",), TEXT, "whether the cosine is defined"),
    Variable("num_parameters", ("layer",), NUMBER, "number of parameters"),
    Variable("distance_from_initial", ("network", "layer"), NUMBER, "distance from the initial weights"),
    Variable("cosine_to_initial", ("network", "layer"), COSINE, "cosine to the initial weights"),
    Variable("branch_cosine", ("layer",), COSINE, "cosine of the two ways from the common start"),
    Variable("branch_angle_degrees", ("layer",), ANGLE, "angle of the two ways from the common start"),
    LAYER_AXIS, ALPHA_AXIS, _axis("compared", "which two are compared"), _axis("network", "network"),
)  # fmt: skip

SMALLEST_BEND = Number(
    "smallest_second_difference", CUT, NATS, "smallest second difference of the loss",
    "smallest_second_difference_low", "smallest_second_difference_high", "second_difference_effective_examples",
    "alpha_at_smallest_second_difference",
)  # fmt: skip
CONVEXITY = _declared(
    SMALLEST_BEND,
    Variable("convexity", CUT, TEXT, "whether the cut is convex"),
    Variable("second_difference", INNER, NATS, "second difference of the loss"),
    Variable("tolerance", INNER, NATS, "how far below zero rounding may push it"),
    HOST_AXIS, MOVING_AXIS, ALPHA_AXIS, SWEEP, LAYERS_MOVED,
    Variable("rise_alpha", ONCE, NUMBER, "alpha of the rise"),
)  # fmt: skip

COST_RISE = Number("rise", COST, NATS, "loss rise over the host", "rise_low", "rise_high")
COST_SHARE = Number("share", COST, NUMBER, "rise over that of averaging everything", "share_low", "share_high")
ABOVE_FULL = Number(
    "above_full", ("averaged",), NATS, "loss over that after averaging everything", "above_full_low", "above_full_high"
)
CLIENT_COSTS = _declared(
    COST_RISE, COST_SHARE, ABOVE_FULL,
    Variable("loss", COST, NATS, "loss"),
    Variable("loss_host", ("host", "data"), NATS, "loss of the host"),
    MOVING_AXIS, HOST_AXIS, SWEEP, _axis("data", "whose examples"), _axis("averaged", "layers averaged"),
)  # fmt: skip

STUDIES: Mapping[str, Declared] = {
    "attribution": ATTRIBUTION, "curvature": CURVATURE, "subspace": NOISE, "similarity": SIMILARITY,
}  # fmt: skip
"""By the name under which a study is stored."""

THEOREM_PATHS = _declared(
    Variable("w1", PATH, NUMBER, "first weight"),
    Variable("w2", PATH, NUMBER, "second weight"),
    Variable("loss", PATH, "squared error", "measured loss"),
    Variable("closed_form", PATH, "squared error", "loss by its formula"),
    Variable("convexity", ("path",), TEXT, "whether the path is convex"),
    ALPHA_AXIS, _axis("path", "path between the two networks"),
)  # fmt: skip
THEOREM_CUTS = _declared(
    Variable("relative_excess", ("cut", "alpha"), NUMBER, "excess over the chord, over the cut's largest loss"),
    Variable("midpoint_over_models", ("cut",), "squared error", "midpoint's loss over the two networks' mean"),
    Variable("convexity", ("cut",), TEXT, "whether the cut is convex"),
    ALPHA_AXIS,
    Variable("pair", ("cut",), NUMBER, "number of the pair"),
    Variable("num_layers", ("cut",), NUMBER, "layers of the pair"),
    Variable("host", ("cut",), TEXT, "network whose other layers stay"),
    Variable("moving", ("cut",), TEXT, "layers that move together"),
)  # fmt: skip
