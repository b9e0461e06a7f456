"""Where every file of a run, a collection or a study is. Only this module spells these names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

RUN_FILE, STUDY_FILE = "run.json", "study.json"
"""What tells a run or a collection, and a study, from other folders; for messages too."""
DIRECTION_TABLE, REFINED_TABLE = "directions", "refined"


@dataclass(frozen=True)
class Layout:
    """The files of a folder, whether they are there or not.

    Attributes:
        folder: Of a run, a collection or a study; or what a page is written to.
    """

    folder: Path

    @property
    def record(self) -> Path:
        """The manifest of a run or a collection."""
        return self.folder / RUN_FILE

    @property
    def results(self) -> Path:
        """One row a (host, moving, alpha); written after the other tables."""
        return self.folder / "results.parquet"

    @property
    def classes(self) -> Path:
        """Rises and barriers of every class."""
        return self.folder / "classes.parquet"

    def beside(self, name: str) -> Path:
        """The table of variables over further dimensions.

        Args:
            name: `DIRECTION_TABLE` or `REFINED_TABLE`.

        Returns:
            The file.
        """
        return self.folder / f"{name}.parquet"

    @property
    def examples(self) -> Path:
        """The folder of per-example losses, with a folder for each split."""
        return self.folder / "examples"

    def splits(self, names: Sequence[str]) -> "dict[str, SplitLayout]":
        """The files of every split.

        Args:
            names: Of the splits.

        Returns:
            Split -> its files.
        """
        return {split: SplitLayout(self.examples / name) for split, name in folder_names(names).items()}

    @property
    def members(self) -> Path:
        """The folder of a collection's runs."""
        return self.folder / "members"

    def member(self, name: str) -> "Layout":
        """The run of one member of a collection.

        Args:
            name: Of its folder.

        Returns:
            Its files.
        """
        return Layout(self.members / name)

    @property
    def study(self) -> Path:
        """The manifest of a study."""
        return self.folder / STUDY_FILE

    @property
    def study_table(self) -> Path:
        """Every variable of a study; written last."""
        return self.folder / "study.parquet"

    @property
    def parts(self) -> Path:
        """The folder of what is finished of a study that is not whole yet."""
        return self.folder / "parts"

    def part(self, name: str) -> Path:
        """One finished part of a study.

        Args:
            name: Of the part.

        Returns:
            The file.
        """
        return self.parts / f"{name}.npz"

    @property
    def page(self) -> Path:
        """The report."""
        return self.folder / "report.html"

    @property
    def explanation(self) -> Path:
        """The page of `isthmus explain`."""
        return self.folder / "explain.html"

    @property
    def figures(self) -> Path:
        """The folder of the pictures of a page."""
        return self.folder / "figures"


@dataclass(frozen=True)
class SplitLayout:
    """The files with the per-example losses of one split.

    Attributes:
        folder: Of the split.
    """

    folder: Path

    @property
    def targets(self) -> Path:
        """Class numbers in the order of the split."""
        return self.folder / "targets.parquet"

    @property
    def order(self) -> Path:
        """The number in the split of each example, where points are evaluated in another order."""
        return self.folder / "order.parquet"

    def unit(self, point: int, example: int) -> Path:
        """The losses of one unit of work.

        Args:
            point: Its first point.
            example: Its first example.

        Returns:
            The file.
        """
        return self.folder / f"p{point:06d}-e{example:08d}.parquet"

    def units(self) -> set[tuple[int, int]]:
        """The units that are there.

        Returns:
            First point and first example of each.
        """
        found = (re.fullmatch(r"p(\d+)-e(\d+)\.parquet", file.name) for file in self.folder.iterdir())
        return {(int(match[1]), int(match[2])) for match in found if match}


def folder_names(names: Sequence[str]) -> dict[str, str]:
    """A folder name for each split or member: its name with odd characters replaced, numbered where two would meet.

    Args:
        names: Of splits or members.

    Returns:
        Name -> name of its folder.
    """
    folders: dict[str, str] = {}
    for name in names:
        slug = re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-") or "data"
        folders[name] = slug if slug not in folders.values() else f"{slug}-{len(folders)}"
    return folders
