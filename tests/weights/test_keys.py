"""Parts of wrappers in keys, and prefixes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.errors import InputError
from isthmus.weights.keys import AROUND, TRANSPARENT, full_key, prefixes, usual_first, without_wrappers

PARTS = st.lists(st.sampled_from([*sorted(TRANSPARENT), "a", "b", "0"]), max_size=5)


@given(st.sets(st.tuples(PARTS.map(tuple), st.sampled_from("wv")), min_size=1))
def test_either_every_key_keeps_a_name_of_its_own_or_all_are_refused(keys):
    dotted = [".".join((*path, last)) for path, last in keys]
    bare = {".".join((*(part for part in path if part not in TRANSPARENT), last)) for path, last in keys}
    if len(bare) < len(dotted):
        with pytest.raises(InputError, match=r"a\.pt"):
            without_wrappers(dotted, TRANSPARENT, "a.pt")
        return
    found = without_wrappers(dotted, TRANSPARENT, "a.pt")
    assert found.keys() == bare
    assert sorted(found.values()) == sorted(dotted)


def test_a_key_s_last_part_is_never_a_wrapper():
    assert without_wrappers(["module", "x.module"], AROUND, "") == {"module": "module", "x.module": "x.module"}


def test_prefixes_come_with_the_fullest_first():
    keys = ["a.x.w", "a.x.b", "b.x.w", "x.b", "other.w"]
    assert prefixes(keys, {"x.w", "x.b"}) == ["a", "", "b"]
    assert prefixes(keys, {"nothing"}) == []
    assert all(full_key(prefix, key) in keys for prefix, key in (("a", "x.w"), ("", "x.b")))


@pytest.mark.parametrize(
    ("paths", "usual"),
    [(["odd"], "odd"), (["model", "ema"], "model"), (["model", ""], ""), (["student", "teacher"], None), ([], None)],
)
def test_the_usual_one_of_several_prefixes(paths, usual):
    assert usual_first(paths) == usual
