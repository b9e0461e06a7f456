"""Every question of isthmus on four small networks: what to type, the picture, and what it shows.

    python examples/questions.py --out questions           (about ten minutes on two cores)
    python examples/questions.py --out quick --quick       (a minute; the pictures are meaningless)

It trains the networks of `recipes/questions.toml` on data that ships with the package, asks every question with the
command that a user would type, and writes `questions.md` with the pictures beside it. `docs/questions.md` is its
output, copied with `--docs docs`.
"""

import argparse
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import isthmus
from isthmus.pages.questions import question_pictures
from isthmus.report.barriers.reading import reading
from isthmus.report.collections.pictures import collection_pictures

ROOT = Path(__file__).parent.parent
RECIPE = ROOT / "recipes" / "questions.toml"
MODEL, DATA = "cnn:width=12,channels=1", "fashion_mnist_small"


@dataclass(frozen=True)
class Asked:
    """A question, the command that answers it, and the picture to show.

    Attributes:
        title: The question.
        command: Arguments of `isthmus`, without `--out`; `{last}` is the name of the last checkpoint.
        picture: The stem of the picture.
        explanation: How to read it, in a sentence or two.
    """

    title: str
    command: str
    picture: str
    explanation: str


ON = f"--model {MODEL} --data {DATA}:train[0:1000]"
PAIR = f"measure a/{{last}} b/{{last}} {ON}"
QUESTIONS = {
    "single": Asked(
        "Which layers can be averaged?", PAIR, "loss_bars",
        "What averaging costs: the full network at the top on its own scale, every layer alone below, with both "
        "networks as host. A diamond is the paper's barrier, which counts from the mean of both networks.",
    ),
    "alphas": Asked(
        "What does the way between look like, and where is it worst?", f"{PAIR} --alphas auto", "loss_curves",
        "The rise over the host along alpha. The paper's barriers count from the dotted line. `auto` adds points near "
        "the maximum of every curve. The table lists separately the midpoint (averaging), the largest rise between "
        "the networks, and alpha 1 (an exchange, which averages nothing).",
    ),
    "cumulative": Asked(
        "How does the cost grow as layers join?",
        f"{PAIR} --sweep cumulative:shallow_first --sweep cumulative:deep_first --sweep cumulative:ends_first "
        "--sweep cumulative:random:0,1,2", "loss_cumulative",
        "One line for each order: from the input, from the output, from both ends, at random. The barriers are below.",
    ),
    "windows": Asked(
        "Which neighbours can be averaged together?", f"{PAIR} --sweep single --sweep window:2 --sweep window:3",
        "loss_windows",
        "Every run of L consecutive layers, named after its first layer.",
    ),
    "pairs": Asked(
        "Do the costs of two layers add up?", f"{PAIR} --sweep single --sweep pairs", "loss_interactions",
        "The interaction R_ij − R_i − R_j of the rises over the host. Red pairs cost more together than the sum of "
        "both alone."
    ),
    "attribution": Asked(
        "Which layers make the cost of averaging everything?", f"attribute a/{{last}} b/{{last}} {ON}", "attribution",
        "Shapley values: what a layer adds to those averaged before it, on average over all orders. They add up to the "
        "full rise. A diamond is what the layer costs alone.",
    ),
    "directions": Asked(
        "Is the averaging direction special?", f"{PAIR} --directions 5", "loss_robustness",
        "The rise along the averaging direction and along random directions of exactly the same length, layer by "
        "layer.",
    ),
    "normalised": Asked(
        "Does a layer cost little only because it is small?", PAIR, "loss_normalised",
        "The rise per layer (r: 1 is an even share of the full network's), per squared distance, and per parameter.",
    ),
    "steps": Asked(
        "When in training does averaging begin to cost?", f"measure a c {ON}", "loss_steps",
        "Two folders of checkpoints, here of two initialisations, give layers against time. The report also has the "
        "paper's picture, which shows barriers.",
    ),
    "many": Asked(
        "Does it hold for other pairs?", f"measure a/{{last}} b/{{last}} c/{{last}} d/{{last}} {ON}", "loss_pairs",
        "All pairs of several networks. `isthmus.replicates` gives mean and spread over pairs.",
    ),
    "curvature": Asked(
        "Do slope and curvature at the host predict it?", f"curvature a/{{last}} d/{{last}} {ON}", "curvature",
        "The second-order prediction of every layer's midpoint rise against the measured one, for a pair that split "
        "late.",
    ),
    "similarity": Asked(
        "Do features mix as weights do?", f"similarity a/{{last}} b/{{last}} {ON}", "similarity",
        "Layer-wise linear feature connectivity: compares the features of the blend with the blend of features.",
    ),
    "subspace": Asked(
        "What about noise inside the training subspace?", f"subspace a b {ON}", "subspace",
        "Gaussian noise in the span of all snapshots and in its null space, compared with the way to the other "
        "network.",
    ),
}  # fmt: skip


