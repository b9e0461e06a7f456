"""A merge that was stopped goes on with the rounds that are finished, and ends with the same bytes."""

import pytest
from test_merge import CERTIFY, COSTS, SELECT, A, B, build

import isthmus
from isthmus.runs.folder.store import FolderStore


@pytest.fixture
def adds(monkeypatch):
    """Counts finished units; interrupts before one of them."""
    add, state = FolderStore.add, {"done": 0, "last": None}

    def counted(store, block):
        if state["done"] == state["last"]:
            raise KeyboardInterrupt
        state["done"] += 1
        add(store, block)

    monkeypatch.setattr(FolderStore, "add", counted)
    return state


def test_a_stopped_merge_goes_on_and_one_of_other_inputs_begins_anew(tmp_path, adds):
    def merged(out, **changes):
        before = adds["done"]
        isthmus.merge(build, A, B, SELECT, CERTIFY, out=tmp_path / out, num_random=1, **COSTS | changes)
        return adds["done"] - before

    total = merged("whole.safetensors")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["whole.merge.json", "whole.safetensors"]
    for last in (1, total - 1):
        out = f"after-{last}.safetensors"
        adds["last"] = adds["done"] + last
        with pytest.raises(KeyboardInterrupt):
            merged(out)
        adds["last"] = None
        assert (tmp_path / f".{out}.parts").is_dir()
        assert merged(out) == total - last
        for ending in ("safetensors", "merge.json"):
            content = (tmp_path / f"after-{last}.{ending}").read_bytes()
            assert content == (tmp_path / f"whole.{ending}").read_bytes()
    adds["last"] = adds["done"] + total - 1
    with pytest.raises(KeyboardInterrupt):
        merged("other.safetensors")
    adds["last"] = None
    assert merged("other.safetensors", tolerance=0.21) > total / 2
    assert not list(tmp_path.glob(".*"))
