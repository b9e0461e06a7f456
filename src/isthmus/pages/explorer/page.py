"""The explorer's page: one view, and all that can be chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from isthmus.pages.explorer.lines import COMMAND, PYTHON, command, python_line
from isthmus.pages.explorer.parts import Parts
from isthmus.pages.explorer.places import Asked, Places
from isthmus.report.kept import one_page
from isthmus.report.rendering import SCRIPT, STYLES, page_policy, render

LOOKS: Mapping[str, Sequence[str]] = {
    "styles": (*STYLES, "explorer/explore.css"),
    "scripts": (SCRIPT, "explorer/explore.js"),
}


@one_page()
def explorer_page(
    parts: Parts,
    places: Places,
    asked: Asked,
    *,
    is_served: bool,
    carried: str = "",
    notes: Sequence[str] = (),
) -> str:
    """The page that shows what is asked for, as far as it is there.

    Args:
        parts: Of the explored runs.
        places: The members that it offers.
        asked: What to show.
        is_served: Whether a server answers for parts.
        carried: The parts that the page carries, as `isthmus.pages.explorer.written.packed` gives them.
        notes: What else to say.

    Returns:
        HTML that loads nothing from elsewhere.
    """
    explored = places.explored
    first = places.member(asked.run, asked.texts)
    beside = None if asked.beside is None else places.member(asked.beside, asked.texts, "beside-")
    loaded = explored.loaded(first)
    options = loaded.options
    choice = options.choice(asked.texts, options.first_choice(loaded.result))
    texts = {name: options.texts(name)[place] for name, place in asdict(choice).items()}
    shown = [number for number in (first, beside) if number is not None]
    left_out = [
        f"Of {count} rows of the sweep {sweep} none is on the map, for there are too many; those that move the chosen "
        "layer are beside it."
        for sweep, count in options.left_out.items()
    ]
    unfinished = [
        f"{count} members of {explored.names[run]} were not finished when this was read, and are left out."
        for run, count in explored.unfinished.items()
    ]
    members = [explored.members[number] for number in shown]
    return render(
        "explorer/page.html",
        styles=LOOKS["styles"],
        scripts=LOOKS["scripts"],
        is_served=is_served,
        title="Isthmus: explore " + ", ".join(explored.names),
        patterns={"python": PYTHON, "command": COMMAND},
        fields=places.fields(first, beside),
        has_members=len(places.members) > 1,
        controls=parts.controls(loaded, choice),
        panes=[_pane(parts, number, texts) for number in shown],
        command=command([str(explored.folders[member.run]) for member in members], members, options, choice),
        notes=[*left_out, *unfinished, *notes],
        members=places.data(),
        packed=carried,
    )


def served_policy() -> str:
    """The policy of a served page, for a header.

    Returns:
        That which stands in the page, and that no other page may hold it in a frame, which only a header can say.
    """
    return f"{page_policy(LOOKS['styles'], LOOKS['scripts'], is_served=True)}; frame-ancestors 'none'"


def _pane(parts: Parts, number: int, texts: Mapping[str, str]) -> dict[str, Any]:
    loaded = parts.explored.loaded(number)
    options = loaded.options
    choice = options.choice(texts, options.first_choice(loaded.result))
    keys = parts.keys_of(number, options, choice)
    shown = {kind: parts.part(key) for kind, key in keys.items()}
    return {
        **shown,
        "key_of": keys,
        "title": ", ".join(filter(None, (loaded.member.title, options.splits[choice.split]))),
        "python": python_line(loaded, choice),
    }
