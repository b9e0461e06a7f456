"""Language models: GPT pairs on characters of Shakespeare and on WikiText-2, at several steps of training."""

from dataclasses import replace
from typing import TYPE_CHECKING

from isthmus.experiments.reproduction.claim import Claim
from isthmus.experiments.reproduction.criterion import Criterion
from isthmus.experiments.reproduction.evidence import Evidence
from isthmus.experiments.reproduction.scale import Scale

if TYPE_CHECKING:
    from isthmus.experiments.reproduction.bench import Bench
    from isthmus.report.picture import Picture

SPLITS = ("training", "validation")
TEXTS = {"tiny_shakespeare": "Shakespeare", "wikitext2": "WikiText-2", "shakespeare_small": "a page of Shakespeare"}
ALONG = {
    Scale.SMOKE: {"shakespeare_small": ("train[0:8]:length=16", "validation[0:8]:length=16")},
    Scale.SMALL: {
        "tiny_shakespeare": ("train[0:64]:length=64", "validation[0:64]:length=64"),
        "wikitext2": ("train[0:64]:length=64", "validation[0:64]:length=64"),
    },
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
    Scale.PAPER: {
        "tiny_shakespeare": ("train[0:1000]", "validation"),
        "wikitext2": ("train[0:1000]:tokenizer=gpt2", "validation:tokenizer=gpt2"),
    },
}
"""The same at the last step, which the criteria speak of."""


def run(bench: "Bench") -> Evidence:
    """Pairs from one start with the windows in another order, on two texts, every layer at every step.

    Args:
        bench: To work on.

    Returns:
        The criteria with the figures seen, and heat maps along training for each text.
    """
    from isthmus.experiments.reproduction import barriers
    from isthmus.experiments.reproduction.along_steps import never_criterion
    from isthmus.experiments.reproduction.layerwise import error_criteria, loss_criteria
    from isthmus.experiments.reproduction.panels import step_panels
    from isthmus.experiments.reproduction.recipes import TrainedNetworks

    networks = bench.networks()
    criteria: list[Criterion] = []
    pictures: list[Picture] = []
    obtained: list[str] = []
    rows: list[list[str]] = []
    for source, along in ALONG[bench.scale].items():
        own = TrainedNetworks(networks.folder, [r for r in networks.recipes if r.data.partition(":")[0] == source])
        a, b = own.trajectory_pairs
        steps = bench.measured(f"{source}_steps", own.model, specs(source, along), a=a, b=b)
        a, b = own.final_pairs
        end = bench.measured(f"{source}_end", own.model, specs(source, END[bench.scale][source]), a=a, b=b)
        found = [
            *loss_criteria(end, "training", "training text", of_full=False),
            never_criterion(steps, "training", "training text", essential=True),
            *error_criteria(end, "validation", "validation text"),
        ]
        criteria += [replace(criterion, statement=f"{TEXTS[source]}: {criterion.statement}") for criterion in found]
        named = {split: f"{split} text of {TEXTS[source]}" for split in SPLITS}
        panels = [replace(panel, stem=f"{source}_{panel.stem}") for panel in step_panels(steps, named)]
        obtained += [f"{panel.title}: {panel.sentence}" for panel in panels[:1]]
        pictures += panels
        rows += barriers.pair_rows(end, named)[1 if rows else 0 :]
    return Evidence(criteria, obtained, pictures, len(networks.pairs), rows)


def specs(source: str, windows: tuple[str, str]) -> dict[str, str]:
    """What to measure on.

    Args:
        source: The name of a text.
        windows: Of its training and of its validation text.

    Returns:
        Specifications by the names of `SPLITS`.
    """
    return {split: f"{source}:{part}" for split, part in zip(SPLITS, windows, strict=True)}


CLAIM = Claim(
    name="gpt",
    title="no single layer of a GPT has a barrier",
    figure="Language models",
    says=(
        "Two GPTs have no layer-wise barriers at any time of their training, as little as convolutional networks. In "
        "what the two differ is not known to us: here they start from the same weights and see the text in different "
        "orders."
    ),
    expected=(
        "On each text no single layer above a tenth of a nat per token, at the end and on the way, and the networks "
        "layer-wise connected by the error. Whether the full network has a barrier is shown beside it."
    ),
    paper_settings={
        "network": "GPT, 12 layers, width 768, tied embeddings, dropout 0.2",
        "trained on": "WikiText, and Shakespeare by characters; windows of 256 tokens",
        "length": "15,000 iterations",
        "mini-batch": "200 (50 × 4)",
        "optimiser": "AdamW, betas 0.9 and 0.95, weight decay 0.001",
        "learning rate": "one cycle of cosine, peak 0.002, 2 % of rise",
        "the two networks": "not known",
        "measured on": "at 0, 1500, 7500, 12,000 and 15,000 iterations, midpoint, both hosts",
    },
    times={Scale.SMOKE: "20 s", Scale.SMALL: "8 min on two cores", Scale.PAPER: "not run; hours on a GPU"},
    departures={
        Scale.SMOKE: ("Everything: tiny networks on a page of Shakespeare, a few steps.",),
        Scale.SMALL: (
            "4 layers of width 96 in place of 12 of 768, windows of 64 tokens, no dropout.",
            "The first 192 windows of each text (12,288 characters), learned by heart: at this size networks that see "
            "all of a text end at a high loss.",
            "WikiText-2 by characters, for which no tokenizer has to be fetched.",
            "On validation text such networks are confidently wrong: there the error, not the loss, is compared.",
        ),
        Scale.PAPER: (
            "WikiText-2 for the language model; the tokenizer of GPT-2 is fetched, which needs a network.",
            "Mini-batches of 200 at once, products in bfloat16.",
        ),
    },
    run=run,
)
