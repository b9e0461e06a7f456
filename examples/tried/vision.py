"""Networks on images of transformers at tiny sizes."""

from typing import Any

from tried.case import Case, random_rows
from tried.language import SIZES, TOWER, built

PIXELS = {"pixel_values": random_rows(3, 32, 32)}
_VIT = {"image_size": 32, "patch_size": 16}


def image_case(name: str, task: str = "classes", output: str | None = None, inputs: Any = PIXELS, **sizes: Any) -> Case:
    """A case on images, or on what stands in their place."""
    if "depths" in sizes:
        sizes = {"num_hidden_layers": ..., "num_attention_heads": ..., "hidden_size": ...} | sizes
    return Case(name, built(name, **{**SIZES, **_VIT, **sizes}), inputs, task, "transformers", output)


CASES = (
    image_case("ViTForImageClassification"),
    image_case("DeiTForImageClassification"),
    image_case("BeitForImageClassification", use_relative_position_bias=True),
    image_case("Data2VecVisionForImageClassification"),
    image_case("Dinov2ForImageClassification"),
    image_case("SwinForImageClassification", embed_dim=8, depths=[1, 1], num_heads=[2, 2], window_size=2, patch_size=4),
    image_case(
        "Swinv2ForImageClassification", embed_dim=8, depths=[1, 1], num_heads=[2, 2], window_size=2, patch_size=4
    ),
    image_case("ConvNextForImageClassification", hidden_sizes=[8, 12], depths=[1, 1], num_stages=2),
    image_case("ConvNextV2ForImageClassification", hidden_sizes=[8, 12], depths=[1, 1], num_stages=2),
    image_case(
        "ResNetForImageClassification", embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1], layer_type="basic"
    ),
    image_case("RegNetForImageClassification", embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1], groups_width=4),
    image_case("BitForImageClassification", embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], num_groups=2),
    image_case(
        "EfficientNetForImageClassification",
        width_coefficient=0.25,
        depth_coefficient=0.25,
        hidden_dim=320,
        kernel_sizes=[3, 3],
        in_channels=[32, 16],
        out_channels=[16, 24],
        strides=[1, 2],
        num_block_repeats=[1, 1],
        expand_ratios=[1, 2],
        depthwise_padding=[],
        image_size=32,
    ),
    image_case(
        "SegformerForImageClassification",
        num_encoder_blocks=2,
        depths=[1, 1],
        sr_ratios=[2, 1],
        hidden_sizes=[8, 16],
        patch_sizes=[7, 3],
        strides=[4, 2],
        num_attention_heads=[1, 2],
        mlp_ratios=[2, 2],
    ),
    image_case(
        "SegformerForSemanticSegmentation",
        "pixels",
        num_encoder_blocks=2,
        depths=[1, 1],
        sr_ratios=[2, 1],
        hidden_sizes=[8, 16],
        patch_sizes=[7, 3],
        strides=[4, 2],
        num_attention_heads=[1, 2],
        mlp_ratios=[2, 2],
        decoder_hidden_size=8,
    ),
    image_case(
        "PoolFormerForImageClassification",
        hidden_sizes=[8, 12],
        depths=[1, 1],
        patch_sizes=[7, 3],
        strides=[4, 2],
        padding=[2, 1],
        num_encoder_blocks=2,
    ),
    image_case(
        "PvtV2ForImageClassification",
        hidden_sizes=[8, 16],
        depths=[1, 1],
        num_encoder_blocks=2,
        sr_ratios=[2, 1],
        patch_sizes=[7, 3],
        strides=[4, 2],
        num_attention_heads=[1, 2],
        mlp_ratios=[2, 2],
    ),
    image_case(
        "FocalNetForImageClassification",
        embed_dim=8,
        depths=[1, 1],
        focal_levels=[1, 1],
        focal_windows=[3, 3],
        hidden_sizes=[8, 16],
        patch_size=4,
    ),
    image_case(
        "HieraForImageClassification",
        embed_dim=8,
        depths=[1, 1],
        num_heads=[1, 2],
        image_size=[32, 32],
        patch_size=[7, 7],
        patch_stride=[4, 4],
        patch_padding=[3, 3],
        masked_unit_size=[4, 4],
        query_stride=[2, 2],
        num_query_pool=1,
    ),
    image_case(
        "DPTForDepthEstimation",
        "numbers",
        "predicted_depth",
        num_hidden_layers=4,
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8,
        is_hybrid=False,
        reassemble_factors=[4, 2, 1, 0.5],
    ),
    image_case("YolosForObjectDetection", "tokens", num_detection_tokens=3, image_size=[32, 32]),
    image_case("CLIPForImageClassification", text_config=TOWER, vision_config=TOWER),
)
