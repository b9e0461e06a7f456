"""A base network with the factors of a LoRA adapter as its only weights: layers are the adapted modules."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from isthmus.errors import InputError
from isthmus.hugging_face import PREFIX, HuggingFaceSource, hugging_face_source
from isthmus.models.pretrained import load_pretrained_model, renamed_weights
from isthmus.models.spec import WHERE
from isthmus.weights.checkpoint import adapter_base, adapter_file, load_checkpoint
from isthmus.weights.fitting import fit_to_model
from isthmus.weights.formats.adapter import adapter_config


class LowRank(nn.Module):
    """A module and its change of low rank: y = module(x) + scale B A x.

    Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022.

    Attributes:
        module: A linear layer, whose own weights are fixed.
        lora_A: Shape (r, inputs).
        lora_B: Shape (outputs, r).
        scale: alpha / r, or alpha / sqrt(r).
    """

    def __init__(self, module: nn.Module, down: Tensor, up: Tensor, scale: float) -> None:
        """Around a module.

        Args:
            module: What is adapted.
            down: A.
            up: B.
            scale: Of the change.
        """
        super().__init__()
        self.module = module
        # Zeros, since the values that are measured are put in later.
        self.lora_A = nn.Parameter(torch.zeros_like(down))
        self.lora_B = nn.Parameter(torch.zeros_like(up))
        self.scale = scale

    def forward(self, inputs: Tensor) -> Tensor:
        """The module's outputs with the change added."""
        own: Tensor = self.module(inputs)
        return own + self.scale * functional.linear(functional.linear(inputs, self.lora_A), self.lora_B)


def load_adapted_model(source: HuggingFaceSource) -> nn.Module:
    """The network of an adapter's folder, with the weights of its base fixed inside.

    Its state dict holds what the adapter trained: the factors of each adapted module, and whole weights (a head). A
    measurement of two adapter files (`adapter_model.safetensors`) on it averages factors; of two adapter folders on the
    base, `hf:BASE`, it averages the merged weights. The two are not the same network: B A is not linear in (A, B).

    Args:
        source: A folder with `adapter_config.json`.

    Returns:
        The network.

    Raises:
        InputError: The base is not there, or a factor is of a module that is no linear layer of it.
    """
    folder, where = Path(source.source), f"{WHERE} hf:{source.name}"
    config, place = adapter_config(folder), adapter_base(folder)
    text = str(place) if str(place).startswith(PREFIX) else f"{PREFIX}{place}"
    model = load_pretrained_model(hugging_face_source(text, where))
    base = load_checkpoint(place)
    renamed, _ = renamed_weights(base.weights, model, base.name)
    model.load_state_dict(fit_to_model(renamed, model, base.name).weights)
    trained = load_checkpoint(adapter_file(folder)).weights
    whole = {key for key in trained if not key.endswith((".lora_A", ".lora_B"))}
    _fix(model, {_in_model(key, model) for key in whole})
    for path in dict.fromkeys(key.rpartition(".")[0] for key in trained if key not in whole):
        module = _module(model, path, where)
        down, up = trained.get(f"{path}.lora_A"), trained.get(f"{path}.lora_B")
        if down is None or up is None:
            raise InputError("both factors of every module", f"one of {path!r}", where, "copy the adapter again")
        own = _in_model(path, model)
        model.set_submodule(own, LowRank(module, down, up, config.scale(path)))
    return model


def _fix(model: nn.Module, kept: set[str]) -> None:
    """Make everything but the kept entries part of the network and not of its weights."""
    for path, module in model.named_modules():
        for name, tensor in [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]:
            if (f"{path}.{name}" if path else name) not in kept:
                delattr(module, name)
                module.register_buffer(name, tensor.detach(), persistent=False)


def _module(model: nn.Module, path: str, where: str) -> nn.Module:
    try:
        module = model.get_submodule(_in_model(path, model))
    except AttributeError as error:
        raise InputError("an adapter of this base", f"no module {path!r}", where, "check the base") from error
    weight = getattr(module, "weight", None)
    if not isinstance(weight, Tensor) or weight.ndim != 2 or isinstance(module, nn.Embedding):
        got = f"{type(module).__name__} under {path!r}"
        raise InputError("adapted linear layers", got, where, "measure the merged weights: --model hf:BASE")
    return module


def _in_model(path: str, model: nn.Module) -> str:
    """The model's own path of this name, or the only one that ends so."""
    names = {name for name, _ in model.named_modules()} | set(dict(model.named_parameters()))
    near = [name for name in names if name.endswith(f".{path}")]
    if path in names or len(near) != 1:
        return path
    return near[0]
