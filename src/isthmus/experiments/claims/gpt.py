"""Language models: GPT pairs on characters of Shakespeare and on WikiText-2, at several steps of training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from isthmus.experiments.evidence import barriers
from isthmus.experiments.evidence.along_steps import largest_at_any_step, rows_along_training
from isthmus.experiments.evidence.evidence import Evidence
from isthmus.experiments.evidence.layerwise import error_found, loss_found
from isthmus.experiments.evidence.panels import step_panels
from isthmus.experiments.reproduction.bench import Bench
from isthmus.experiments.reproduction.pages.settings import APART, START
from isthmus.experiments.reproduction.recipes import TrainedNetworks
from isthmus.experiments.reproduction.scale import Scale

SPLITS = ("training", "validation")
TEXTS = {"tiny_shakespeare": "Shakespeare", "wikitext2": "WikiText-2", "shakespeare_small": "a page of Shakespeare"}
ALONG = {
    Scale.SMOKE: {"shakespeare_small": ("train[0:8]:length=16", "validation[0:8]:length=16")},
    Scale.SMALL: {
        "tiny_shakespeare": ("train[0:64]:length=64", "validation[0:64]:length=64"),
        "wikitext2": ("train[0:64]:length=64", "validation[0:64]:length=64"),
    },
    Scale.EVENING: {"tiny_shakespeare": ("train[0:128]:length=128", "validation[0:128]:length=128")},
    Scale.PAPER: {
        "tiny_shakespeare": ("train[0:200]", "validation[0:200]"),
        "wikitext2": ("train[0:200]:tokenizer=gpt2", "validation[0:200]:tokenizer=gpt2"),
    },
}
"""Windows to measure on at every step, by text: of the training text, and of the validation text."""
END = {
    Scale.SMOKE: {"shakespeare_small": ("train[0:16]:length=16", "validation[0:16]:length=16")},
    Scale.SMALL: {
        "tiny_shakespeare": ("train[0:192]:length=64", "validation[0:256]:length=64"),
        "wikitext2": ("train[0:192]:length=64", "validation[0:256]:length=64"),
    },
    Scale.EVENING: {"tiny_shakespeare": ("train:length=128", "validation:length=128")},
    Scale.PAPER: {
        "tiny_shakespeare": ("train[0:1000]", "validation"),
        "wikitext2": ("train[0:1000]:tokenizer=gpt2", "validation:tokenizer=gpt2"),
    },
}
"""The same at the last step, which the criteria speak of."""

PRECISION_AT_END: Mapping[Scale, float] = {Scale.EVENING: 0.02}
"""Half-widths of intervals at the last step, in nats per token, that choose how many windows are measured on; all of
them elsewhere. Along training a precision would take 2,000 windows at least at every step (`first_look`): an hour."""


@dataclass(frozen=True)
class Compared:
    """Pairs of networks of one text that differ in the same things.

    Attributes:
        words: For criteria and pictures.
        stem: Stands before the names of runs and pictures.
        pairs: Names of networks.
        drawn: The pictures along training; the others' numbers stand in the table.
    """

    words: str
    stem: str
    pairs: Sequence[tuple[str, str]]
    drawn: Sequence[str] = ("loss_training", "loss_validation", "error_training", "error_validation")


def run(bench: Bench) -> Evidence:
    """Pairs with the windows in another order, and at whole scales pairs across starts, every layer at every step.

    Args:
        bench: To work on.

    Returns:
        What was seen for each criterion, and heat maps along training for each text.
    """
    networks = bench.train_networks()
    parts: list[Evidence] = []
    for source in ALONG[bench.scale]:
        own = TrainedNetworks(networks.folder, [r for r in networks.recipes if r.data.partition(":")[0] == source])
        parts += [evidence_of(bench, source, own, compared) for compared in compared_pairs(source, own, bench.scale)]
    if len(parts) > len(ALONG[bench.scale]):
        bench.settings[START] += f"; other starts: {APART}"
    return Evidence(
        {words: found for part in parts for words, found in part.found.items()},
        [sentence for part in parts for sentence in part.obtained],
        [picture for part in parts for picture in part.pictures],
        sum(part.num_pairs for part in parts),
        [parts[0].rows[0], *(row for part in parts for row in part.rows[1:])],
    )


def evidence_of(bench: Bench, source: str, networks: TrainedNetworks, compared: Compared) -> Evidence:
    """Measure pairs of one text at every step, at whole scales only the first, and all on more windows at the last one.

    Args:
        bench: To work on.
        source: The name of the text.
        networks: Trained on it.
        compared: Which of them.

    Returns:
        What was seen for each criterion, and heat maps along training.
    """
    scale = bench.scale
    a, b = zip(*compared.pairs, strict=True)
    along = slice(1) if scale.is_whole else slice(None)
    steps = bench.measure(
        f"{compared.stem}_steps", networks.model, specs(source, ALONG[scale][source]),
        a=[networks.trajectory(name) for name in a[along]], b=[networks.trajectory(name) for name in b[along]],
    )  # fmt: skip
    end = bench.measure(
        f"{compared.stem}_end", networks.model, specs(source, END[scale][source]),
        a=[networks.final(name) for name in a], b=[networks.final(name) for name in b],
        precision=PRECISION_AT_END.get(scale),
    )  # fmt: skip
    any_step = largest_at_any_step(steps, "training")
    found = {**loss_found(end, "training"), "any_step": any_step, **error_found(end, "validation")}
    named = {split: f"{split} text of {compared.words}" for split in SPLITS}
    panels = [panel for panel in step_panels(steps, named) if panel.stem in compared.drawn]
    obtained = [f"{panel.title}: {panel.sentence}" for panel in panels[:1]]
    if scale.is_whole:
        small = bench.threshold("layer")
        obtained += [
            f"On {text}: {rows_along_training(steps, split, small)}"
            for split, text in named.items()
            if f"loss_{split}" in compared.drawn
        ]
    pictures = [replace(panel, stem=f"{compared.stem}_{panel.stem}") for panel in panels]
    return Evidence({compared.words: found}, obtained, pictures, len(compared.pairs), barriers.pair_rows(end, named))


def compared_pairs(source: str, networks: TrainedNetworks, scale: Scale) -> list[Compared]:
    """Which networks of a text are measured against each other.

    Args:
        source: The name of the text.
        networks: Trained on it.
        scale: At which scale.

    Returns:
        The pairs from one start with the windows in another order; at whole scales, where a text has two such pairs,
        also the pairs across them, which have other starts.
    """
    words, pairs = TEXTS[source], networks.pairs
    if not scale.is_whole or len(pairs) != 2:
        return [Compared(words, source, pairs)]
    # Four pictures a text: all documents together stay under four megabytes.
    orders = Compared(words, source, pairs, ("loss_training", "loss_validation", "error_validation"))
    across = list(zip(*pairs, strict=True))
    return [orders, Compared(f"{words}, other starts", f"{source}_starts", across, ("loss_training",))]


def specs(source: str, windows: tuple[str, str]) -> dict[str, str]:
    """What to measure on.

    Args:
        source: The name of a text.
        windows: Of its training and of its validation text.

    Returns:
        Specifications by the names of `SPLITS`.
    """
    return {split: f"{source}:{part}" for split, part in zip(SPLITS, windows, strict=True)}
