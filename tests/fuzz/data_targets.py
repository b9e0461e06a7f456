"""Every form of examples."""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from PIL import Image
from safetensors.torch import save
from target import Target, torch_bytes


def _data(name: str) -> Callable[[Path], object]:
    def read(folder: Path) -> object:
        from isthmus.data.load import load_examples

        return load_examples(f"{folder}/{name}" if name else str(folder))

    return read


def _of_data(form: str, files: Mapping[str, bytes], name: str | None = None) -> Target:
    first = next(iter(files)) if name is None else name
    place = f"{{}}/{first}" if first else "{}"
    command = ("measure", "a.safetensors", "b.safetensors", "--model", "cnn", "--data", place)  # two that are there
    return Target(form, files, _data(first), command)


def parquet_bytes(table: pa.Table, **options: Any) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream, **options)
    return stream.getvalue()


def _image(form: str, seed: int) -> bytes:
    stream = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(stream, form)
    return stream.getvalue()


def data() -> list[Target]:
    """Every form of examples."""
    x, y = np.arange(24, dtype=np.float32).reshape(6, 4), np.arange(6) % 2
    numbers = pa.table({"inputs": x.tolist(), "label": y, "name": [f"row {k}" for k in range(6)]})
    npz = io.BytesIO()
    np.savez_compressed(npz, inputs=x, targets=y)
    one, two = io.BytesIO(), io.BytesIO()
    np.save(one, x)
    np.save(two, y)
    bare = io.BytesIO()
    with zipfile.ZipFile(bare, "w") as archive:
        archive.writestr("inputs.npy", one.getvalue())
        archive.writestr("targets.npy", two.getvalue())
    tensors = {"inputs": torch.from_numpy(x), "targets": torch.from_numpy(y)}
    rows = [json.dumps({"a": float(k), "b": {"c": [k, k + 1]}, "more": [k, 1], "label": k % 2}) for k in range(6)]
    return [
        _of_data("parquet", {"own.parquet": parquet_bytes(numbers)}),
        _of_data("parquet zstd", {"own.parquet": parquet_bytes(numbers, compression="zstd", row_group_size=2)}),
        *(
            _of_data(f"images {form}", {"test-00000-of-00001.parquet": parquet_bytes(_images(form))}, "")
            for form in ("PNG", "JPEG", "WEBP")
        ),
        _of_data("npz", {"own.npz": npz.getvalue()}),
        _of_data("npy in zip", {"own.npz": bare.getvalue()}),
        _of_data("arrays in safetensors", {"own.safetensors": save(tensors)}),
        _of_data("arrays in torch", {"own.pt": torch_bytes(tensors)}),
        _of_data("csv", {"own.csv": b"a,b,label\n" + b"".join(b"%d,%d.5,%d\n" % (k, k, k % 2) for k in range(6))}),
        _of_data("tsv", {"own.tsv": b"a\tb\tlabel\n" + b"".join(b"%d\t%d\t%d\n" % (k, k, k % 2) for k in range(6))}),
        _of_data("json lines", {"own.jsonl": "\n".join(rows).encode()}),
        _of_data("text", {"own.txt": ("to be or not to be, that is the question\n" * 12).encode()}),
        _of_data("saved to disk", _saved(numbers), ""),
        Target("single image", {"a.png": _image("PNG", 1)}, _decoded),
        Target("flower message", {"a.npy": one.getvalue()}, _message),
    ]


def _images(form: str) -> pa.Table:
    codes = [{"bytes": _image(form, k), "path": f"{k}.png"} for k in range(4)]
    facts = {"info": {"features": {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}}
    table = pa.table({"image": codes, "label": [0, 1, 0, 1]})
    return table.replace_schema_metadata({"huggingface": json.dumps(facts)})


def _saved(table: pa.Table) -> dict[str, bytes]:
    """As `datasets` saves to disk: a stream of Arrow, and what says so."""
    stream = io.BytesIO()
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    state = {"_data_files": [{"filename": "data-00000-of-00001.arrow"}], "_split": "test", "_fingerprint": "0"}
    return {"data-00000-of-00001.arrow": stream.getvalue(), "state.json": json.dumps(state).encode()}


def _decoded(folder: Path) -> object:
    from isthmus.data.decoded import decoded_rows

    code = (folder / "a.png").read_bytes()
    return decoded_rows([code], 1, "a.png", len(code))


def _message(folder: Path) -> object:
    """A client's reply: whatever it holds, the server goes on."""
    from flwr.app import Array, ArrayRecord, MetricRecord, RecordDict

    from isthmus.federated.flower.messages import sent_or_failed
    from isthmus.federated.flower.names import ARRAYS, COUNT, METRICS

    array = Array(dtype="float32", shape=(6, 4), stype="numpy.ndarray", data=(folder / "a.npy").read_bytes())
    content = RecordDict({ARRAYS: ArrayRecord({"w": array}), METRICS: MetricRecord({COUNT: 3})})
    return sent_or_failed(0, content)
