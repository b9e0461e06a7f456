"""Language models: GPT pairs on characters of Shakespeare and on WikiText-2, at several steps of training."""

from dataclasses import replace

from isthmus.experiments.evidence import barriers
from isthmus.experiments.evidence.along_steps import largest_at_any_step
from isthmus.experiments.evidence.criterion import Found
from isthmus.experiments.evidence.evidence import Evidence
from isthmus.experiments.evidence.layerwise import error_found, loss_found
from isthmus.experiments.evidence.panels import step_panels
from isthmus.experiments.reproduction.bench import Bench
from isthmus.experiments.reproduction.recipes import TrainedNetworks
from isthmus.experiments.reproduction.scale import Scale
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


def run(bench: Bench) -> Evidence:
    """Pairs from one start with the windows in another order, on two texts, every layer at every step.

    Args:
        bench: To work on.

    Returns:
        What was seen for each criterion, and heat maps along training for each text.
    """
    networks = bench.train_networks()
    found: dict[str, Found] = {}
    pictures: list[Picture] = []
    obtained: list[str] = []
    rows: list[list[str]] = []
    for source, along in ALONG[bench.scale].items():
        own = TrainedNetworks(networks.folder, [r for r in networks.recipes if r.data.partition(":")[0] == source])
        a, b = own.trajectory_pairs
        steps = bench.measure(f"{source}_steps", own.model, specs(source, along), a=a, b=b)
        a, b = own.final_pairs
        end = bench.measure(f"{source}_end", own.model, specs(source, END[bench.scale][source]), a=a, b=b)
        of_end, any_step = loss_found(end, "training"), largest_at_any_step(steps, "training")
        found[TEXTS[source]] = {**of_end, "any_step": any_step, **error_found(end, "validation")}
        named = {split: f"{split} text of {TEXTS[source]}" for split in SPLITS}
        panels = [replace(panel, stem=f"{source}_{panel.stem}") for panel in step_panels(steps, named)]
        obtained += [f"{panel.title}: {panel.sentence}" for panel in panels[:1]]
        pictures += panels
        rows += barriers.pair_rows(end, named)[1 if rows else 0 :]
    return Evidence(found, obtained, pictures, len(networks.pairs), rows)


def specs(source: str, windows: tuple[str, str]) -> dict[str, str]:
    """What to measure on.

    Args:
        source: The name of a text.
        windows: Of its training and of its validation text.

    Returns:
        Specifications by the names of `SPLITS`.
    """
    return {split: f"{source}:{part}" for split, part in zip(SPLITS, windows, strict=True)}
