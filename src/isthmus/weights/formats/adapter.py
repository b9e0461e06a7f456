"""Adapters (LoRA, as PEFT saves them), merged into the weights of their base."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from isthmus.errors import InputError, short_list
from isthmus.gate.door import parsing
from isthmus.gate.limits import refuse_more
from isthmus.gate.texts import read_object
from isthmus.weights.state import StateDict

CONFIG = "adapter_config.json"
FILES = ("adapter_model.safetensors", "adapter_model.bin")
OUTER = "base_model.model."  # what PEFT puts before every key
MOST_REPETITIONS = 2
HIGHEST_RANK = 2**31 - 1  # no weight has more rows; the scale divides by it as a float
ASKED = "write names of modules, or merge it with PEFT: model.merge_and_unload().save_pretrained(FOLDER)"
FACTOR = re.compile(r"(?P<module>.+)\.(?P<part>lora_A|lora_B|lora_embedding_A|lora_embedding_B)(\.default)?(\.weight)?")


@dataclass(frozen=True)
class AdapterConfig:
    """What `adapter_config.json` says.

    Attributes:
        base: The folder or id of the base model; "" where it is not said.
        rank: r, and alpha below: a module's change is scale(alpha, r) B A.
        alpha: As `rank`.
        ranks: Other ranks by pattern of the module's path.
        alphas: Other alphas by pattern.
        rank_stabilised: Whether the scale is alpha / sqrt(r) in place of alpha / r.
        transposed: Whether base weights are stored as (inputs, outputs), as GPT-2 has them.
    """

    base: str
    rank: int
    alpha: float
    ranks: Mapping[str, int]
    alphas: Mapping[str, float]
    rank_stabilised: bool
    transposed: bool

    def scale(self, module: str) -> float:
        """The factor of B A for a module.

        Args:
            module: Its path in the base model.

        Returns:
            alpha / r, or alpha / sqrt(r).
        """
        rank, alpha = _matching(self.ranks, module, self.rank), _matching(self.alphas, module, self.alpha)
        # The square root is that of rank-stabilised LoRA (Kalajdzievski, 2023).
        return float(alpha / (math.sqrt(rank) if self.rank_stabilised else rank))


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter."""
    return folder.is_dir() and (folder / CONFIG).is_file()


def adapter_config(folder: Path) -> AdapterConfig:
    """Read the settings of an adapter.

    Args:
        folder: With `adapter_config.json`.

    Returns:
        The settings.

    Raises:
        InputError: The file can't be read, or is that of another kind of adapter.
    """
    place = str(folder / CONFIG)
    expected, remedy = "JSON with r and lora_alpha, as PEFT writes it", "copy the folder again"
    config = read_object(folder / CONFIG, expected, remedy)
    with parsing(expected, place, remedy):
        kind = config.get("peft_type", "LORA")
        if kind != "LORA" or config.get("use_dora") or config.get("lora_bias"):
            got = "DoRA" if config.get("use_dora") else "LoRA with biases" if config.get("lora_bias") else str(kind)
            merge = "merge it with PEFT: model.merge_and_unload().save_pretrained(FOLDER)"
            raise InputError("an adapter of plain LoRA", got, place, merge)
        return AdapterConfig(
            base=str(config.get("base_model_name_or_path") or ""),
            rank=_rank(config["r"], place),
            alpha=_alpha(config["lora_alpha"], place),
            ranks=_patterns(config.get("rank_pattern"), _rank, place),
            alphas=_patterns(config.get("alpha_pattern"), _alpha, place),
            rank_stabilised=bool(config.get("use_rslora")),
            transposed=bool(config.get("fan_in_fan_out")),
        )


