"""Images: the two towers of CLIP as a zero-shot classifier, and a segmentation network of one's own."""

from pathlib import Path

import numpy as np
import torch
import transformers
from torch import Tensor, nn
from torch.nn import functional

from worked.example import Example, trained_pair
from worked.files import imported, save_folders

NUM_EXAMPLES, NOT_COUNTED = 24, 255
SIZES = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24}
CLASSES = torch.tensor([[1, 5, 9, 2], [1, 6, 9, 2], [1, 7, 9, 2]])  # "a photo of a cat", say, in tokens; 2 ends a text

ZERO_SHOT = '''"""CLIP as a classifier: the texts of the classes are fixed, the image is the input."""

import torch
import transformers
from torch import nn


class ZeroShot(nn.Module):
    def __init__(self, clip, classes):
        super().__init__()
        self.clip = clip
        self.register_buffer("classes", classes, persistent=False)

    def forward(self, pixel_values):
        return self.clip(input_ids=self.classes, pixel_values=pixel_values).logits_per_image


def build():
    clip = transformers.CLIPModel._from_config(transformers.AutoConfig.from_pretrained("a"))
    return ZeroShot(clip, torch.load("classes.pt"))
'''

SEGMENTATION = '''"""A small encoder and decoder with one class number a pixel."""

from torch import nn


def build():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(),
        nn.ConvTranspose2d(8, 3, 2, stride=2),
    )
'''


def pictures() -> tuple[Tensor, Tensor, Tensor]:
    """Bytes of images with a coloured square, the colour's number, and a mask of it with an uncounted rim."""
    draw = np.random.default_rng(0)
    images = draw.integers(0, 90, (NUM_EXAMPLES, 3, 16, 16), dtype=np.uint8)
    masks = np.zeros((NUM_EXAMPLES, 16, 16), np.uint8)
    labels = np.arange(NUM_EXAMPLES) % 3
    for image, mask, label in zip(images, masks, labels, strict=True):
        top, left = draw.integers(1, 8, 2)
        image[label, top : top + 7, left : left + 7] += 150
        mask[top - 1 : top + 8, left - 1 : left + 8] = NOT_COUNTED
        mask[top : top + 7, left : left + 7] = 1 + label % 2
    return torch.from_numpy(images), torch.from_numpy(labels), torch.from_numpy(masks)


def zero_shot_loss(network: nn.Module, number: int) -> Tensor:
    """The cross-entropy of CLIP's own scores of an image against the texts of the classes."""
    images, labels, _ = pictures()
    scores = network(input_ids=CLASSES, pixel_values=images[number : number + 1] / 255).logits_per_image
    return functional.cross_entropy(scores, labels[number : number + 1])


def towers() -> tuple[nn.Module, nn.Module]:
    """CLIP on an .npz file of images and labels."""
    images, labels, _ = pictures()
    np.savez("images.npz", inputs=images.numpy(), targets=labels.numpy())
    torch.save(CLASSES, "classes.pt")
    Path("network.py").write_text(ZERO_SHOT, encoding="utf-8")
    torch.manual_seed(0)
    text = {"vocab_size": 12, "max_position_embeddings": 8, "eos_token_id": 2, "bos_token_id": 1, **SIZES}
    config = transformers.CLIPConfig(
        text_config=text, vision_config={"image_size": 16, "patch_size": 8, **SIZES}, projection_dim=8
    )
    pair = trained_pair(transformers.CLIPModel(config), zero_shot_loss, NUM_EXAMPLES)
    save_folders(pair)
    return pair[0], pair[1]


def mask_loss(network: nn.Module, number: int) -> Tensor:
    """PyTorch's own loss of the pixels of an image."""
    images, _, masks = pictures()
    chosen = slice(number, number + 1)
    return functional.cross_entropy(network(images[chosen] / 255), masks[chosen].long(), ignore_index=NOT_COUNTED)


def segmented() -> tuple[nn.Module, nn.Module]:
    """A network of one's own on an .npz file of images and masks."""
    images, _, masks = pictures()
    np.savez("masks.npz", inputs=images.numpy(), targets=masks.numpy())
    Path("network.py").write_text(SEGMENTATION, encoding="utf-8")
    torch.manual_seed(0)
    pair = trained_pair(imported("network.py").build(), mask_loss, NUM_EXAMPLES)
    for network, name in zip(pair, ("a.pt", "b.pt"), strict=True):
        torch.save(network.state_dict(), name)
    return pair[0], pair[1]


IMAGES = {
    "clip": Example(
        "Two towers: CLIP as a zero-shot classifier, an .npz file of images",
        "folders a and b of CLIPModel; network.py, which fixes the texts of the classes; images.npz with labels",
        "isthmus measure a b --model network.py:build --data images.npz",
        towers,
        lambda network: sum(float(zero_shot_loss(network, n)) for n in range(NUM_EXAMPLES)) / NUM_EXAMPLES,
        prefix="clip.",
    ),
    "segmentation": Example(
        "Segmentation: a network of one's own, an .npz file of images and masks",
        "a.pt and b.pt with state dicts; network.py; masks.npz with bytes of images and a class number a pixel",
        "isthmus measure a.pt b.pt --model network.py:build --data masks.npz --loss cross_entropy:ignore_index=255",
        segmented,
        lambda network: sum(float(mask_loss(network, n)) for n in range(NUM_EXAMPLES)) / NUM_EXAMPLES,
    ),
}
