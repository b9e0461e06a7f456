"""Which measurement a page shows: a run, its pair and its step, and what stands beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from shlex import quote
from typing import Any

from isthmus.errors import UnknownNameError
from isthmus.pages.explorer.explored import Explored, Member
from isthmus.pages.explorer.lines import member_piece

ALONG = ("pair", "step")
BESIDE = "beside"


@dataclass(frozen=True)
class Asked:
    """What a page is asked to show.

    Attributes:
        run: The number of the run.
        beside: The number of the run beside it; None for none.
        texts: Of `pair` and `step`, of the same of the run beside (`beside-pair`, `beside-step`), and of choices.
    """

    run: int = 0
    beside: int | None = None
    texts: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, query: Mapping[str, str], num_runs: int) -> "Asked":
        """What the address of a served page asks for.

        Args:
            query: Its names and values.
            num_runs: How many runs there are.

        Returns:
            What is asked for; other runs than there are count for nothing.
        """
        numbers = {str(number): number for number in range(num_runs)}
        return cls(numbers.get(query.get("run", ""), 0), numbers.get(query.get(BESIDE, "")), query)


class Places:
    """The members that a page offers.

    Args:
        explored: The runs.
        members: Numbers of the members, at least one.
    """

    def __init__(self, explored: Explored, members: Sequence[int]) -> None:
        self.explored, self.members = explored, tuple(members)

    def _of_run(self, run: int | None) -> list[Member]:
        of_page = (self.explored.members[number] for number in self.members)
        return [member for member in of_page if member.run == run]

    def member(self, run: int, asked: Mapping[str, str], beginning: str = "") -> int:
        """The member of a run that is asked for; of those that fit best the last step of the first pair.

        Args:
            run: The number of a run that has members here.
            asked: Texts.
            beginning: Of the names of pair and step among them.

        Returns:
            The number of the member.
        """

        def num_fitting(member: Member) -> int:
            return sum(asked.get(f"{beginning}{name}") == getattr(member, name) for name in ALONG)

        of_run = self._of_run(run)
        first = max(of_run, key=num_fitting)
        alike = [one for one in of_run if one.pair == first.pair and num_fitting(one) == num_fitting(first)]
        return self.explored.members.index(alike[-1])

    def refuse_unknown(self, asked: Asked) -> None:
        """Refuse pairs and steps that are not there.

        Args:
            asked: What a page is asked to show.

        Raises:
            UnknownNameError: The first that is not.
        """
        for run, beginning in ((asked.run, ""), (asked.beside, f"{BESIDE}-")):
            for name in ALONG:
                text = asked.texts.get(f"{beginning}{name}")
                known = [getattr(member, name) for member in self._of_run(run)]
                if text is not None and text not in known:
                    there = [label for label in dict.fromkeys(known) if label]
                    remedy = "" if there else f"leave it out: there is no {name} to choose"
                    raise UnknownNameError(name, text, there, f"--{beginning}{name}", remedy)

    def fields(self, shown: int, beside: int | None) -> list[dict[str, Any]]:
        """The lists that members are chosen from.

        Args:
            shown: The number of the member that is shown.
            beside: The same of what stands beside it.

        Returns:
            Of each its name, title, options (value, words, whether it is chosen), and whether it has nothing to choose.
        """
        there = [number for number in range(len(self.explored.names)) if self._of_run(number)]
        runs = [(str(number), self.explored.names[number]) for number in there]
        nothing = [("", "nothing")]
        first = self.explored.members[shown]
        second = None if beside is None else self.explored.members[beside]
        return [
            _field("run", "Run", runs, str(first.run)),
            *self._along(first, "", "{}"),
            _field(BESIDE, "Beside it", nothing + runs, "" if second is None else str(second.run)),
            *self._along(second, f"{BESIDE}-", "{} beside"),
        ]

    def _along(self, member: Member | None, beginning: str, title: str) -> list[dict[str, Any]]:
        """The pairs of the member's run, and the steps of its pair."""
        of_run = self._of_run(None if member is None else member.run)
        of_pair = [one for one in of_run if member is not None and one.pair == member.pair]
        found = []
        for name, members in zip(ALONG, (of_run, of_pair), strict=True):
            labels = list(dict.fromkeys(getattr(one, name) for one in members))
            chosen = "" if member is None else getattr(member, name)
            words = title.format(name).capitalize()
            found.append(_field(f"{beginning}{name}", words, [(label, label) for label in labels], chosen))
        return found

    def data(self) -> list[dict[str, Any]]:
        """The members for the page's script.

        Returns:
            Of each what it is, and the pieces of the command that shows it.
        """
        return [
            {
                "number": number,
                "run": member.run,
                "pair": member.pair,
                "step": member.step,
                "title": member.title,
                "folder": quote(str(self.explored.folders[member.run])),
                "shell": member_piece(member),
                BESIDE: member_piece(member, f"{BESIDE}-"),
            }
            for number, member in ((number, self.explored.members[number]) for number in self.members)
        ]


def _field(name: str, title: str, options: Sequence[tuple[str, str]], chosen: str) -> dict[str, Any]:
    return {
        "name": name,
        "title": title,
        "options": [(value, words, value == chosen) for value, words in options],
        # The only label of a run without pairs or steps is an empty one.
        "is_hidden": len(options) < 2 and (not options or name == "run" or not options[0][0]),
    }
