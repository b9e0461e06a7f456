"""Checkpoints and states that a disk damaged are recognised and trained again, to the same bytes."""

import pytest
from tiny_recipes import SPAWNED, TOML, contents, networks, save_data

import isthmus

RECIPE = TOML + SPAWNED


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("whole"))
        save_data()
        networks(RECIPE, "out")
        return contents("out")


@pytest.mark.parametrize("name", ["a/0ep", "a/4ep", "a/6ep", "b/4ep", "a/resume/state-3ep"])
def test_a_bit_that_flipped_is_noticed_and_the_network_is_trained_again(whole, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    save_data()
    networks(RECIPE, "out")
    content = whole[f"{name}.safetensors"]
    (tmp_path / "out" / f"{name}.safetensors").write_bytes(content[:-7] + bytes([content[-7] ^ 64]) + content[-6:])
    other = tmp_path / "out" / "b" / "6ep.safetensors"
    before = other.stat().st_mtime_ns
    with pytest.warns(isthmus.IsthmusWarning, match=f"network '{name[0]}' was damaged on the disk"):
        networks(RECIPE, "out", resume=True)
    assert contents("out") == whole
    if name[0] == "a":
        assert other.stat().st_mtime_ns == before, "what is whole is not made again"
