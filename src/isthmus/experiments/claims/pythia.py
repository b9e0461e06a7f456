"""Language models that others trained: two Pythia models on data that they saw once."""

from collections.abc import Sequence
from pathlib import Path

from isthmus.data.places import data_root_folder
from isthmus.errors import InputError
from isthmus.experiments.evidence import barriers
from isthmus.experiments.evidence.along_steps import largest_at_any_step
from isthmus.experiments.evidence.evidence import Evidence
from isthmus.experiments.evidence.layerwise import loss_found
from isthmus.experiments.evidence.panels import step_panels
from isthmus.experiments.reproduction.bench import NETWORKS, Bench
from isthmus.experiments.reproduction.pages.settings import DATA, LENGTH, NETWORK, START, measured_rows
from isthmus.experiments.reproduction.scale import Scale
from isthmus.hugging_face import PREFIX
from isthmus.weights.step import Step
from isthmus.weights.trajectory import Trajectory

STEPS = {
    Scale.SMOKE: (0, 1),
    Scale.SMALL: (0, 20_000, 140_000),
    Scale.PAPER: (0, *range(20_000, 160_000, 20_000)),
}
NAMES = {
    Scale.SMOKE: ("tiny", "tiny-deduped"),
    Scale.SMALL: ("pythia-70m", "pythia-70m-deduped"),
    Scale.PAPER: ("pythia-410m", "pythia-410m-deduped"),
}
TEXT = {
    Scale.SMOKE: "shakespeare_small:train[0:8]:length=16",
    Scale.SMALL: "wikitext2:test[0:16]:length=256",
    Scale.PAPER: "wikitext2:test[0:400]:length=256",
}
OWNER = "EleutherAI"
WORDS = {"text": "text"}


def run(bench: Bench) -> Evidence:
    """Every layer at every step, between two networks that others trained.

    Args:
        bench: To work on; at scale smoke it makes the networks, else they are folders NAME/stepN under the data root.

    Returns:
        What was seen for each criterion, and heat maps along training.

    Raises:
        InputError: There is no such folder, and at scale small nothing is fetched in its place.
    """
    names, steps, text = NAMES[bench.scale], STEPS[bench.scale], TEXT[bench.scale]
    is_smoke = bench.scale == Scale.SMOKE
    root = bench.folder / NETWORKS if is_smoke else data_root_folder(bench.data_root)
    if is_smoke:
        save_tiny_networks(root, names, steps)
    trajectories = {name: trajectory(root, name, steps, fetched=bench.scale == Scale.PAPER) for name in names}
    first = str(next(iter(trajectories[names[0]].files.values()))).removeprefix(PREFIX)
    data = {"text": f"{text},tokenizer={'characters' if is_smoke else first}"}
    result = bench.measure("steps", f"{PREFIX}{first}", data, a=trajectories, b=None)
    bench.settings |= measured_rows("steps", {"text": text}, {}) | {NETWORK: " and ".join(names), START: "as published"}
    bench.settings |= {DATA: "by others", LENGTH: ", ".join(f"{step:,}" for step in steps) + " iterations"}
    end = result.isel(step=-1)
    found = {**loss_found(end, "text"), "any_step": largest_at_any_step(result, "text")}
    pictures = list(step_panels(result, WORDS))
    return Evidence({"": found}, [pictures[0].sentence], pictures, 1, barriers.pair_rows(end, WORDS))


def trajectory(root: Path, name: str, steps: Sequence[int], *, fetched: bool) -> Trajectory:
    """The checkpoints of a network: folders `NAME/stepN`, as `save_pretrained` writes them.

    Args:
        root: Holds the networks.
        name: Of the network.
        steps: In iterations.
        fetched: Whether a folder that is not there stands for the revision of that name, to be fetched.

    Returns:
        Step -> folder, or `hf:ID@REVISION`.

    Raises:
        InputError: A folder is not there.
    """
    files = {}
    for step in steps:
        folder = root / name / f"step{step}"
        if not folder.is_dir() and not fetched:
            raise InputError(
                "a folder with config.json, model.safetensors and the tokenizer for each of steps "
                + ", ".join(map(str, steps)),
                "no such folder",
                str(folder),
                f"download {OWNER}/{name} at revision step{step} into it, where there is a network",
            )
        files[Step(step, "it")] = folder if folder.is_dir() else Path(f"hf:{OWNER}/{name}@step{step}")
    return Trajectory(name, files)


def save_tiny_networks(root: Path, names: Sequence[str], steps: Sequence[int]) -> None:
    """Folders of tiny random GPT-NeoX, the class of Pythia, each step a random one away from the last.

    Args:
        root: Where a folder for each network is made.
        names: Of the networks.
        steps: In iterations.
    """
    import torch

    from isthmus.hugging_face import quiet, transformers_package

    transformers = transformers_package("isthmus reproduce pythia")
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = transformers.GPTNeoXConfig(vocab_size=64, max_position_embeddings=16, **sizes)
    with torch.random.fork_rng(devices=[]), torch.no_grad(), quiet(transformers):
        for seed, name in enumerate(names):
            torch.manual_seed(seed)
            model = transformers.GPTNeoXForCausalLM(config)
            for step in steps:
                model.save_pretrained(root / name / f"step{step}")
                for parameter in model.parameters():
                    parameter.add_(torch.randn_like(parameter), alpha=0.1)