def main() -> None:
    """Train, ask, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--docs", type=Path, help="copy the page and its pictures there")
    parser.add_argument("--quick", action="store_true", help="one epoch, few images")
    parser.add_argument("--only", nargs="*", choices=sorted(QUESTIONS), default=list(QUESTIONS))
    options = parser.parse_args()
    recipe, length = RECIPE, "12ep"
    options.out.mkdir(parents=True, exist_ok=True)
    if options.quick:
        recipe, length = options.out / "quick.toml", "2ep"
        text = RECIPE.read_text(encoding="utf-8")
        recipe.write_text(text.replace('"12ep"', '"2ep"').replace('"8ep"', '"1ep"').replace(":train", ":train[0:200]"))
    _isthmus(f"train {shlex.quote(str(recipe.resolve()))} --out networks --resume", options.out)
    sections = []
    for name in options.only:
        asked = QUESTIONS[name]
        command = asked.command.format(last=f"{length}.safetensors")
        if options.quick:
            command = command.replace("[0:1000]", "[0:40]")
        if not (options.out / name / "report.html").is_file():
            shutil.rmtree(options.out / name, ignore_errors=True)
            _isthmus(f"{command} --out ../{name}", options.out / "networks")
        picture = options.out / "pictures" / f"question_{name}.svg"
        picture.parent.mkdir(exist_ok=True)
        shutil.copy(options.out / name / "figures" / f"{asked.picture}.svg", picture)
        sections.append(
            f"## {asked.title}\n\n```\nisthmus {command}\n```\n\n{asked.explanation}\n\n"
            f"![{asked.title}](pictures/{picture.name})\n\n*{_sentence(options.out / name, asked.picture)}*\n"
        )
    page = options.out / "questions.md"
    page.write_text(_HEAD + "\n".join(sections) + _TAIL, encoding="utf-8")
    if options.docs:
        shutil.copy(page, options.docs / "questions.md")
        shutil.copytree(options.out / "pictures", options.docs / "pictures", dirs_exist_ok=True)
    print(page)


def _isthmus(arguments: str, folder: Path) -> None:
    command = [str(Path(sys.executable).parent / "isthmus"), *shlex.split(arguments)]
    print("isthmus", arguments, file=sys.stderr, flush=True)
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def _sentence(folder: Path, picture: str) -> str:
    """What the report says about the picture."""
    if (folder / "study.json").is_file():
        from isthmus.pages.study import STUDIES

        study = isthmus.load_study(folder)
        return STUDIES[study.attrs["study"]].sentence(study)
    result = isthmus.load_run(folder)
    if "pair" in result.dims or "step" in result.dims:
        return next(drawn.sentence for drawn in collection_pictures(result) if drawn.stem == picture)
    sentences = {drawn.stem: drawn.sentence for drawn in question_pictures(result)}
    return sentences.get(picture) or reading(result)[0]


_HEAD = f"""# Questions

Questions about trained networks: what to type, and what the answer looks like. All pictures show four small
networks ({MODEL}, trained on {DATA} by
[`recipes/questions.toml`](../recipes/questions.toml)): b starts where a does and sees the images in another order. c
starts elsewhere. d splits from a after two thirds of the training. The sentence under each picture comes from the
report. [`examples/questions.py`](../examples/questions.py) makes this page.

"""
_TAIL = """
## And the theory?

```
isthmus explain theorem
```

draws the paper's minimal example and checks that deep linear networks are convex along every layer:
[`theorem.md`](theorem.md). `isthmus.convexity(result)` asks the same of any measurement.

![Loss surface of the diagonal example](pictures/theorem_surface.svg)
"""

if __name__ == "__main__":
    main()
