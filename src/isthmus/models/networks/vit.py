"""The paper's vision transformer: the ViT of `transformers` at the sizes of its fourth figure."""

from torch import nn

from isthmus.hugging_face import transformers_package


def vit(
    layers: int = 6,
    width: int = 512,
    heads: int = 16,
    mlp: int = 1024,
    patch: int = 4,
    image: int = 32,
    classes: int = 10,
    channels: int = 3,
) -> nn.Module:
    """A vision transformer (Dosovitskiy et al., 2021) for small images, without dropout.

    Args:
        layers: Transformer blocks.
        width: Length of a token's vector.
        heads: Attention heads; they divide the width.
        mlp: Units of the hidden layer in each block.
        patch: Side of the square that becomes a token, in pixels.
        image: Side of the image in pixels, a multiple of the patch.
        classes: Number of outputs.
        channels: Channels of the images.

    Returns:
        `transformers.ViTForImageClassification`, from images (examples, channels, image, image) to an object whose
        `logits` are (examples, classes).

    Raises:
        InputError: transformers is not installed.
    """
    transformers = transformers_package("--model vit")
    config = transformers.ViTConfig(
        num_hidden_layers=layers,
        hidden_size=width,
        num_attention_heads=heads,
        intermediate_size=mlp,
        patch_size=patch,
        image_size=image,
        num_channels=channels,
        num_labels=classes,
    )
    model: nn.Module = transformers.ViTForImageClassification(config)
    return model
