"""Pages of reproductions in the documents of a checkout, and the list of them."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from isthmus.errors import InputError
from isthmus.experiments.reproduction.claim import Claim
from isthmus.experiments.reproduction.pages.lead import MEANINGS, headline_figures
from isthmus.experiments.reproduction.pages.table import table_rows, table_text
from isthmus.experiments.reproduction.registry import known_claims
from isthmus.experiments.reproduction.scale import READ, Scale
from isthmus.files import save_whole

PAGES = "reproduction"
INDEX = "README.md"
NOT_RUN = "not run"
HEAD = """# Claims of the paper, reproduced

Each page says what the paper claims, what was typed, what was seen, and what follows from criteria stated in the code.
`isthmus reproduce --list` shows the same with the time that each takes. A claim's verdict is that of the largest scale
it was tested at; those of smaller scales stand beside it.

"""
TITLES = [
    "claim",
    "in the paper",
    "the paper's value",
    "ours, with interval",
    "scale",
    "verdict",
    "smaller scales",
]


def refuse_unfit_documents(docs: Path | None, scale: Scale) -> None:
    """Refuse what must not, or cannot, stand among the documents.

    Args:
        docs: The folder of documents; None if nothing is to be copied.
        scale: Of the reproduction.

    Raises:
        InputError: The scale is smoke, or there is no such folder.
    """
    if docs is None:
        return
    if scale == Scale.SMOKE:
        raise InputError(
            f"scale {', '.join(READ[:-1])} or {READ[-1]} for a page among the documents",
            "smoke, which is not meant to be read", "--docs",
            "leave --docs out, or write --scale small",
        )  # fmt: skip
    if not docs.is_dir():
        raise InputError("a folder of documents", "no such folder", str(docs), "name an existing one, such as docs")


def save_document(page: Path, pictures: Path, scale: Scale, docs: Path) -> Path:
    """Copy a page and its pictures (SVG) to the documents, and list it.

    Args:
        page: The page of a claim.
        pictures: The folder of its pictures.
        scale: At which scale.
        docs: The folder of documents.

    Returns:
        The copy: `reproduction/CLAIM.md`, or `reproduction/CLAIM-paper.md` at scale paper, say.
    """
    folder = docs / PAGES
    copy, text = document_file(folder, page.stem, scale), page.read_text(encoding="utf-8")
    for file in sorted(pictures.glob(f"{page.stem}_*.svg")):
        # The pictures of all scales lie in one folder.
        name = file.name if scale == Scale.SMALL else file.name.replace(".svg", f"_{scale}.svg")
        text = text.replace(f"(pictures/{file.name})", f"(pictures/{name})")
        save_whole(folder / "pictures" / name, partial(shutil.copyfile, file))
    save_whole(copy, lambda temporary: temporary.write_text(text, encoding="utf-8"))
    index = index_text(folder)
    save_whole(folder / INDEX, lambda temporary: temporary.write_text(index, encoding="utf-8"))
    return copy


def document_file(folder: Path, claim: str, scale: Scale) -> Path:
    """The name of a page among the documents.

    Args:
        folder: The pages' folder.
        claim: The claim's name.
        scale: At which scale.

    Returns:
        The file.
    """
    return folder / f"{claim}{'' if scale == Scale.SMALL else f'-{scale}'}.md"


@dataclass(frozen=True)
class Stated:
    """What a page among the documents states.

    Attributes:
        scale: At which scale.
        verdict: Its word.
        criteria: Cells of its table: statement, threshold, what was seen, outcome.
    """

    scale: Scale
    verdict: str
    criteria: tuple[tuple[str, ...], ...]


def stated_on(text: str) -> Stated | None:
    """What a page states.

    Args:
        text: From `page_text`.

    Returns:
        Scale, verdict and criteria; None if it is no such page.
    """
    match = re.search(r"^\*\*Verdict at scale (\w+): (.+)\*\*$", text, flags=re.MULTILINE)
    if not match or match[1] not in set(Scale):
        return None
    section = text.partition("\n## Verdict\n")[2].partition("\n## ")[0]
    return Stated(Scale(match[1]), match[2], tuple(map(tuple, table_rows(section)[1:])))


def documented(folder: Path, claim: str) -> dict[Scale, Stated]:
    """What the documents state of a claim.

    Args:
        folder: The pages' folder.
        claim: The claim's name.

    Returns:
        By scale, from the least to the most.
    """
    files = [document_file(folder, claim, scale) for scale in READ]
    found = [stated_on(file.read_text(encoding="utf-8")) for file in files if file.is_file()]
    return {one.scale: one for one in found if one is not None}


def checkout_pages() -> Path | None:
    """The pages' folder of the checkout that isthmus runs from.

    Returns:
        The folder; None if isthmus is installed elsewhere.
    """
    folder = Path(__file__).parents[5] / "docs" / PAGES
    return folder if folder.is_dir() else None


def index_text(folder: Path) -> str:
    """The list of all claims with their verdicts, those without a page among them.

    Args:
        folder: The pages' folder.

    Returns:
        Markdown.
    """
    rows = [TITLES]
    for claim in known_claims().values():
        rows.append(_index_row(claim, documented(folder, claim.name), folder))
    words = "\n".join(f"- **{verdict}**: {meaning}" for verdict, meaning in MEANINGS.items())
    return f"{HEAD}{table_text(rows)}\n\nWhat the verdicts mean, at the scale that stands beside them:\n\n{words}\n"


def _index_row(claim: Claim, stated: Mapping[Scale, Stated], folder: Path) -> list[str]:
    cells = [claim.title, claim.figure, claim.paper_value or "not given"]
    if not stated:
        return [*cells, "–", "–", NOT_RUN, ""]
    *smaller, largest = stated.values()

    def link(words: str, scale: Scale) -> str:
        return f"[{words}]({document_file(folder, claim.name, scale).name})"

    # Where it was seen stands on the page.
    figures = "; ".join(f"{f.label} {f.seen.partition(', ')[0]}" for f in headline_figures(claim, largest.criteria))
    beside = ", ".join(f"{link(str(one.scale), one.scale)}: {one.verdict}" for one in smaller)
    return [link(claim.title, largest.scale), *cells[1:], figures, str(largest.scale), largest.verdict, beside]
