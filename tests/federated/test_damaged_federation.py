"""Rounds and states that a disk damaged are recognised and made again, to the same bytes."""

import pytest
from federations import files_of, recipe

import isthmus
from isthmus.errors import UnwritableError
from isthmus.federated.federate import federate


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = federate(recipe(rounds=2, clients=2), tmp_path_factory.mktemp("whole") / "out")
    return {str(file.relative_to(out)): file.read_bytes() for file in sorted(out.rglob("*")) if file.is_file()}


@pytest.mark.parametrize("place", ["round-0001.json", "round-0002.json", "round-0002.safetensors"])
def test_a_damaged_round_is_noticed_and_the_rule_begins_again(whole, tmp_path, place):
    for name, content in whole.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    before = files_of(tmp_path)
    file = tmp_path / "work" / "all" / "seed-0" / place
    content = file.read_bytes()
    where = content.index(b'"bytes_up": ') + 12 if place.endswith("json") else len(content) - 3
    file.write_bytes(content[:where] + bytes([content[where] ^ 1]) + content[where + 1 :])
    with pytest.warns(isthmus.IsthmusWarning, match=rf"{place} was damaged on the disk: the rounds of rule all"):
        federate(recipe(rounds=2, clients=2), tmp_path, resume=True)
    assert files_of(tmp_path) == before


def test_a_full_disk_leaves_no_client_out(whole, tmp_path, monkeypatch):
    from isthmus.federated import local

    save, number = local.save_training_state, [0]

    def saved(state, file):
        number[0] += 1
        if number[0] == 2:
            raise UnwritableError("a writable folder", "No space left on device", str(file.parent), "make room")
        save(state, file)

    monkeypatch.setattr(local, "save_training_state", saved)
    with pytest.raises(UnwritableError, match="No space left"):
        federate(recipe(rounds=2, clients=2), tmp_path / "out")
    federate(recipe(rounds=2, clients=2), tmp_path / "out", resume=True)
    expected = {name: content for name, content in whole.items() if name not in {"federated.json"}}
    found = files_of(tmp_path / "out")
    assert found == {name: content for name, content in expected.items() if name in found}
    assert len(found) == sum(not name.endswith("seconds.json") for name in expected)
