"""Checkpoints as libraries write them: adapters over a base, a Lightning checkpoint, a Trainer's folder."""

import argparse
import copy
import functools
import json
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from torch import Tensor, nn

from worked.example import Example, averaged, trained_pair
from worked.files import imported, save_folders
from worked.texts import BERT, NUM_EXAMPLES, class_rows, labelled_loss, mean_of, save_reviews, save_tokenizer

RANK, ALPHA = 2, 4
ADAPTED = ("query", "value")
WINE = '''"""A network of one's own with two inputs by name, and its data as a loader of dicts."""

import torch
from torch import nn
from torch.utils.data import DataLoader


class Wine(nn.Module):
    def __init__(self):
        super().__init__()
        self.kind = nn.Embedding(3, 4)
        self.body = nn.Sequential(nn.Linear(9, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU())
        self.head = nn.Linear(16, 1)

    def forward(self, measured, kind):
        return self.head(self.body(torch.cat([measured, self.kind(kind)], dim=1)))


def build():
    return Wine()


def validation():
    random = torch.Generator().manual_seed(0)
    measured, kind = torch.randn(24, 5, generator=random), torch.randint(3, (24,), generator=random)
    target = measured[:, :1] * (kind[:, None] - 1) + measured[:, 1:2]
    items = [{"measured": m, "kind": k, "target": t} for m, k, t in zip(measured, kind, target)]
    return DataLoader(items, batch_size=8)
'''


def classifier() -> nn.Module:
    """The start of all networks here."""
    torch.manual_seed(0)
    return transformers.BertForSequenceClassification(transformers.BertConfig(**BERT, num_labels=2))


def adapted() -> tuple[nn.Module, nn.Module]:
    """Two LoRA adapters of one base, in the layout of PEFT."""
    save_reviews()
    base = classifier()
    base.save_pretrained("base")
    save_tokenizer("base")
    merged = []
    for seed, name in enumerate(("a", "b"), start=1):
        torch.manual_seed(seed)
        network, factors = copy.deepcopy(base), {}
        for path, module in network.named_modules():
            if path.endswith(ADAPTED):
                down, up = torch.randn(RANK, module.in_features) / 4, torch.randn(module.out_features, RANK)
                factors[f"base_model.model.{path}.lora_A.weight"] = down
                factors[f"base_model.model.{path}.lora_B.weight"] = up
                module.weight.data += ALPHA / RANK * up @ down
        save_adapter(Path(name), factors)
        merged.append(network.eval())
    return merged[0], merged[1]


def save_adapter(folder: Path, factors: dict[str, Tensor]) -> None:
    """An adapter's two files."""
    folder.mkdir()
    save_file(factors, folder / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "base_model_name_or_path": "base", "r": RANK, "lora_alpha": ALPHA}
    config |= {"target_modules": list(ADAPTED), "bias": "none", "fan_in_fan_out": False}
    (folder / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")


@functools.cache
def items() -> list[dict[str, Tensor]]:
    """What the loader gives batches of."""
    found: list[dict[str, Tensor]] = imported("network.py").validation().dataset
    return found


def wine_loss(network: nn.Module, number: int) -> Tensor:
    """The squared error of one item of the loader's data set."""
    item = items()[number]
    return (network(item["measured"][None], item["kind"][None]) - item["target"]).square().sum()


def lightning() -> tuple[nn.Module, nn.Module]:
    """Checkpoints with hyperparameters and the state of an optimizer, as Lightning's Trainer writes them."""
    Path("network.py").write_text(WINE, encoding="utf-8")
    torch.manual_seed(0)
    pair = trained_pair(imported("network.py").build(), wine_loss, NUM_EXAMPLES)
    for number, network in enumerate(pair):
        checkpoint = {
            "epoch": 5, "global_step": 30, "pytorch-lightning_version": "2.5.0",
            "state_dict": {f"model.{key}": tensor for key, tensor in network.state_dict().items()},
            "hyper_parameters": argparse.Namespace(lr=0.01, data=Path("wine")), "hparams_name": "args",
            "optimizer_states": [{"state": {}, "param_groups": [{"lr": 0.01, "params": [0]}]}],
            "lr_schedulers": [], "callbacks": {}, "loops": {"fit_loop": {"state_dict": {}}},
        }  # fmt: skip
        torch.save(checkpoint, f"{'ab'[number]}.ckpt")
    return pair[0], pair[1]


def trained_folders() -> tuple[nn.Module, nn.Module]:
    """Folders a and b with checkpoint-6 and checkpoint-12 each, as a Trainer of transformers leaves them."""
    save_reviews()
    loss = functools.partial(labelled_loss, class_rows())
    start = classifier()
    pair = trained_pair(start, loss, NUM_EXAMPLES)
    halfway = []
    for network in pair:
        middle = copy.deepcopy(start)
        middle.load_state_dict(averaged(start.state_dict(), network.state_dict(), list(network.state_dict())))
        halfway.append(middle)
    for step, networks in ((6, halfway), (12, pair)):
        folders = (f"a/checkpoint-{step}", f"b/checkpoint-{step}")
        save_folders(networks, folders)
        for folder in folders:
            torch.save({"state": {}, "param_groups": []}, Path(folder, "optimizer.pt"))
            Path(folder, "trainer_state.json").write_text(json.dumps({"global_step": step}), encoding="utf-8")
    save_tokenizer("a/checkpoint-12")
    return pair[0], pair[1]


CHECKPOINTS = {
    "lora": Example(
        "LoRA adapters over a base",
        "the folder base with its tokenizer; adapters a and b as PEFT writes them; reviews.csv",
        "isthmus measure a b --model hf:base --data reviews.csv",
        adapted,
        lambda network: mean_of(class_rows(), network),
    ),
    "lightning": Example(
        "Lightning checkpoints of a regression with two inputs",
        "a.ckpt and b.ckpt; network.py with the network and the loader",
        "isthmus measure a.ckpt b.ckpt --model network.py:build --data network.py:validation --loss squared_error",
        lightning,
        lambda network: sum(float(wine_loss(network, n)) for n in range(NUM_EXAMPLES)) / NUM_EXAMPLES,
    ),
    "trainer": Example(
        "Trainer folders: two trainings, every checkpoint",
        "folders a and b with checkpoint-6 and checkpoint-12 each; reviews.csv",
        "isthmus measure a b --model hf:a/checkpoint-12 --data reviews.csv",
        trained_folders,
        lambda network: mean_of(class_rows(), network),
        picture=Path("run/figures/loss_steps.svg"),
    ),
}