def bare_factors(weights: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of an adapter's file under the paths of its base; other entries as they are.

    Args:
        weights: Of any file.

    Returns:
        Such as "encoder.query.lora_A" for PEFT's "base_model.model.encoder.query.lora_A.default.weight".

    Example:
        >>> list(bare_factors({"base_model.model.q.lora_A.weight": 0, "base_model.model.head.weight": 1}))
        ['q.lora_A', 'head.weight']
    """
    if not weights or not all(key.startswith(OUTER) for key in weights):
        return dict(weights)
    found = {}
    for key, tensor in weights.items():
        match = FACTOR.fullmatch(key.removeprefix(OUTER))
        found[f"{match['module']}.{match['part']}" if match else _own_key(key)] = tensor
    return found


def merged_adapter(
    base: StateDict, adapter: StateDict, config: AdapterConfig, where: str
) -> tuple[dict[str, Tensor], str]:
    """The weights of the base with an adapter's changes: W + scale B A for every adapted module.

    Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022. Products are computed in float32 (in
    float64 for such weights) and rounded to the base's type last.

    Args:
        base: Weights of the base model.
        adapter: Factors of shapes (r, inputs) and (outputs, r) under PEFT's keys, and whole weights that it trained.
        config: Its settings.
        where: The adapter's name, for messages.

    Returns:
        A state dict with the keys of the base, and what was done.

    Raises:
        InputError: A module or a factor is missing, or the shapes don't fit the base.
    """
    factors: dict[str, dict[str, Tensor]] = {}
    whole: dict[str, Tensor] = {}
    for key, tensor in adapter.items():
        match = FACTOR.fullmatch(key.removeprefix(OUTER))
        if match:
            factors.setdefault(match["module"], {})[match["part"]] = tensor
        else:
            whole[_base_key(_own_key(key), base) or _own_key(key)] = tensor
    merged = dict(base)
    for module, parts in factors.items():
        own = _base_key(f"{module}.weight", base)
        if own is None or len(parts) != 2:
            got = f"{module!r}, which the base lacks" if own is None else f"{short_list(parts)} alone for {module!r}"
            raise InputError("an adapter of this base, with both factors of every module", got, where, _remedy(base))
        merged[own] = _changed(base[own], parts, config.scale(module), config.transposed, f"{where}, {module}")
    foreign = [key for key, tensor in whole.items() if key not in base or base[key].shape != tensor.shape]
    if foreign:
        raise InputError(
            "weights of this base", f"{short_list(foreign)} of other names or shapes", where, _remedy(base)
        )
    merged |= whole
    trained = f", and {len(whole)} whole tensors" if whole else ""
    return merged, f"an adapter of {len(factors)} modules was merged into its base {config.base!r}{trained}"


def _changed(weight: Tensor, parts: dict[str, Tensor], scale: float, transposed: bool, where: str) -> Tensor:
    is_embedding = "lora_embedding_A" in parts
    down, up = (parts[f"lora_{'embedding_' if is_embedding else ''}{letter}"] for letter in "AB")
    wide = torch.promote_types(weight.dtype, torch.float32)
    try:
        change = up.to(wide).flatten(1) @ down.to(wide).flatten(1)
        # The weights of embeddings, and of GPT-2's Conv1D (`fan_in_fan_out`), stand the other way round than B A.
        change = change.T if transposed != is_embedding else change
        return (weight.to(wide) + scale * change.reshape(weight.shape)).to(weight.dtype)
    except (RuntimeError, MemoryError) as error:
        got = f"factors {tuple(up.shape)} and {tuple(down.shape)} for a weight of shape {tuple(weight.shape)}"
        raise InputError(
            "factors whose product has the weight's shape", got, where, "give the adapter's own base"
        ) from error


def _base_key(key: str, base: StateDict) -> str | None:
    """The base's key of this name, or the only one that ends so or that it ends with: heads put a prefix before it."""
    if key in base:
        return key
    near = [other for other in base if other.endswith(f".{key}") or key.endswith(f".{other}")]
    return near[0] if len(near) == 1 else None


def _own_key(key: str) -> str:
    return key.removeprefix(OUTER).replace(".modules_to_save.default.", ".").replace(".modules_to_save.", ".")


def _rank(given: Any, place: str) -> int:
    rank = int(given)
    if not 1 <= rank <= HIGHEST_RANK:
        raise InputError(f"ranks from 1 to {HIGHEST_RANK}", str(given)[:40], place, "copy the folder again")
    return rank


def _alpha(given: Any, place: str) -> float:
    alpha = float(given)
    if not math.isfinite(alpha):
        raise InputError("alphas that are finite numbers", str(given)[:40], place, "copy the folder again")
    return alpha


def _patterns(given: Any, kind: Callable[[Any, str], float], place: str) -> dict[str, Any]:
    """Numbers by pattern, each pattern one that is matched in little time."""
    found = {str(pattern): kind(value, place) for pattern, value in dict(given or {}).items()}
    for pattern in found:
        refuse_more("name", len(pattern), place)
        re.compile(pattern)
        # A repeated group may be tried in a number of ways that doubles with every letter, and each repetition adds
        # a factor of the name's length.
        if re.search(r"\)[*+?{]", pattern) or len(re.findall(r"[*+{]", pattern)) > MOST_REPETITIONS:
            got = f"{pattern!r}"
            raise InputError(f"patterns of at most {MOST_REPETITIONS} repetitions, none of a group", got, place, ASKED)
    return found


def _matching(patterns: Mapping[str, Any], module: str, default: Any) -> Any:
    # As PEFT matches them: a pattern is the end of a module's path.
    found = [value for pattern, value in patterns.items() if re.fullmatch(rf"(.*\.)?({pattern})", module)]
    return found[0] if found else default


def _remedy(base: StateDict) -> str:
    return f"check base_model_name_or_path; the base has {short_list(base)}"
