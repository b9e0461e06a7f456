"""Tables of numbers and images: CSV, JSON lines, Parquet, folders of save_to_disk."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from isthmus.data.load import load_examples, load_splits
from isthmus.errors import InputError, UnknownNameError

IDS, LABELS = [[5, 6, 7], [8, 9], [1]], [[6, 7, 5], [9, 8], [1]]
ROWS = {"input_ids": IDS, "labels": LABELS, "idx": [0, 1, 2]}


def save_arrow(folder, table, split=None):
    """A folder as `datasets.Dataset.save_to_disk` writes it, in two files."""
    folder.mkdir(parents=True)
    names = [f"data-0000{number}-of-00002.arrow" for number in range(2)]
    middle = table.num_rows // 2
    for name, part in zip(names, (table.slice(0, middle), table.slice(middle)), strict=True):
        with pa.OSFile(str(folder / name), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
            writer.write_table(part)
    state = {"_data_files": [{"filename": name} for name in names], "_split": split, "_format_type": None}
    (folder / "state.json").write_text(json.dumps(state))
    return folder


def save_lines(path, rows):
    names = list(rows)
    lines = [json.dumps(dict(zip(names, values, strict=True))) for values in zip(*rows.values(), strict=True)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(params=["parquet", "jsonl", "save_to_disk"])
def numbers(request, tmp_path):
    if request.param == "jsonl":
        return save_lines(tmp_path / "own.jsonl", ROWS)
    if request.param == "parquet":
        pq.write_table(pa.table(ROWS), tmp_path / "own.parquet")
        return tmp_path / "own.parquet"
    return save_arrow(tmp_path / "own", pa.table(ROWS))


def test_rows_of_several_lengths_are_padded_with_what_no_loss_counts(numbers):
    examples = load_examples(str(numbers))
    assert examples.inputs["input_ids"].tolist() == [[5, 6, 7], [8, 9, 0], [1, 0, 0]]
    assert examples.inputs["attention_mask"].tolist() == [[1, 1, 1], [1, 1, 0], [1, 0, 0]]
    assert examples.inputs["idx"].tolist() == [0, 1, 2]
    assert examples.targets.tolist() == [[6, 7, 5], [9, 8, -100], [1, -100, -100]]
    assert examples.notes == (
        "input_ids padded with 0 to 3",
        "labels padded with -100 to 3",
        "attention_mask made: 0 where padded",
    )
    assert (examples.name, examples.split) == (numbers.name, "data")


def test_a_length_pads_and_cuts_tokens_and_what_goes_with_them(numbers):
    wide = load_examples(f"{numbers}:length=4")
    assert wide.inputs["input_ids"].shape == wide.targets.shape == (3, 4)
    assert wide.inputs["idx"].shape == (3,)
    cut = load_examples(f"{numbers}:length=2")
    assert cut.inputs["input_ids"].tolist() == [[5, 6], [8, 9], [1, 0]]
    assert cut.targets.tolist() == [[6, 7], [9, 8], [1, -100]]
    assert "input_ids cut to 2 in 1 of 3 rows" in cut.notes
    assert cut.name == f"{numbers.name}:length=2"


def test_a_slice_is_taken_before_rows_are_padded(numbers):
    part = load_examples(f"{numbers}[1:3]")
    assert part.inputs["input_ids"].tolist() == [[8, 9], [1, 0]]
    assert part.name == f"{numbers.name}[1:3]"
    with pytest.raises(InputError, match=r"within the 3 examples\n +got \[1:9\]"):
        load_examples(f"{numbers}[1:9]")


def test_every_form_of_one_table_gives_the_same_examples(tmp_path):
    rows = ROWS | {"attention_mask": [[1] * len(row) for row in IDS]}
    pq.write_table(pa.table(rows), tmp_path / "own.parquet")
    forms = [
        tmp_path / "own.parquet",
        save_lines(tmp_path / "own.jsonl", rows),
        save_arrow(tmp_path / "own", pa.table(rows)),
    ]
    found = [load_examples(str(form)) for form in forms]
    assert len({examples.content_hash for examples in found}) == 1
    assert found[0].inputs["attention_mask"].tolist() == [[1, 1, 1], [1, 1, 0], [1, 0, 0]]
    assert "attention_mask padded with 0 to 3" in found[0].notes


def test_a_folder_of_several_splits_gives_the_one_that_is_named(tmp_path):
    for split, start in (("train", 0), ("test", 10)):
        table = pa.table({"inputs": [[start + 1.0, 2.0], [3.0, 4.0]], "label": [start, 1]})
        save_arrow(tmp_path / "own" / split, table, split)
    (tmp_path / "own" / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "test"]}))
    splits = load_splits([f"{tmp_path}/own:train", f"{tmp_path}/own"])
    assert {name: part.targets.tolist() for name, part in splits.items()} == {"train": [0, 1], "test": [10, 1]}
    assert torch.equal(splits["train"].inputs, torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64))
    assert splits["train"].name == "own:train"
    with pytest.raises(UnknownNameError, match="a split: one of train, test"):
        load_examples(f"{tmp_path}/own:tset")


def test_a_missing_file_of_a_saved_folder_is_named(tmp_path):
    folder = save_arrow(tmp_path / "own", pa.table(ROWS))
    (folder / "data-00001-of-00002.arrow").unlink()
    with pytest.raises(InputError, match=r"data-00001-of-00002\.arrow is missing"):
        load_examples(str(folder))


def test_numbers_of_any_shape_keep_their_columns(tmp_path):
    rows = {"values": [[[1.0, 2.0], [3.0, 4.0]]] * 2, "size": [3, 4], "target": [0.5, 1.5], "comment": ["a", "b"]}
    examples = load_examples(str(save_lines(tmp_path / "own.jsonl", rows)))
    assert examples.inputs["values"].shape == (2, 2, 2)
    assert examples.inputs["size"].tolist() == [3, 4]
    assert (examples.targets.tolist(), examples.targets.dtype) == ([0.5, 1.5], torch.float32)
    assert examples.notes == ("columns left out: comment",)


def test_a_csv_of_numbers_has_the_label_that_is_chosen(tmp_path):
    (tmp_path / "own.csv").write_text("width,height,kind\n1.5,2,cat\n3,4,dog\n")
    examples = load_examples(f"{tmp_path}/own.csv:label=kind,names=dog/cat")
    assert examples.inputs["width"].tolist() == [1.5, 3.0]
    assert examples.targets.tolist() == [1, 0]
    assert examples.class_names == ("dog", "cat")
    assert examples.name == "own.csv:label=kind,names=dog/cat"


def test_tokens_that_stand_beside_their_text_are_taken_in_its_place(tmp_path):
    file = save_lines(tmp_path / "own.jsonl", {"text": ["a b", "c"], "input_ids": [[1, 2], [3, 4]], "label": [0, 1]})
    examples = load_examples(str(file))
    assert examples.inputs["input_ids"].tolist() == [[1, 2], [3, 4]]
    assert examples.notes == ("columns left out: text",)


def test_whole_numbers_of_any_type_are_those_that_embeddings_take(tmp_path):
    columns = {"input_ids": pa.array([[1, 2]], pa.list_(pa.uint8())), "label": pa.array([1], pa.int8())}
    pq.write_table(pa.table(columns), tmp_path / "own.parquet")
    examples = load_examples(f"{tmp_path}/own.parquet")
    assert examples.inputs["input_ids"].dtype == examples.targets.dtype == torch.int64


def test_the_index_of_pandas_is_no_input_and_a_name_that_comes_twice_is_refused(tmp_path):
    pq.write_table(pa.table({"x": [1, 2], "label": [0, 1], "__index_level_0__": [5, 6]}), tmp_path / "own.parquet")
    assert list(load_examples(f"{tmp_path}/own.parquet").inputs) == ["x"]
    (tmp_path / "own.csv").write_text("x,x,label\n1,2,0\n")
    with pytest.raises(InputError, match=r"columns of different names\n +got twice 'x'\n +where own.csv"):
        load_examples(f"{tmp_path}/own.csv")


def test_images_with_labels_in_words_take_the_names_that_are_given(tmp_path, write_images, colour_images):
    file = write_images(tmp_path / "own.parquet", colour_images, range(7))
    table = pq.read_table(file).drop_columns("label").append_column("label", pa.array(["cat", "dog"] * 3 + ["cat"]))
    pq.write_table(table, file)
    examples = load_examples(f"{file}:names=dog/cat")
    assert (examples.targets.tolist(), examples.class_names) == ([1, 0] * 3 + [1], ("dog", "cat"))
    assert examples.inputs.shape == (7, 3, 4, 6)


def test_images_of_a_saved_folder_are_bytes_to_be_scaled(tmp_path, write_images, colour_images):
    file = write_images(tmp_path / "own.parquet", colour_images, range(7), names=[f"c{n}" for n in range(7)])
    table = pq.read_table(file)
    stored = load_examples(str(save_arrow(tmp_path / "own", table)))
    known = load_examples(str(file))
    assert torch.equal(stored.inputs, known.inputs)
    assert (stored.normalization, stored.class_names) == (known.normalization, known.class_names)
    with_more = table.append_column("input_ids", pa.array([[1, 2]] * 7))
    several = load_examples(str(save_arrow(tmp_path / "more", with_more)))
    assert several.inputs["pixel_values"].dtype == torch.float32
    assert torch.equal(several.inputs["pixel_values"], known.inputs / 255)
    assert several.inputs["input_ids"].shape == (7, 2)


@pytest.mark.parametrize(
    ("rows", "option", "message"),
    [
        ({"x": [1, 2]}, "", "targets by a usual name\n +got no labels or label or targets or target; it holds x"),
        ({"x": [1, 2], "y": [0, 1]}, ":label=z", r"a column: one of x, y\n +got 'z'"),
        ({"label": [1, 2]}, "", "a column of texts, images or numbers"),
        ({"x": [1, 2], "label": [0, None]}, "", "a value in every row\n +got none in row 1"),
        ({"x": [1, None], "label": [0, 1]}, "", "^expected a value in every row\n +got none in row 1"),
        ({"x": [[1.0], [None]], "label": [0, 1]}, "", "NONE"),
        ({"x": [[[1], [2, 3]], [[1]]], "label": [0, 1]}, "", "inner lists of one length"),
        ({"x": [[[1, 2]], [[1]]], "label": [0, 1]}, "", "x of one shape in all rows"),
        ({"x": [1, 2], "label": [[0.5], [0.5, 1.0]]}, "", "label of one shape in all rows"),
        ({"x": [1, 2], "label": ["cat", "dog"]}, "", r"class numbers\n +got 'cat', 'dog' in the column 'label'"),
        ({"x": [1, 2], "label": ["cat", "cow"]}, ":names=dog/cat", "labels among dog, cat\n +got 'cow'"),
        ({"x": [1, 2], "label": [0, 1]}, ":text=x", "texts\n +got int64 in the column 'x'"),
        ({"x": [1, 2], "words": ["a", "b"]}, ":target=words", "a tokenizer for the texts\n +got none"),
        ({"x": [1, 2], "word": ["a", "b"]}, ":target=word", "a column of texts beside the target"),
    ],
)
def test_what_is_no_table_of_examples_is_answered_with_what_would_be(tmp_path, rows, option, message):
    file = save_lines(tmp_path / "own.jsonl", rows)
    if message == "NONE":
        assert np.isnan(load_examples(f"{file}{option}").inputs["x"].numpy()).sum() == 1
        return
    with pytest.raises(InputError, match=message):
        load_examples(f"{file}{option}")


def test_damaged_tables_are_refused_by_name(tmp_path):
    (tmp_path / "own.jsonl").write_text('{"x": 1, "label": 2}\n{"x": \n')
    (tmp_path / "own.csv").write_text("x,label\n1,2\n1,2,3\n")
    (tmp_path / "own.parquet").write_bytes(b"PAR1 nothing PAR1")
    (tmp_path / "empty.csv").write_text("x,label\n")
    (tmp_path / "array.json").write_text('[{"x": 1, "label": 2}]')
    (tmp_path / "latin.csv").write_bytes("text,label\ncafé,1\n".encode("latin-1"))
    (tmp_path / "semicolon.csv").write_text("x;label\n1;2\n")
    for name, kind in (("own.jsonl", "JSON lines"), ("own.csv", "CSV"), ("own.parquet", "Parquet")):
        with pytest.raises(InputError, match=f"a whole {kind} file"):
            load_examples(str(tmp_path / name))
    for name, message in (
        ("array.json", "every row is an object in a line of its own"),
        ("latin.csv", "a text in UTF-8"),
        ("semicolon.csv", r"columns apart by commas(.|\n)*got one column 'x;label'(.|\n)*in place of ';'"),
    ):
        with pytest.raises(InputError, match=message):
            load_examples(str(tmp_path / name))
    with pytest.raises(InputError, match="at least one row"):
        load_examples(str(tmp_path / "empty.csv"))
