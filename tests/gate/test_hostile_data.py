"""Data made to do harm: what unpacks to far more than its size, nests too deep, or names files elsewhere."""

import io
import json
import struct
import zipfile
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from isthmus.data.load import load_examples
from isthmus.errors import InputError
from isthmus.gate.images import decoded_image
from isthmus.gate.tables import read_parquet
from isthmus.training.recipe.file import table_in


def png_of(width: int, height: int) -> bytes:
    """The header of a picture of one colour, of any size in few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def images_file(path, codes) -> None:
    pq.write_table(pa.table({"image": [{"bytes": c, "path": ""} for c in codes], "label": [0] * len(codes)}), path)


def encoded(form: str, size=(4, 4)) -> bytes:
    stream = io.BytesIO()
    Image.new("L", size).save(stream, form)
    return stream.getvalue()


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path):
    images_file(tmp_path / "a.parquet", [png_of(50_000, 50_000)])
    with pytest.raises(InputError, match=r"at most 100,000,000 pixels of an image\n     got 2,500,000,000"):
        load_examples(str(tmp_path / "a.parquet"))


def test_pixels_are_raised_by_the_user(monkeypatch):
    code = encoded("PNG", (40, 40))
    monkeypatch.setenv("ISTHMUS_LIMITS", "pixels=1000")
    with pytest.raises(InputError, match="ISTHMUS_LIMITS=pixels=1600"):
        decoded_image(code, "an image", "here", "")
    monkeypatch.setenv("ISTHMUS_LIMITS", "pixels=1600")
    assert decoded_image(code, "an image", "here", "").size == (40, 40)


def test_rows_that_share_one_picture_are_no_more_than_the_file_may_unpack_to(tmp_path, monkeypatch):
    images_file(tmp_path / "a.parquet", [encoded("PNG", (300, 300))] * 50)
    monkeypatch.setenv("ISTHMUS_LIMITS", "unpacked=1e6,ratio=2")
    with pytest.raises(InputError, match="4,500,000 bytes in a file of"):
        load_examples(str(tmp_path / "a.parquet"))


def test_forms_that_image_sets_never_have_are_no_pictures(tmp_path):
    stream = io.BytesIO()
    Image.new("L", (4, 4)).save(stream, "PCX")
    images_file(tmp_path / "a.parquet", [stream.getvalue()])
    with pytest.raises(InputError, match="PNG, JPEG or WebP"):
        load_examples(str(tmp_path / "a.parquet"))


def test_one_long_text_in_every_row_is_found_before_it_fills_memory(tmp_path, monkeypatch):
    pq.write_table(pa.table({"text": ["x" * 100_000] * 2000, "label": [0] * 2000}), tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").stat().st_size < 1_000_000
    monkeypatch.setenv("ISTHMUS_LIMITS", "unpacked=1e7,ratio=10")
    with pytest.raises(InputError, match="bytes unpacked"):
        read_parquet(tmp_path / "a.parquet")


def test_a_table_is_read_in_parts_to_the_same_table(tmp_path, monkeypatch):
    table = pa.table({
        "text": [f"row {k} " * (k % 7) for k in range(5000)],
        "n": range(5000),
        "l": [[k] for k in range(5000)],
    })
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=1000)
    assert read_parquet(tmp_path / "a.parquet").equals(table)
    monkeypatch.setenv("ISTHMUS_LIMITS", "unpacked=5e5,ratio=1")
    assert read_parquet(tmp_path / "a.parquet").equals(table)
    assert read_parquet(tmp_path / "a.parquet", ["n"]).equals(table.select(["n"]))


def test_folders_in_a_path_are_no_columns(tmp_path):
    (tmp_path / "split=test").mkdir()
    pq.write_table(pa.table({"n": [1, 2]}), tmp_path / "split=test" / "a.parquet")
    assert read_parquet(tmp_path / "split=test" / "a.parquet").column_names == ["n"]


def test_other_bytes_than_text_in_a_column_of_text_are_refused(tmp_path):
    column = pa.array([b"ok", b"\xff\xfe"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"text": column, "label": [0, 1]}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match="UTF8"):
        load_examples(f"{tmp_path}/a.parquet:tokenizer=x")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (['{"a": ' + "[" * 100_000 + "]" * 100_000 + ', "label": 1}'], "levels of nesting"),
        (['{"a": ' + '{"a": ' * 500 + "1" + "}" * 500 + ', "label": 1}'], "levels of nesting"),
        ([json.dumps({f"k{k}": 1}) for k in range(20_000)], "bytes unpacked"),
        ([json.dumps({"a\x1b": 1, "label": 1})], "control characters"),
    ],
)
def test_rows_of_json_that_would_end_the_parser_are_refused(tmp_path, lines, message):
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    with pytest.raises(InputError, match=message):
        load_examples(str(tmp_path / "a.jsonl"))


def test_brackets_and_keys_inside_texts_are_texts(tmp_path):
    rows = [{"a": k, "note": "[" * 200 + f' "k{k}": \\" {{', "label": k} for k in range(3)]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert len(load_examples(str(tmp_path / "a.jsonl"))) == 3


def test_an_array_that_says_it_is_longer_than_its_bytes_is_refused(tmp_path):
    stream = io.BytesIO()
    np.save(stream, np.zeros((6, 4)))
    data = stream.getvalue().replace(b"(6, 4)", b"(2147483647, 4096)".ljust(6))
    data = data.replace(b" " * 12 + b"\n", b"\n")  # as long as before
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("inputs.npy", data)
    with pytest.raises(InputError, match="no 2147483647x4096 numbers"):
        load_examples(str(tmp_path / "a.npz"))


def test_an_archive_of_arrays_that_unpacks_to_far_more_than_its_size_is_refused(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", inputs=np.zeros((1000, 1000)), targets=np.zeros(1000))
    assert len(load_examples(str(tmp_path / "a.npz"))) == 1000
    monkeypatch.setenv("ISTHMUS_LIMITS", "unpacked=1e6")
    with pytest.raises(InputError, match="bytes unpacked"):
        load_examples(str(tmp_path / "a.npz"))


def test_data_of_torch_that_repeats_one_number_is_no_more_than_it_may_unpack_to(tmp_path):
    big = torch.zeros(1).expand(3_000_000_000)
    torch.save({"inputs": big, "targets": big}, tmp_path / "a.pt")
    with pytest.raises(InputError, match="bytes unpacked"):
        load_examples(str(tmp_path / "a.pt"))


def saved_to_disk(folder, **state) -> None:
    folder.mkdir()
    table = pa.table({"a": [1.0, 2.0], "label": [0, 1]})
    with pa.OSFile(str(folder / "data.arrow"), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    (folder / "state.json").write_text(
        json.dumps({"_data_files": [{"filename": "data.arrow"}], "_split": "test"} | state)
    )


def test_places_of_values_outside_their_memory_are_found(tmp_path):
    """An Arrow stream's offsets are not compared with its bytes by the reader: looked at, they end the process."""
    saved_to_disk(tmp_path / "a")
    table, stream = pa.table({"text": ["short"], "label": [0]}), io.BytesIO()
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    data = stream.getvalue().replace(struct.pack("<2i", 0, 5), struct.pack("<2i", 0, 2**30))
    (tmp_path / "a" / "data.arrow").write_bytes(data)
    with pytest.raises(InputError, match="a whole"):
        load_examples(str(tmp_path / "a"))


@pytest.mark.parametrize("name", ["..", "..\\data.arrow", "C:data.arrow", "", "data.arrow\x1b"])
def test_a_saved_folder_names_files_of_its_own_alone(tmp_path, name):
    saved_to_disk(tmp_path / "a", _data_files=[{"filename": name}])
    with pytest.raises(InputError):
        load_examples(str(tmp_path / "a"))


def test_a_saved_folder_of_splits_names_folders_of_its_own_alone(tmp_path):
    saved_to_disk(tmp_path / "outside")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "dataset_dict.json").write_text(json.dumps({"splits": ["../outside"]}))
    with pytest.raises(InputError, match="the name of a file in the folder a"):
        load_examples(str(tmp_path / "a"))


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 50_000,
        "a = " + "[" * 101 + "]" * 101,
        "a." * 200 + "a = 1",
        "a . " * 200_000 + "a = 1",
        "a = 1\n" + "#" * (1 << 20),
    ],
)
def test_a_recipe_is_short_and_flat(tmp_path, text):
    (tmp_path / "recipe.toml").write_text(text)
    with pytest.raises(InputError):
        table_in(tmp_path / "recipe.toml")
