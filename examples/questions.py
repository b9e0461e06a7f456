"""Every question of isthmus on four small networks: what to type, the picture, and what it shows.

    python examples/questions.py --out questions           (about ten minutes on two cores)
    python examples/questions.py --out quick --quick       (a minute; the pictures mean nothing)

It trains the networks of `recipes/questions.toml` on data that ships with the package, asks every question by the
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
from isthmus.pages.questions import questions_of
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
        "What averaging costs: the full network above on its own scale, every layer alone below, both networks as "
        "host. A diamond is the paper's barrier, which counts from the mean of both networks.",
    ),
    "alphas": Asked(
        "What does the way between look like, and where is it worst?", f"{PAIR} --alphas auto", "loss_curves",
        "The rise over the host along alpha; the dotted line is what the paper's barriers count from. `auto` adds "
        "points about the maximum of every curve. The table tells the midpoint (averaging), the largest rise between "
        "the networks and alpha 1 (an exchange, which averages nothing) apart.",
    ),
    "cumulative": Asked(
        "How does the cost grow as layers join?",
        f"{PAIR} --sweep cumulative:shallow_first --sweep cumulative:deep_first --sweep cumulative:ends_first "
        "--sweep cumulative:random:0,1,2", "loss_cumulative",
        "One line an order: from the input, from the output, from both ends, at random; the barriers below.",
    ),
    "windows": Asked(
        "Which neighbours can be averaged together?", f"{PAIR} --sweep single --sweep window:2 --sweep window:3",
        "loss_windows", "Every run of L consecutive layers, named by its first.",
    ),
    "pairs": Asked(
        "Do the costs of two layers add up?", f"{PAIR} --sweep single --sweep pairs", "loss_interactions",
        "The interaction R_ij − R_i − R_j of the rises over the host: red pairs cost more together than alone.",
    ),
    "directions": Asked(
        "Is the averaging direction special?", f"{PAIR} --directions 5", "loss_robustness",
        "The rise along it beside that along random directions of exactly the same length, layer by layer.",
    ),
    "normalised": Asked(
        "Does a layer cost little only because it is small?", PAIR, "loss_normalised",
        "The rise per layer (r: 1 would be an even share of the full network's), per squared distance, per parameter.",
    ),
    "steps": Asked(
        "When in training does averaging begin to cost?", f"measure a c {ON}", "loss_steps",
        "Two folders of checkpoints give layers against time, here of two initialisations; the report has the paper's "
        "picture, of barriers, beside it.",
    ),
    "many": Asked(
        "Does it hold for other pairs?", f"measure a/{{last}} b/{{last}} c/{{last}} d/{{last}} {ON}", "loss_pairs",
        "All pairs of several networks; `isthmus.replicates` gives mean and spread over pairs.",
    ),
    "curvature": Asked(
        "Do slope and curvature at the host predict it?", f"curvature a/{{last}} d/{{last}} {ON}", "curvature",
        "The second-order prediction of every layer's midpoint rise against the measured one, for a late-spawned pair.",
    ),
    "similarity": Asked(
        "Do features mix as weights do?", f"similarity a/{{last}} b/{{last}} {ON}", "similarity",
        "Layer-wise linear feature connectivity: features of the blend against the blend of features.",
    ),
    "subspace": Asked(
        "What about noise inside the training subspace?", f"subspace a b {ON}", "subspace",
        "Gaussian noise in the span of all snapshots, in its null space, and the way to the other network.",
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
    for question in questions_of(result):
        if question.stem == picture:
            return question.sentence(result, None)
    return reading(result)[0]


_HEAD = f"""# Questions

What can be asked of trained networks, what to type, and what the answer looks like. All pictures are of four small
networks ({MODEL}, trained on {DATA} by
[`recipes/questions.toml`](../recipes/questions.toml)): b starts where a does and sees the images in another order, c
starts elsewhere, d leaves a after two thirds of its training. The sentence under each picture is the one that the
report computes. Everything here is made by [`examples/questions.py`](../examples/questions.py).

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
