"""A language model: the GPT-2 class of `transformers` at the sizes of the paper."""

from torch import nn

from isthmus.hugging_face import transformers_package


def gpt(
    layers: int = 12,
    width: int = 768,
    heads: int = 12,
    length: int = 256,
    vocabulary: int = 50_257,
    dropout: float = 0.2,
) -> nn.Module:
    """GPT-2 (Radford et al., 2019); the embedding and the output layer are one tensor.

    Args:
        layers: Transformer blocks.
        width: Length of a token's vector; the hidden layer in each block has 4 times as many units.
        heads: Attention heads; they divide the width.
        length: Tokens of the longest sequence.
        vocabulary: Number of different tokens.
        dropout: Fraction of values that training drops, after the embedding, in attention and on the residual branches;
            without effect on a measurement.

    Returns:
        `transformers.GPT2LMHeadModel`, from token numbers (examples, tokens) to an object whose `logits` are
        (examples, tokens, vocabulary).

    Raises:
        InputError: transformers is not installed.
    """
    transformers = transformers_package("--model gpt")
    config = transformers.GPT2Config(
        n_layer=layers,
        n_embd=width,
        n_head=heads,
        n_positions=length,
        vocab_size=vocabulary,
        embd_pdrop=dropout,
        attn_pdrop=dropout,
        resid_pdrop=dropout,
        bos_token_id=None,
        eos_token_id=None,
        use_cache=False,  # nothing is generated here
    )
    model: nn.Module = transformers.GPT2LMHeadModel(config)
    return model
