"""A file is whole if it is there."""

import pytest

from isthmus.files import save_whole


def test_a_file_that_cannot_be_written_leaves_the_old_one_and_no_rest(tmp_path):
    save_whole(tmp_path / "x", lambda path: path.write_bytes(b"old"))

    def broken(path):
        path.write_bytes(b"ne")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        save_whole(tmp_path / "x", broken)
    assert [file.name for file in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_bytes() == b"old"


def test_folders_are_made_on_the_way(tmp_path):
    save_whole(tmp_path / "new" / "folder" / "x", lambda path: path.write_text("text"))
    assert (tmp_path / "new" / "folder" / "x").read_text() == "text"
