"""Data that fails or changes while it is read."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from isthmus.data import arrays, decoded
from isthmus.data.load import load_examples
from isthmus.errors import InputError
from isthmus.files import unchanged


class FailingAt7000(Dataset):
    def __len__(self):
        return 8000

    def __getitem__(self, index):
        if index == 7000:
            raise OSError("the archive ends here")
        return torch.zeros(1), 0


def test_a_data_set_that_fails_says_at_which_example_and_on_which_line():
    line = r"OSError: the archive ends here \(test_faults_of_data.py, line \d+\)"
    with pytest.raises(InputError, match=rf"(?s){line}.*item of FailingAt7000, number 7000"):
        load_examples(FailingAt7000())


def test_a_loader_that_fails_says_in_which_examples():
    with pytest.raises(InputError, match=r"(?s)the archive ends here.*number 109 \(examples 6976 to 7039\)"):
        load_examples(DataLoader(FailingAt7000(), batch_size=64))


def test_a_file_that_is_written_while_it_is_read_is_refused(tmp_path, monkeypatch):
    file = tmp_path / "data.npz"
    np.savez(file, inputs=np.zeros((4, 3), np.float32), targets=np.zeros(4, np.int64))
    assert len(load_examples(str(file))) == 4
    load = arrays._load_npz

    def slowly(path):
        found = load(path)
        with file.open("ab") as writing:
            writing.write(b"more")
        return found

    monkeypatch.setattr(arrays, "_load_npz", slowly)
    with pytest.raises(InputError, match=r"(?s)stays as it is while it is read.*data.npz"):
        load_examples(str(file))


def test_images_of_a_file_that_changes_meanwhile_never_reach_the_cache(tmp_path, monkeypatch):
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = tmp_path / "images.parquet"
    pq.write_table(pa.table({"image": [{"bytes": b"no image"}]}), file)
    monkeypatch.setattr(decoded, "decoded_folder", lambda: tmp_path / "cache")

    def changing(path, column):
        path.write_bytes(path.read_bytes() + b"more")
        return np.zeros((1, 1, 2, 2), np.uint8)

    monkeypatch.setattr(decoded, "decoded_images", changing)
    with pytest.raises(InputError, match="stays as it is"):
        decoded.load_decoded(file, "image")
    assert not (tmp_path / "cache").exists()


def test_files_that_come_and_go_have_changed_too(tmp_path):
    with pytest.raises(InputError), unchanged([tmp_path / "x"]):
        (tmp_path / "x").write_text("new")
    with pytest.raises(InputError), unchanged([tmp_path / "x"]):
        (tmp_path / "x").unlink()
    with unchanged([tmp_path / "x"]):
        pass
