"""Every form of weights."""

import io
import json
import pickle
import tarfile
import tempfile
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save
from target import Target, torch_bytes, weights


def _checkpoint(name: str) -> Callable[[Path], object]:
    def read(folder: Path) -> object:
        from isthmus.weights.checkpoint import load_checkpoint

        return load_checkpoint(folder / name)

    return read


def _of_checkpoint(form: str, files: Mapping[str, bytes], name: str = "") -> Target:
    first = name or next(iter(files))
    return Target(form, files, _checkpoint(first), ("inspect", f"{{}}/{first}"))


class Namespace:
    """Settings as a trainer stores them: an object of a class that is not there on reading."""

    def __init__(self) -> None:
        self.lr = 0.1


def checkpoints() -> list[Target]:
    """Every form of weights."""
    own = weights()
    halves = [dict(list(own.items())[:2]), dict(list(own.items())[2:])]
    names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    index = {
        "metadata": {"total_size": 99},
        "weight_map": {k: n for n, h in zip(names, halves, strict=True) for k in h},
    }
    lightning = {
        "epoch": 1, "global_step": 2, "pytorch-lightning_version": "2.5", "state_dict": own,
        "hyper_parameters": {"lr": 0.1, "n": np.float64(1)}, "callbacks": {"x": Namespace()},
        "optimizer_states": [{"state": {0: {"exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 0.1}]}],
    }  # fmt: skip
    config = {
        "peft_type": "LORA",
        "r": 2,
        "lora_alpha": 6,
        "base_model_name_or_path": "base",
        "rank_pattern": {"body.*": 2},
    }
    adapted = "base_model.model.body.0"
    factors = {f"{adapted}.lora_A.weight": torch.randn(2, 3), f"{adapted}.lora_B.weight": torch.randn(4, 2)}
    trainer = {
        "config.json": b'{"model_type": "bert"}', "pytorch_model.bin": torch_bytes(own),
        "training_args.bin": torch_bytes({"a": 1}), "optimizer.pt": torch_bytes({"state": {}, "param_groups": []}),
    }  # fmt: skip
    return [
        _of_checkpoint("safetensors", {"a.safetensors": save(own, {"format": "pt"})}),
        _of_checkpoint(
            "sharded", {"model.safetensors.index.json": json.dumps(index).encode()}
            | {n: save(h) for n, h in zip(names, halves, strict=True)}, ".",
        ),
        _of_checkpoint("torch zip", {"a.pt": torch_bytes(own)}),
        _of_checkpoint("torch nested", {"a.pth": torch_bytes({"model": own, "epoch": 3, "args": Namespace()})}),
        _of_checkpoint("torch legacy", {"a.pt": torch_bytes({"state_dict": own, "args": Namespace()}, zipped=False)}),
        _of_checkpoint("torch tar", {"a.tar": _tar(own)}),
        _of_checkpoint("lightning", {"a.ckpt": torch_bytes(lightning)}),
        _of_checkpoint("trainer folder", trainer, "."),
        _of_checkpoint("distributed", _distributed(), "."),
        _of_checkpoint(
            "adapter", {"adapter_config.json": json.dumps(config).encode(), "adapter_model.safetensors": save(factors),
                        "base/model.safetensors": save(own)}, ".",
        ),
        Target(
            "trajectory", {"1ep.safetensors": save(own), "2ep.pt": torch_bytes(own),
                           "trajectory.json": b'{"iterations_per_epoch": 391}'}, _trajectory,
        ),
    ]  # fmt: skip


def _tar(own: Mapping[str, torch.Tensor]) -> bytes:
    """The form of torch before 0.1.10, which is refused: an archive of pickles."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name in ("sys_info", "pickle", "storages", "tensors"):
            data = pickle.dumps({key: tensor.float().numpy() for key, tensor in own.items()}, 2)
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return stream.getvalue()


@cache
def _distributed() -> Mapping[str, bytes]:
    from torch.distributed import checkpoint as dcp

    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        dcp.save({"model": weights(), "step": 3}, checkpoint_id=folder, no_dist=True)
        return {file.name: file.read_bytes() for file in sorted(Path(folder).iterdir())}


def _trajectory(folder: Path) -> object:
    from isthmus.weights.trajectory import load_trajectory

    found = load_trajectory(folder)
    return [found[step] for step in found]
