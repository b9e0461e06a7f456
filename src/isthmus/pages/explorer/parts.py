"""The parts that a view is put together from: each is drawn here, for a page, and asked for by its key."""

import re
from collections.abc import Callable, Iterator, Mapping

from isthmus.pages.explorer.class_picture import class_picture
from isthmus.pages.explorer.explored import Explored, Loaded
from isthmus.pages.explorer.layer import MOST_GROUPS, facts, groups, neighbours
from isthmus.pages.explorer.layer_curve import layer_curve
from isthmus.pages.explorer.layer_map import layer_map
from isthmus.pages.explorer.lines import number_pieces, option_piece, run_piece, select_piece
from isthmus.pages.explorer.numbers import rise_at
from isthmus.pages.explorer.options import CHOICES, Choice, Options
from isthmus.pages.explorer.scales import Scales
from isthmus.pages.tables import summary_rows
from isthmus.report.barriers.reading import headline
from isthmus.report.rendering import render_part
from isthmus.report.style import row_name
from isthmus.report.values import is_rise, kind_of
from isthmus.results.variables import OF

KEY = re.compile(r"(\d{1,6})-(controls|map|layer|said|table)((?:-\d{1,6}){0,4})", re.ASCII)
NUM_PLACES = {"controls": 0, "map": 4, "layer": 4, "said": 1, "table": 1}
TITLES = {
    "split": "Split",
    "value": "Number",
    "alpha": "Alpha",
    "host": "Host",
    "sweep": "Sweep",
    "layer": "Layer",
}


