"""Pages of reproductions in the documents of a checkout, and the list of them."""

import shutil
from functools import partial
from pathlib import Path

from isthmus.errors import InputError
from isthmus.experiments.reproduction.page import table_text, verdict_on_page
from isthmus.experiments.reproduction.registry import known_claims
from isthmus.experiments.reproduction.scale import Scale
from isthmus.files import save_whole

PAGES = "reproduction"
INDEX = "README.md"
NOT_RUN = "not run"
HEAD = """# Claims of the paper, reproduced

Each page says what the paper claims, what was typed, what was seen, and what follows from criteria stated in the code.
`isthmus reproduce --list` shows the same with the time that each takes.

"""


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
            "scale small or paper for a page among the documents", "smoke, which is not meant to be read", "--docs",
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
        The copy: `reproduction/CLAIM.md`, or `reproduction/CLAIM-paper.md` at scale paper.
    """
    folder = docs / PAGES
    copy, text = document_file(folder, page.stem, scale), page.read_text(encoding="utf-8")
    for file in sorted(pictures.glob(f"{page.stem}_*.svg")):
        # The pictures of both scales lie in one folder.
        name = file.name if scale != Scale.PAPER else file.name.replace(".svg", "_paper.svg")
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
    return folder / f"{claim}{'-paper' if scale == Scale.PAPER else ''}.md"


def documented_verdicts(folder: Path, claim: str) -> dict[Scale, str]:
    """The verdicts that the documents state.

    Args:
        folder: The pages' folder.
        claim: The claim's name.

    Returns:
        Verdict by scale.
    """
    found = {}
    for scale in (Scale.SMALL, Scale.PAPER):
        file = document_file(folder, claim, scale)
        stated = verdict_on_page(file.read_text(encoding="utf-8")) if file.is_file() else None
        if stated is not None:
            found[stated[0]] = stated[1]
    return found


def checkout_pages() -> Path | None:
    """The pages' folder of the checkout that isthmus runs from.

    Returns:
        The folder; None if isthmus is installed elsewhere.
    """
    folder = Path(__file__).parents[4] / "docs" / PAGES
    return folder if folder.is_dir() else None


def index_text(folder: Path) -> str:
    """The list of all claims with their verdicts, those without a page among them.

    Args:
        folder: The pages' folder.

    Returns:
        Markdown.
    """
    rows = [["claim", "in the paper", "scale", "verdict"]]
    for claim in known_claims().values():
        verdicts = documented_verdicts(folder, claim.name)
        if not verdicts:
            rows.append([claim.title, claim.figure, "–", NOT_RUN])
        for scale, verdict in verdicts.items():
            link = f"[{claim.title}]({document_file(folder, claim.name, scale).name})"
            rows.append([link, claim.figure, str(scale), verdict])
    return HEAD + table_text(rows) + "\n"
