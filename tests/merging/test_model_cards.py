"""Model cards from hostile names: the head stays the head, and nothing in the text becomes markup."""

import pytest

from isthmus.merging.files import _card

yaml = pytest.importorskip("yaml")
HOSTILE = (
    '"\nlicense: mit\n---\n# mine', "x: y", "- x", "!!python/object/apply:os.system ['true']", "{a: b}", "&a *a", "'",
    "<script>alert(1)</script>", "[link](javascript:alert(1))", "| a | b |", "`code`", "\x1b[31m", "\u2028---\u2028",
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_a_name_in_the_head_and_in_the_table(name):
    facts = {
        "a": name,
        "b": "b",
        "alphas": {name: 0.5, "fc": 0.5},
        "isthmus_version": "0",
        "hash_a": "1",
        "hash_b": "2",
    }
    card = _card(facts)
    before, head, text = card.split("\n---\n", 1)[0], card.split("---\n")[1], card.split("\n---\n", 1)[1]
    assert before.startswith("---\n")
    assert yaml.safe_load(head) == {"base_model": [name, "b"], "tags": ["merge", "isthmus"]}
    assert not set(text) & set("<>[]")
    rows = [line for line in text.splitlines() if line.startswith("| `") and line.endswith("| 0.5 |")]
    assert len(rows) == 2
    assert all(row.count("|") == 3 and row.count("`") == 2 for row in rows)
