"""Networks on rows of numbers and on sequences: own modules as people write them."""

import math
from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations
from tried.case import Case, random_mask, random_rows, random_tokens

ROWS, SERIES, TOKENS, MASK = random_rows(6), random_rows(7, 6), random_tokens(), random_mask()


class Residual(nn.Module):
    def __init__(self, pre_norm: bool = True) -> None:
        super().__init__()
        self.stem, self.head, self.pre_norm = nn.Linear(6, 8), nn.Linear(8, 4), pre_norm
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(8, 12), nn.GELU(), nn.Linear(12, 8)) for _ in range(3))
        self.norms = nn.ModuleList(nn.LayerNorm(8) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for norm, block in zip(self.norms, self.blocks, strict=True):
            x = x + block(norm(x)) if self.pre_norm else norm(x + block(x))
        return self.head(x)


class Gated(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.value, self.gate, self.head = nn.Linear(6, 8), nn.Linear(6, 8), nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.value(x) * functional.silu(self.gate(x)))


class OwnParameters(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale, self.shift = nn.Parameter(torch.ones(6)), nn.Parameter(torch.zeros(6))
        self.matrix = nn.Parameter(torch.randn(6, 4))
        self.temperature = nn.Parameter(torch.tensor(1.5))

    def forward(self, x: Tensor) -> Tensor:
        return (x * self.scale + self.shift) @ self.matrix / self.temperature


class ParameterBags(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.matrices = nn.ParameterList(nn.Parameter(torch.randn(6, 6) / 2) for _ in range(3))
        self.named = nn.ParameterDict({"out": nn.Parameter(torch.randn(6, 4))})

    def forward(self, x: Tensor) -> Tensor:
        for matrix in self.matrices:
            x = torch.tanh(x @ matrix)
        return x @ self.named["out"]


class Experts(nn.Module):
    """Dense, or one expert an example chosen without branching on values."""

    def __init__(self, chosen: bool = False) -> None:
        super().__init__()
        self.router, self.head, self.chosen = nn.Linear(6, 4), nn.Linear(8, 4), chosen
        self.experts = nn.ModuleList(nn.Sequential(nn.Linear(6, 8), nn.ReLU()) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        share = self.router(x).softmax(dim=-1)
        if self.chosen:
            share = functional.one_hot(share.argmax(dim=-1), 4).to(share.dtype) * share
        return self.head(sum(share[:, k : k + 1] * expert(x) for k, expert in enumerate(self.experts)))


class RoutedExperts(Experts):
    """Experts that run on their own examples alone, by indexing."""

    def forward(self, x: Tensor) -> Tensor:
        chosen = self.router(x).argmax(dim=-1)
        hidden = torch.zeros(len(x), 8, dtype=x.dtype)
        for k, expert in enumerate(self.experts):
            place = torch.where(chosen == k)[0]
            hidden = hidden.index_add(0, place, expert(x[place]))
        return self.head(hidden)


class TwoInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left, self.right, self.bilinear = nn.Linear(6, 5), nn.Embedding(30, 5), nn.Bilinear(5, 5, 4)

    def forward(self, numbers: Tensor, tokens: Tensor) -> Tensor:
        return self.bilinear(torch.tanh(self.left(numbers)), self.right(tokens).mean(dim=1))


class OptionalMask(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.head = nn.Embedding(30, 8), nn.Linear(8, 4)

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        hidden = self.embed(tokens)
        if mask is None:
            return self.head(hidden.mean(dim=1))
        return self.head((hidden * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True))


class NestedOutput(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.head, self.side = nn.Linear(6, 8), nn.Linear(8, 4), nn.Linear(8, 2)

    def forward(self, x: Tensor) -> dict[str, object]:
        hidden = self.body(x).relu()
        return {"logits": self.head(hidden), "extra": (self.side(hidden), [hidden])}


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.middle, self.head = nn.Embedding(30, 8), nn.Linear(8, 8), nn.Linear(8, 30, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(torch.tanh(self.middle(self.embed(tokens))))


class Autoencoder(nn.Module):
    def __init__(self, *, tied: bool = False) -> None:
        super().__init__()
        self.down, self.up, self.tied = nn.Linear(6, 3), nn.Linear(3, 6), tied
        if tied:
            del self.up

    def forward(self, x: Tensor) -> Tensor:
        hidden = torch.tanh(self.down(x))
        return functional.linear(hidden, self.down.weight.T) if self.tied else self.up(hidden)


class VariationalAutoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.mean, self.log_variance = nn.Linear(6, 8), nn.Linear(8, 3), nn.Linear(8, 3)
        self.decoder = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 6))

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.body(x).relu()
        mean, deviation = self.mean(hidden), (0.5 * self.log_variance(hidden)).exp()
        code = mean + deviation * torch.randn_like(mean) if self.training else mean
        return self.decoder(code)


class Recurrent(nn.Module):
    def __init__(self, kind: type[nn.RNNBase], **options: object) -> None:
        super().__init__()
        self.rnn = kind(6, 8, batch_first=True, **options)
        self.head = nn.Linear(16 if options.get("bidirectional") else 8, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(x)[0][:, -1])


class CellLoop(nn.Module):
    def __init__(self, kind: type[nn.Module] = nn.LSTMCell) -> None:
        super().__init__()
        self.cell, self.head = kind(6, 8), nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        state = None
        for step in x.unbind(dim=1):
            state = self.cell(step, state)
        return self.head(state[0] if isinstance(state, tuple) else state)


class Packed(Recurrent):
    """Lengths travel along; the sequences are packed."""

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return self.head(self.rnn(packed)[1][0][-1])


class Attention(nn.Module):
    def __init__(self, *, weights: bool = False) -> None:
        super().__init__()
        self.attention, self.norm = nn.MultiheadAttention(6, 2, batch_first=True), nn.LayerNorm(6)
        self.head, self.weights = nn.Linear(6, 4), weights

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.norm(x + self.attention(x, x, x, need_weights=self.weights)[0]).mean(dim=1))


class Positions(nn.Module):
    """A causal language model written by hand, its mask a buffer."""

    def __init__(self, *, persistent: bool = True) -> None:
        super().__init__()
        self.embed, self.place = nn.Embedding(30, 8), nn.Parameter(torch.randn(7, 8) / 4)
        self.qkv, self.out, self.head = nn.Linear(8, 24), nn.Linear(8, 8), nn.Linear(8, 30)
        self.register_buffer("mask", torch.full((7, 7), -math.inf).triu(1), persistent=persistent)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embed(tokens) + self.place
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        scores = (q @ k.transpose(1, 2) / 8**0.5 + self.mask).softmax(dim=-1)
        return self.head(x + self.out(scores @ v))


class Encoder(nn.Module):
    def __init__(self, *, masked: bool = False, norm_first: bool = False) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True, norm_first=norm_first)
        self.embed, self.body = nn.Embedding(30, 8), nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head, self.masked = nn.Linear(8, 4), masked

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        padding = mask == 0 if self.masked and mask is not None else None
        return self.head(self.body(self.embed(tokens), src_key_padding_mask=padding)[:, 0])


class EncoderDecoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.head = nn.Embedding(30, 8), nn.Linear(8, 30)
        self.body = nn.Transformer(8, 2, 1, 1, 12, batch_first=True)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        mask = nn.Transformer.generate_square_subsequent_mask(target.shape[1])
        return self.head(self.body(self.embed(source), self.embed(target), tgt_mask=mask))


class Convolutions1d(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(part for k in range(3) for part in (nn.Conv1d(6, 6, 3, dilation=2**k, padding=2**k), nn.ReLU()))
        )
        self.head = nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x.transpose(1, 2)).amax(dim=2))


class GraphConvolution(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(6, 8), nn.Linear(8, 4)

    def forward(self, nodes: Tensor, adjacency: Tensor) -> Tensor:
        return self.second(adjacency @ torch.relu(self.first(adjacency @ nodes))).mean(dim=1)


class Mixer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.over_steps, self.over_channels = nn.Linear(7, 7), nn.Linear(6, 6)
        self.norm, self.head = nn.LayerNorm(6), nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.over_steps(self.norm(x).transpose(1, 2)).transpose(1, 2)
        return self.head((x + self.over_channels(x).relu()).mean(dim=1))


class Hypernetwork(nn.Module):
    """One network makes the weights of another one."""

    def __init__(self) -> None:
        super().__init__()
        self.context, self.body = nn.Linear(6, 6), nn.Linear(6, 24)

    def forward(self, x: Tensor) -> Tensor:
        made = self.body(torch.tanh(self.context(x))).view(-1, 4, 6)
        return torch.einsum("nij,nj->ni", made, x)


class DeepEnsemble(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.members = nn.ModuleList(nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4)) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([member(x) for member in self.members]).mean(dim=0)


class EarlyExits(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.ModuleList(nn.Linear(6, 6) for _ in range(3))
        self.exits = nn.ModuleList(nn.Linear(6, 4) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        found = 0.0
        for body, way_out in zip(self.body, self.exits, strict=True):
            x = torch.tanh(body(x))
            found = found + way_out(x)
        return found


class Fourier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.filter = nn.Parameter(torch.randn(4, dtype=torch.complex64))
        self.head = nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.fft.irfft(torch.fft.rfft(x, dim=-1) * self.filter, n=6))


class Lora(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.base, self.down, self.up = nn.Linear(6, 8), nn.Linear(6, 2, bias=False), nn.Linear(2, 8, bias=False)
        self.head = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.relu(self.base(x) + 0.5 * self.up(self.down(x))))


class Prototypes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.centres = nn.Linear(6, 5), nn.Parameter(torch.randn(4, 5))

    def forward(self, x: Tensor) -> Tensor:
        return -torch.cdist(self.body(x), self.centres)


class Recommender(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.user, self.item, self.bias = nn.Embedding(30, 6), nn.Embedding(30, 6), nn.Parameter(torch.zeros(1))

    def forward(self, user: Tensor, item: Tensor) -> Tensor:
        return (self.user(user) * self.item(item)).sum(dim=-1) + self.bias


def _mlp(*middle: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Linear(6, 8), *middle, nn.Linear(8, 4))


def _named() -> nn.Sequential:
    return nn.Sequential(OrderedDict(first=nn.Linear(6, 8), act=nn.Tanh(), last=nn.Linear(8, 4)))


def _parametrised(function: object) -> nn.Sequential:
    return nn.Sequential(function(nn.Linear(6, 6)), nn.Tanh(), nn.Linear(6, 4))


CASES = (
    Case("linear", lambda: nn.Linear(6, 4), ROWS),
    Case("MLP", lambda: _mlp(nn.ReLU(), nn.Linear(8, 8), nn.ReLU()), ROWS),
    Case("MLP with named parts", _named, ROWS),
    Case("MLP, PReLU and dropout", lambda: _mlp(nn.PReLU(), nn.Dropout(0.5)), ROWS),
    Case(
        "MLP, in-place activations", lambda: _mlp(nn.ReLU(inplace=True), nn.Linear(8, 8), nn.SiLU(inplace=True)), ROWS
    ),
    Case("MLP, BatchNorm1d", lambda: _mlp(nn.BatchNorm1d(8), nn.ReLU()), ROWS),
    Case("MLP, LayerNorm", lambda: _mlp(nn.LayerNorm(8), nn.ReLU()), ROWS),
    Case("MLP, RMSNorm", lambda: _mlp(nn.RMSNorm(8), nn.ReLU()), ROWS),
    Case("regression", lambda: nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 1)), ROWS, "numbers"),
    Case("several labels", lambda: _mlp(nn.ReLU()), ROWS, "labels"),
    Case("residual, norm first", Residual, ROWS),
    Case("residual, norm last", lambda: Residual(pre_norm=False), ROWS),
    Case("gated units", Gated, ROWS),
    Case("parameters of the root module", OwnParameters, ROWS),
    Case("ParameterList and ParameterDict", ParameterBags, ROWS),
    Case("dense mixture of experts", Experts, ROWS),
    Case("mixture, one expert an example", lambda: Experts(chosen=True), ROWS),
    Case("mixture, examples routed by index", RoutedExperts, ROWS),
    Case("two inputs, bilinear", TwoInputs, (ROWS, TOKENS)),
    Case("tokens and a mask by keyword", OptionalMask, {"tokens": TOKENS, "mask": MASK}),
    Case("optional mask left out", OptionalMask, TOKENS),
    Case("dict of outputs", NestedOutput, ROWS),
    Case("tied embedding", Tied, TOKENS, "tokens"),
    Case("autoencoder", Autoencoder, ROWS, "numbers"),
    Case("autoencoder, one matrix both ways", lambda: Autoencoder(tied=True), ROWS, "numbers"),
    Case("variational autoencoder", VariationalAutoencoder, ROWS, "numbers"),
    Case("RNN", lambda: Recurrent(nn.RNN), SERIES),
    Case("LSTM", lambda: Recurrent(nn.LSTM, num_layers=2), SERIES),
    Case("LSTM, bidirectional", lambda: Recurrent(nn.LSTM, bidirectional=True), SERIES),
    Case("GRU", lambda: Recurrent(nn.GRU), SERIES),
    Case("LSTM, packed by lengths", lambda: Packed(nn.LSTM), (SERIES, torch.tensor([7, 3, 5, 7, 2, 4]))),
    Case("loop over LSTMCell", CellLoop, SERIES),
    Case("loop over GRUCell", lambda: CellLoop(nn.GRUCell), SERIES),
    Case("multi-head attention", Attention, SERIES),
    Case("multi-head attention with weights", lambda: Attention(weights=True), SERIES),
    Case("causal language model by hand", Positions, TOKENS, "tokens"),
    Case("its mask not saved", lambda: Positions(persistent=False), TOKENS, "tokens"),
    Case("nn.TransformerEncoder", Encoder, TOKENS),
    Case("nn.TransformerEncoder, norm first", lambda: Encoder(norm_first=True), TOKENS),
    Case("nn.TransformerEncoder, padding", lambda: Encoder(masked=True), {"tokens": TOKENS, "mask": MASK}),
    Case("nn.Transformer", EncoderDecoder, (TOKENS, random_tokens(5, seed=1)), "tokens"),
    Case("dilated convolutions over time", Convolutions1d, SERIES),
    Case("graph convolution", GraphConvolution, (SERIES, random_rows(7, 7, seed=2).softmax(dim=-1))),
    Case("MLP mixer", Mixer, SERIES),
    Case("hypernetwork", Hypernetwork, ROWS),
    Case("ensemble of three", DeepEnsemble, ROWS),
    Case("early exits", EarlyExits, ROWS),
    Case("Fourier filter, complex weights", Fourier, ROWS),
    Case("low-rank adapter", Lora, ROWS),
    Case("prototypes and distances", Prototypes, ROWS),
    Case("matrix factorisation", Recommender, (TOKENS[:, 0], TOKENS[:, 1]), "numbers"),
    Case("bag of words", lambda: nn.Sequential(nn.EmbeddingBag(30, 8), nn.Linear(8, 4)), TOKENS),
    Case("weight norm", lambda: _parametrised(parametrizations.weight_norm), ROWS),
    Case("orthogonal parametrisation", lambda: _parametrised(parametrizations.orthogonal), ROWS),
)
