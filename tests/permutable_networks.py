"""Small networks whose units are held together in all the ways that occur: one class a way."""

import torch
import transformers
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, max_pool2d, pad, silu
from torch.nn.utils.parametrizations import spectral_norm, weight_norm


class PaddedResNet(nn.Module):
    """A shortcut without parameters: every second pixel, zero channels on both sides."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6)
        self.conv1, self.conv2 = nn.Conv2d(6, 12, 3, 2, padding=1), nn.Conv2d(12, 12, 3, padding=1)
        self.fc = nn.Linear(12, 4)

    def forward(self, x: Tensor) -> Tensor:
        """Images."""
        x = self.norm(self.stem(x)).relu_()
        features = self.conv2(self.conv1(x).relu())
        features += pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 3, 3))
        return self.fc(features.relu().mean((2, 3)))


class DenseNet(nn.Module):
    """Every layer reads all before it."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.BatchNorm2d(8 + 5 * n), nn.ReLU(), nn.Conv2d(8 + 5 * n, 5, 3, padding=1)) for n in range(2)
        )
        self.transition, self.fc = nn.Conv2d(18, 6, 1), nn.Linear(6 * 16, 4)

    def forward(self, x: Tensor) -> Tensor:
        """Images of 8 x 8."""
        x = self.stem(x)
        for layer in self.layers:
            x = torch.cat([x, layer(x)], dim=1)
        return self.fc(torch.flatten(avg_pool2d(self.transition(x).relu(), 2), 1))