class Parts:
    """Parts of views of explored runs.

    Args:
        explored: The runs.
        scales: Of all of them.
    """

    def __init__(self, explored: Explored, scales: Scales) -> None:
        self.explored, self._scales = explored, scales

    def part(self, key: str) -> str:
        """A part by its key, which is all numbers but for its kind.

        Args:
            key: Of a member: its number and "controls"; "map" with the numbers of split, value, alpha and sweep;
                "layer" with those of split, quantity, host and layer; "said" and "table" with that of the split.

        Returns:
            HTML.

        Raises:
            KeyError: There is no such part.
        """
        match = KEY.fullmatch(key)
        if match is None:
            raise KeyError(key)
        number, kind, places = int(match[1]), match[2], [int(place) for place in match[3].split("-")[1:]]
        if number >= len(self.explored.members) or len(places) != NUM_PLACES[kind]:
            raise KeyError(key)
        loaded = self.explored.loaded(number)
        ways: Mapping[str, Callable[..., str]] = {
            "controls": self._first_controls,
            "map": self._map,
            "layer": self._layer,
            "said": self._said,
            "table": self._table,
        }
        try:
            return ways[kind](loaded, *places)
        except IndexError as error:
            raise KeyError(key) from error

    def keys(self, number: int) -> Iterator[str]:
        """The keys of all parts of a member.

        Args:
            number: Of the member.

        Yields:
            The keys.
        """
        options = self.explored.loaded(number).options
        kinds = list(dict.fromkeys(kind_of(value) for value in options.values))
        yield f"{number}-controls"
        for split in range(len(options.splits)):
            yield from (f"{number}-{kind}-{split}" for kind in ("said", "table"))
            for i, value in enumerate(options.values):
                for alpha in range(len(options.alphas) if is_rise(value) else 1):
                    yield from (f"{number}-map-{split}-{i}-{alpha}-{sweep}" for sweep in range(len(options.sweeps)))
            for quantity in range(len(kinds)):
                for host in range(len(options.hosts)):
                    yield from (f"{number}-layer-{split}-{quantity}-{host}-{row}" for row in range(len(options.layers)))

    @staticmethod
    def keys_of(number: int, options: Options, choice: Choice) -> dict[str, str]:
        """The keys of the parts that a choice shows.

        Args:
            number: Of the member.
            options: Of the member.
            choice: One of them.

        Returns:
            Kind -> key.
        """
        value = options.values[choice.value]
        alpha = choice.alpha if is_rise(value) else 0
        return {
            "map": f"{number}-map-{choice.split}-{choice.value}-{alpha}-{choice.sweep}",
            "layer": f"{number}-layer-{choice.split}-{list(OF).index(kind_of(value))}-{choice.host}-{choice.layer}",
            "said": f"{number}-said-{choice.split}",
            "table": f"{number}-table-{choice.split}",
        }

    def controls(self, loaded: Loaded, choice: Choice) -> str:
        """The lists to choose from.

        Args:
            loaded: The member.
            choice: What is chosen in them.

        Returns:
            HTML.
        """
        options, fields = loaded.options, []
        for name in CHOICES:
            shown = zip(options.texts(name), options.words(name), strict=True)
            items = [
                {
                    "text": text,
                    "words": words,
                    "is_chosen": i == getattr(choice, name),
                    "data": self._pieces(loaded, name, i),
                }
                for i, (text, words) in enumerate(shown)
            ]
            fields.append({"name": name, "title": TITLES[name], "options": items})
        return render_part("explorer/controls.html", fields=fields, run=run_piece(loaded))

    def _first_controls(self, loaded: Loaded) -> str:
        return self.controls(loaded, loaded.options.first_choice(loaded.result))

    @staticmethod
    def _pieces(loaded: Loaded, name: str, i: int) -> dict[str, str]:
        """What the script needs of an option: its place, and the pieces of the lines."""
        options = loaded.options
        text = options.texts(name)[i]
        found = {"place": str(i), "shell": option_piece(name, text), "select": select_piece(name, text)}
        if name == "value":
            pieces = number_pieces(text)
            found |= {"any": pieces["any"], "known": pieces["known"]}
            found |= {"quantity": str(list(OF).index(kind_of(text))), "along": "yes" if is_rise(text) else ""}
        if name == "alpha":
            found["rise"] = rise_at(loaded.result, options.values[0], options.alphas[i]) or ""
        if name == "layer":
            found["sweeps"] = " ".join(str(k) for k, sweep in enumerate(options.sweeps) if text in options.rows[sweep])
        return found

    def _map(self, loaded: Loaded, split: int, value: int, alpha: int, sweep: int) -> str:
        options = loaded.options
        of, name, rows = options.splits[split], options.values[value], options.rows[options.sweeps[sweep]]
        limit = self._scales.colour_limit(name, rows, options.alphas[alpha])
        drawing = layer_map(loaded.result, name, of, options.alphas[alpha], rows, limit)
        return drawing.inline("Layers by hosts. Arrow keys move over the cells, Enter chooses one.")

    def _layer(self, loaded: Loaded, split: int, quantity: int, host: int, layer: int) -> str:
        result, options, kind = loaded.result, loaded.options, list(OF)[quantity]
        of, into, row = options.splits[split], options.hosts[host], options.layers[layer]
        value = OF[kind].rises["rise"].name
        if value not in options.values:
            raise IndexError
        count, moved_with = groups(result, value, of, row, into)
        most = f", the {MOST_GROUPS} that cost most of {count}" if count > MOST_GROUPS else ""
        captions = {
            "Its numbers, with 95 % intervals": facts(result, kind, of, row, into),
            "Its neighbours in the forward pass": neighbours(result, value, of, row, into),
            f"Groups that move it{most}": moved_with,
        }
        tables = [(caption, table) for caption, table in captions.items() if table and table.rows]
        values = {"title": f"{row_name(row)}, into {into}", "tables": tables, "curve": "", "classes": ""}
        if len(options.alphas) > 1:
            ends = self._scales.curve_ends(value, row)
            values["curve"] = layer_curve(result, value, of, row, into, ends).inline(
                f"{row_name(row)} into {into} along alpha. The numbers are in the table below."
            )
        if loaded.classes is not None and row in loaded.classes["moving"].values:
            ends = self._scales.class_ends(kind, row)
            drawn = class_picture(loaded.classes, result, kind, of, row, into, ends)
            values["classes"] = drawn.inline(f"Classes of {row_name(row)} into {into}.")
        return render_part("explorer/layer.html", **values)

    @staticmethod
    def _said(loaded: Loaded, split: int) -> str:
        said = headline(loaded.result, loaded.options.splits[split])
        return render_part("explorer/said.html", said=said)

    @staticmethod
    def _table(loaded: Loaded, split: int) -> str:
        table = summary_rows(loaded.result, loaded.options.splits[split])
        return render_part("explorer/table.html", table=table)
