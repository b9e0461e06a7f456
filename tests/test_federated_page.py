"""What docs/federated.md tells people to write is right."""

import re
from typing import get_args

from federations import ROOT

from isthmus.federated.file import load_federated_recipes
from isthmus.federated.rules.known import AnyRule

PAGE = (ROOT / "docs" / "federated.md").read_text(encoding="utf-8")


def test_the_recipe_of_the_page_is_right(tmp_path):
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    (tmp_path / "recipe.toml").write_text(text, encoding="utf-8")
    (only,) = load_federated_recipes(tmp_path / "recipe.toml").values()
    assert [rule.shown for rule in only.rules] == ["all", "none", "body", "barrier threshold=0.1"]


def test_the_page_has_a_row_for_every_rule():
    section = PAGE.partition("\n## Rules\n")[2].partition("\n## ")[0]
    rows = set(re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE))
    assert rows == {kind.model_fields["name"].default for kind in get_args(AnyRule)}
