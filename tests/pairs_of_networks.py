"""Two networks with different weights in every entry, ready for both engines."""

from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from isthmus.data.examples import Examples
from isthmus.evaluation.batches import BatchSize
from isthmus.evaluation.direct import DirectEngine
from isthmus.evaluation.losses.loss import cross_entropy
from isthmus.evaluation.network import Network
from isthmus.evaluation.shared import SharedEngine
from isthmus.evaluation.stages.staging import staged_network
from isthmus.layers.order import first_use
from isthmus.layers.rules import layer_partition
from isthmus.models.load import load_model
from isthmus.paths.linear import Segment
from isthmus.sweeps.spec import sweeps_of
from isthmus.trees import map_tensors, take_rows, tensors
from isthmus.weights.state import Kind, entry_kinds, tensors_of, tied_keys

BATCH_SIZE = 4
CPU = torch.device("cpu")
MIXED = ("single", "cumulative:shallow_first", "cumulative:deep_first", "pairs")


def next_token_loss(logits, tokens):
    """The mean cross-entropy of each text's tokens."""
    return functional.cross_entropy(logits[:, :-1].transpose(1, 2), tokens[:, 1:], reduction="none").mean(1)


def other_weights(model):
    """Weights with other values in every entry, variances above zero, and ties kept."""
    weights = tensors_of(model)
    variances = {
        key for key, kind in entry_kinds(model).items() if kind is Kind.STATISTICS and key.endswith("running_var")
    }
    other = {
        key: torch.rand_like(t) + 0.5
        if key in variances
        else t + 0.3 * torch.randn_like(t)
        if t.is_floating_point()
        else t.flip(0)
        if t.ndim
        else t + 1
        for key, t in weights.items()
    }
    for group in tied_keys(model):
        other.update(dict.fromkeys(group, other[group[0]]))
    return {key: t.clone() for key, t in other.items()}


@dataclass
class Pair:
    """Everything that an engine needs."""

    network: Network
    segment: Segment
    examples: Examples

    @classmethod
    def of(cls, model, inputs, *, loss=cross_entropy, dtype=torch.float32, rule="module", keeps_statistics=False):
        model.eval()
        targets = inputs if loss is next_token_loss else torch.randint(0, 4, (len(tensors(inputs)[0]),))
        layers = layer_partition(rule, model, first_use(model, map_tensors(Tensor.clone, take_rows(inputs, slice(1)))))
        segment = Segment.between(
            other_weights(model), other_weights(model), layers, entry_kinds(model), keeps_statistics=keeps_statistics
        )
        return cls(Network.from_model(model, loss, CPU, dtype), segment, Examples(inputs, targets, "random", "test"))

    def points(self, sweeps=MIXED, alphas=(0.5, 0.9), at_most=None):
        """The distinct points of sweeps from both hosts, networks a and b among them, evenly thinned to a number."""
        labels = tuple(self.segment.layers)
        groups = [group.layers for sweep in sweeps_of(sweeps) for group in sweep.groups(labels)]
        rows = [("a", (), 0.0), ("b", (), 0.0), *product("ab", groups, alphas)]
        thinned = rows if at_most is None else rows[:: -(-len(rows) // at_most)]
        return tuple(dict.fromkeys(self.segment.point(*row) for row in thinned))

    def staged(self, batch_size=BATCH_SIZE, *, in_order=False):
        return staged_network(self.network, self.segment, self.examples, BatchSize(batch_size), in_order=in_order)

    def direct(self, points, batch_size=BATCH_SIZE):
        blocks = list(
            DirectEngine(self.network, self.segment, BatchSize(batch_size)).blocks(points, self.examples, set())
        )
        return joined(blocks, axis=0)

    def shared_engine(self, staged=None, batch_size=BATCH_SIZE):
        return SharedEngine(self.network, self.segment, BatchSize(batch_size), staged or self.staged(batch_size))

    def shared(self, points, staged=None, batch_size=BATCH_SIZE):
        return joined(list(self.shared_engine(staged, batch_size).blocks(points, self.examples, set())), axis=1)


def joined(blocks, axis):
    """Losses and errors (points, examples) of all blocks."""
    losses = np.concatenate([block.loss for block in blocks], axis)
    return losses, None if blocks[0].error is None else np.concatenate([block.error for block in blocks], axis)


def registered(spec, *shape):
    return lambda: (load_model(spec), torch.randn(9, *shape))


REGISTERED = {
    "mlp": registered("mlp:inputs=12,width=5,classes=4", 3, 2, 2),
    "cnn": registered("cnn:width=2,classes=4,channels=1", 1, 8, 8),
    "resnet18": registered("resnet18:width=2,classes=4", 3, 16, 16),
    "resnet18_no_norm": registered("resnet18_no_norm:width=2,classes=4", 3, 16, 16),
    "resnet18_group_norm": registered("resnet18_group_norm:width=2,classes=4", 3, 16, 16),
    "vgg11": registered("vgg11:width=1,classes=4", 3, 32, 32),
    "mobilenet": registered("mobilenet:width=2,classes=4", 3, 16, 16),
    "lenet5": registered("lenet5:classes=4", 1, 28, 28),
    "omniglot_cnn": registered("omniglot_cnn:width=2,classes=4", 1, 16, 16),
    "deep_linear": registered("deep_linear:inputs=12,width=5,classes=4", 3, 2, 2),
    "vit": registered("vit:layers=2,width=16,heads=2,mlp=32,patch=4,image=8,classes=4", 3, 8, 8),
    "gpt": lambda: (
        load_model("gpt:layers=2,width=16,heads=2,length=8,vocabulary=50"),
        torch.randint(0, 50, (9, 8)),
    ),
}


def registered_pair(name):
    """Two networks of a registered kind, under the loss that is made for its inputs."""
    model, inputs = REGISTERED[name]()
    return Pair.of(model, inputs, loss=cross_entropy if inputs.is_floating_point() else next_token_loss)


def transformer(name):
    """A tiny model of the `transformers` package, and inputs for it."""
    import transformers

    texts = partial(torch.randint, 0, 50, (9, 8))
    small = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    tokens = {"vocab_size": 50, "bos_token_id": 0, "eos_token_id": 0}
    if name == "vit":
        config = transformers.ViTConfig(**small, image_size=8, patch_size=4, num_labels=4)
        return transformers.ViTForImageClassification(config), torch.randn(9, 3, 8, 8)
    if name == "resnet":
        config = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 2], num_labels=4)
        return transformers.ResNetForImageClassification(config), torch.randn(9, 3, 32, 32)
    if name == "gpt2":
        config = transformers.GPT2Config(n_embd=16, n_layer=2, n_head=2, n_positions=16, **tokens)
        return transformers.GPT2LMHeadModel(config), texts()
    config = transformers.GPTNeoXConfig(**small, max_position_embeddings=16, **tokens)
    return transformers.GPTNeoXForCausalLM(config), texts()


class FastPath(nn.Module):
    """PyTorch's own encoder layer, which takes a fused path in evaluation mode but not while it is exported."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.fc = nn.Linear(8, 4)

    def forward(self, x):
        return self.fc(self.encoder(x).mean(1))


def staged(model, inputs, **options):
    """A network cut into stages, with other weights as its second end."""
    return Pair.of(model, inputs, **options).staged()
