"""Tiny image tables in the Hugging Face layout, and a cache of this test's own."""

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

ImageWriter = Callable[..., Path]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """The folder of decoded images, empty at first."""
    folder = tmp_path / "decoded"
    monkeypatch.setenv("ISTHMUS_CACHE", str(folder))
    return folder


@pytest.fixture
def colour_images() -> np.ndarray:
    """Seven RGB images of 4x6 with all values different from their neighbours': (n, height, width, channels)."""
    return np.random.default_rng(0).integers(0, 256, size=(7, 4, 6, 3), dtype=np.uint8)


@pytest.fixture
def write_images() -> ImageWriter:
    """Write images (arrays, or bytes as they are) and labels as one Parquet file."""

    def encoded(pixels: np.ndarray | bytes | None, form: str) -> bytes | None:
        if not isinstance(pixels, np.ndarray):
            return pixels
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, format=form, **({"lossless": True} if form == "WEBP" else {}))
        return stream.getvalue()

    def write(
        path: Path,
        images: Sequence[np.ndarray | bytes | None],
        labels: Sequence[int],
        image: str = "img",
        label: str = "label",
        names: Sequence[str] | None = None,
        form: str = "PNG",
    ) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        structs = [{"bytes": encoded(pixels, form), "path": None} for pixels in images]
        struct = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        table = pa.table({image: pa.array(structs, struct), label: pa.array(labels, pa.int64())})
        if names is not None:
            features = {"info": {"features": {label: {"names": list(names), "_type": "ClassLabel"}}}}
            table = table.replace_schema_metadata({b"huggingface": json.dumps(features).encode()})
        pq.write_table(table, path)
        return path

    return write