class UNet(nn.Module):
    """What goes down meets again what comes up."""

    def __init__(self):
        super().__init__()
        self.down1, self.down2 = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 12, 3, padding=1)
        self.middle, self.up = nn.Conv2d(12, 11, 3, padding=1), nn.ConvTranspose2d(11, 7, 2, 2)
        self.last, self.head = nn.Conv2d(19, 8, 3, padding=1), nn.Conv2d(14, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Images to maps."""
        first = self.down1(x).relu()
        second = self.down2(max_pool2d(first, 2)).relu()
        up = self.up(self.middle(max_pool2d(second, 2)).relu())
        up = interpolate(self.last(torch.cat([up, second], 1)).relu(), scale_factor=2.0, mode="nearest")
        return self.head(torch.cat([up, first], 1))


class Grouped(nn.Module):
    """Convolutions in groups, and channels that are weighed by what they hold."""

    def __init__(self):
        super().__init__()
        self.first, self.grouped = nn.Conv2d(3, 12, 3), nn.Conv2d(12, 24, 3, groups=4)
        self.point, self.depthwise = nn.Conv2d(24, 8, 1), nn.Conv2d(8, 24, 3, groups=8)
        self.squeeze, self.excite, self.fc = nn.Conv2d(24, 5, 1), nn.Conv2d(5, 24, 1), nn.Linear(24, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Images of 8 x 8."""
        x = self.depthwise(self.point(self.grouped(self.first(x).relu()).relu()).relu())
        weighed = x * self.excite(self.squeeze(nn.functional.adaptive_avg_pool2d(x, 1)).relu()).sigmoid()
        return self.fc(weighed.mean((2, 3)))


class PackedViT(nn.Module):
    """Queries, keys and values in one weight, a class token, a gated layer in one weight."""

    def __init__(self):
        super().__init__()
        self.patches, self.norm = nn.Conv2d(3, 12, 4, 4), nn.LayerNorm(12)
        self.places, self.token = nn.Parameter(torch.randn(1, 5, 12)), nn.Parameter(torch.randn(1, 1, 12))
        self.qkv, self.out, self.scale = nn.Linear(12, 36), nn.Linear(12, 12), nn.Parameter(torch.randn(12))
        self.gated, self.back, self.fc = nn.Linear(12, 40), nn.Linear(20, 12), nn.Linear(12, 4)

    def forward(self, x: Tensor) -> Tensor:
        """Images of 8 x 8."""
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.places
        q, k, v = self.qkv(self.norm(x)).reshape(-1, 5, 3, 3, 4).permute(2, 0, 3, 1, 4).unbind(0)
        attended = (0.5 * q @ k.transpose(-2, -1)).softmax(-1) @ v
        x = x + self.scale * self.out(attended.transpose(1, 2).reshape(-1, 5, 12))
        value, gate = self.gated(x).chunk(2, -1)
        return self.fc((x + self.back(value * silu(gate)))[:, 0])


class Recurrent(nn.Module):
    """Two layers in both directions, of which the last hidden states are read."""

    def __init__(self, kind=nn.LSTM):
        super().__init__()
        self.embedding, self.cells = nn.Embedding(11, 6), kind(6, 7, 2, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(14, 4)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens."""
        _, hidden = self.cells(self.embedding(x))
        hidden = hidden[0] if isinstance(hidden, tuple) else hidden
        return self.fc(torch.cat([hidden[-2], hidden[-1]], -1))


class Mixer(nn.Module):
    """A layer along the places, which stay, and one along the channels."""

    def __init__(self):
        super().__init__()
        self.patches, self.norm, self.fc = nn.Conv2d(3, 10, 4, 4), nn.LayerNorm(10), nn.Linear(10, 3)
        self.places1, self.places2 = nn.Linear(4, 7), nn.Linear(7, 4)
        self.channels1, self.channels2 = nn.Linear(10, 12), nn.Linear(12, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Images of 8 x 8."""
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = x + self.places2(silu(self.places1(self.norm(x).transpose(1, 2)))).transpose(1, 2)
        return self.fc((x + self.channels2(silu(self.channels1(x)))).mean(1))


class Shuffled(nn.Module):
    """Channels of two groups that are dealt anew."""

    def __init__(self):
        super().__init__()
        self.first, self.grouped = nn.Conv2d(3, 8, 1), nn.Conv2d(8, 8, 1, groups=2)
        self.depthwise, self.fc = nn.Conv2d(8, 8, 3, groups=8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Images of 8 x 8."""
        x = self.grouped(self.first(x).relu())
        x = x.view(-1, 2, 4, 8, 8).transpose(1, 2).reshape(-1, 8, 8, 8)
        return self.fc(self.depthwise(x).relu().amax((2, 3)))


class Einsum(nn.Module):
    """Sums that are named by letters."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Parameter(torch.randn(4, 5, 6)), nn.Parameter(torch.randn(4, 6, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Sequences of five numbers, of which the first counts."""
        return torch.einsum("bhk,hko->bo", torch.einsum("bd,hdk->bhk", x[:, 0], self.first).relu(), self.second)


class Gated(nn.Module):
    """Four blocks of three units, each weighed by what stands in its place in all blocks."""

    def __init__(self, weighed):
        super().__init__()
        self.first, self.second, self.weighed = nn.Linear(30, 12), nn.Linear(12, 3), weighed

    def forward(self, x: Tensor) -> Tensor:
        """Numbers."""
        blocks = self.first(x.flatten(1)).unflatten(1, (4, 3))
        return self.second((blocks * self.weighed(blocks)).flatten(1))


def parametrised():
    """A weight as direction and length, and one divided by its norm."""
    first, second = weight_norm(nn.Linear(30, 8)), spectral_norm(nn.Linear(8, 7))
    return nn.Sequential(nn.Flatten(), first, nn.ReLU(), second, nn.PReLU(7), nn.Linear(7, 3))


def encoder():
    """PyTorch's own transformer."""
    layer = nn.TransformerEncoderLayer(12, 3, 20, batch_first=True)
    return nn.Sequential(
        nn.Linear(5, 12), nn.TransformerEncoder(layer, 1, enable_nested_tensor=False), nn.Linear(12, 4)
    )


def gpt2():
    """A GPT-2: queries, keys and values in one weight that stands the other way round, tied embeddings."""
    sizes = {"n_embd": 12, "n_layer": 1, "n_head": 3, "n_positions": 16, "vocab_size": 20}
    return transformers.GPT2LMHeadModel(transformers.GPT2Config(**sizes, bos_token_id=None, eos_token_id=None))


def llama():
    """A Llama: four heads of queries, two of keys and values, rotary positions, tied embeddings."""
    sizes = {"vocab_size": 20, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 32}
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(**sizes, **heads, tie_word_embeddings=True))


IMAGES, TOKENS = torch.randn(3, 3, 8, 8), torch.randint(0, 11, (3, 6))
SERIES = torch.randn(3, 6, 5)
NETWORKS = {
    "padded resnet": (PaddedResNet, IMAGES, [6, 12, 6]),
    "densenet": (DenseNet, IMAGES, [8, 5, 5, 6]),
    "unet": (UNet, IMAGES, [6, 12, 11, 7, 8]),
    "grouped": (Grouped, IMAGES, [4, 3, 6, 8, 3, 5]),
    "packed vit": (PackedViT, IMAGES, [12, 3, 4, 4, 20]),
    "lstm": (Recurrent, TOKENS, [6, 7, 7, 7, 7]),
    "gru": (lambda: Recurrent(nn.GRU), TOKENS, [6, 7, 7, 7, 7]),
    "encoder": (encoder, SERIES, [12, 3, 4, 4, 20]),
    "mixer": (Mixer, IMAGES, [10, 7, 12]),
    "shuffled": (Shuffled, IMAGES, [2, 4, 4]),
    "einsum": (Einsum, SERIES, [4, 6]),
    "parametrised": (parametrised, SERIES, [8, 7]),
    "blocks that meet": (lambda: Gated(lambda x: x.mean(1, keepdim=True)), SERIES, [4, 3]),
    "blocks that compete": (lambda: Gated(lambda x: x.softmax(1)), SERIES, [4, 3]),
    "blocks apart": (lambda: Gated(lambda x: x.softmax(2)), SERIES, [4, 3]),
    "gpt2": (gpt2, TOKENS, [12, 3, 4, 4, 48]),
    "llama": (llama, TOKENS, [16, 2, 2, 4, 24]),
}
"""Name -> how it is built, what it takes, and the sizes of the groups of units that may be permuted."""
