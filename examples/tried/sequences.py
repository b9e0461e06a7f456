"""Networks on sequences: own modules as people write them."""

import math

import torch
from torch import Tensor, nn
from tried.case import Case, random_mask, random_rows, random_tokens

SERIES, TOKENS, MASK = random_rows(7, 6), random_tokens(), random_mask()


class OptionalMask(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.head = nn.Embedding(30, 8), nn.Linear(8, 4)

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        hidden = self.embed(tokens)
        if mask is None:
            return self.head(hidden.mean(dim=1))
        return self.head((hidden * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True))


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.middle, self.head = nn.Embedding(30, 8), nn.Linear(8, 8), nn.Linear(8, 30, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(torch.tanh(self.middle(self.embed(tokens))))


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


CASES = (
    Case("tokens and a mask by keyword", OptionalMask, {"tokens": TOKENS, "mask": MASK}),
    Case("optional mask left out", OptionalMask, TOKENS),
    Case("tied embedding", Tied, TOKENS, "tokens"),
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
    Case("bag of words", lambda: nn.Sequential(nn.EmbeddingBag(30, 8), nn.Linear(8, 4)), TOKENS),
)
