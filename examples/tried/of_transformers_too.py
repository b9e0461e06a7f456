"""Sequence-to-sequence, image, speech, towers and time series of transformers at tiny sizes."""

from typing import Any

import torch
from tried.case import Case, N, random_mask, random_rows, random_tokens
from tried.of_transformers import MASKED, SIZES, built

PIXELS = {"pixel_values": random_rows(3, 32, 32)}
SEQ = {**MASKED, "decoder_input_ids": random_tokens(5, seed=1)}
WAVE = {"input_values": random_rows(400)}
_SIDES = {
    "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
    "encoder_ffn_dim": 24, "decoder_ffn_dim": 24, "decoder_start_token_id": 2, "is_encoder_decoder": True,
}  # fmt: skip
_T5 = {
    "d_model": 16,
    "d_kv": 8,
    "d_ff": 24,
    "num_layers": 1,
    "num_decoder_layers": 1,
    "num_heads": 2,
    "decoder_start_token_id": 0,
}
_TOWER = {
    "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24, "projection_dim": 8,
    "vocab_size": 30, "max_position_embeddings": 32, "image_size": 32, "patch_size": 16, "bos_token_id": 1,
    "eos_token_id": 2, "pad_token_id": 0,
}  # fmt: skip
_SPEECH = {
    "conv_dim": [8, 8],
    "conv_kernel": [5, 3],
    "conv_stride": [5, 2],
    "num_feat_extract_layers": 2,
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
    "classifier_proj_size": 8,
    "apply_spec_augment": False,
}
_VIT = {"image_size": 32, "patch_size": 16}


def _seq(name: str, inputs: Any = SEQ, task: str = "tokens", pick: Any = None, **sizes: Any) -> Case:
    return Case(name, built(name, pick, **{**SIZES, **_SIDES, **sizes}), inputs, task, "transformers")


def _image(name: str, task: str = "classes", pick: Any = None, inputs: Any = PIXELS, **sizes: Any) -> Case:
    if {"depths", "depth"} & sizes.keys():
        sizes = {"num_hidden_layers": ..., "num_attention_heads": ..., "hidden_size": ...} | sizes
    return Case(name, built(name, pick, **{**SIZES, **_VIT, **sizes}), inputs, task, "transformers")


def _similarity(returned: Any) -> torch.Tensor:
    """The similarity of each image and its own text: what does not depend on the rest of the batch."""
    return (returned.text_embeds * returned.image_embeds).sum(dim=-1, keepdim=True)


def _towers(name: str, **sizes: Any) -> Case:
    both = {"input_ids": random_tokens(), "attention_mask": random_mask(), **PIXELS}
    return Case(
        name,
        built(name, _similarity, text_config=_TOWER, vision_config=_TOWER, projection_dim=8, **sizes),
        both,
        "numbers",
        "transformers",
    )


CASES = (
    _seq("T5ForConditionalGeneration", **_T5),
    _seq("MT5ForConditionalGeneration", **_T5),
    _seq("UMT5ForConditionalGeneration", **_T5),
    _seq("LongT5ForConditionalGeneration", local_radius=3, **_T5),
    _seq(
        "SwitchTransformersForConditionalGeneration",
        num_experts=2,
        num_sparse_encoder_layers=1,
        num_sparse_decoder_layers=1,
        expert_capacity=64,
        **_T5,
    ),
    _seq("BartForConditionalGeneration"),
    _seq(
        "BartForSequenceClassification",
        {"input_ids": torch.cat([random_tokens(6), torch.full((N, 1), 2)], dim=1)},
        "classes",
    ),
    _seq("MBartForConditionalGeneration"),
    _seq("PegasusForConditionalGeneration"),
    _seq("MarianMTModel"),
    _seq("BlenderbotForConditionalGeneration"),
    _seq("M2M100ForConditionalGeneration"),
    _seq(
        "LEDForConditionalGeneration",
        attention_window=4,
        max_encoder_position_embeddings=32,
        max_decoder_position_embeddings=32,
    ),
    _seq(
        "ProphetNetForConditionalGeneration",
        num_hidden_layers=...,
        num_encoder_layers=1,
        num_decoder_layers=1,
        num_encoder_attention_heads=2,
        num_decoder_attention_heads=2,
        ngram=1,
        disable_ngram_loss=True,
    ),
    _seq(
        "WhisperForConditionalGeneration",
        {"input_features": random_rows(8, 40), "decoder_input_ids": SEQ["decoder_input_ids"]},
        num_mel_bins=8,
        max_source_positions=20,
        max_target_positions=16,
    ),
    _seq(
        "Speech2TextForConditionalGeneration",
        {"input_features": random_rows(40, 8), "decoder_input_ids": SEQ["decoder_input_ids"]},
        input_feat_per_channel=8,
        max_source_positions=40,
        max_target_positions=16,
        conv_channels=16,
        num_conv_layers=2,
    ),
    _image("ViTForImageClassification"),
    _image("DeiTForImageClassification"),
    _image("BeitForImageClassification", use_relative_position_bias=True),
    _image("Data2VecVisionForImageClassification"),
    _image("Dinov2ForImageClassification"),
    _image("SwinForImageClassification", embed_dim=8, depths=[1, 1], num_heads=[2, 2], window_size=2, patch_size=4),
    _image("Swinv2ForImageClassification", embed_dim=8, depths=[1, 1], num_heads=[2, 2], window_size=2, patch_size=4),
    _image("ConvNextForImageClassification", hidden_sizes=[8, 12], depths=[1, 1], num_stages=2),
    _image("ConvNextV2ForImageClassification", hidden_sizes=[8, 12], depths=[1, 1], num_stages=2),
    _image("ResNetForImageClassification", embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1], layer_type="basic"),
    _image("RegNetForImageClassification", embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1], groups_width=4),
    _image("BitForImageClassification", embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], num_groups=2),
    _image(
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
    _image("MobileNetV1ForImageClassification", depth_multiplier=0.25),
    _image("MobileNetV2ForImageClassification", depth_multiplier=0.25),
    _image(
        "MobileViTForImageClassification",
        hidden_sizes=[8, 8, 8],
        neck_hidden_sizes=[4, 4, 8, 8, 8, 8, 8],
        patch_size=2,
        expand_ratio=1.0,
        mlp_ratio=1.0,
    ),
    _image(
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
    _image(
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
    _image(
        "PoolFormerForImageClassification",
        hidden_sizes=[8, 12],
        depths=[1, 1],
        patch_sizes=[7, 3],
        strides=[4, 2],
        padding=[2, 1],
        num_encoder_blocks=2,
    ),
    _image(
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
    _image(
        "CvtForImageClassification",
        embed_dim=[8, 16],
        num_heads=[1, 2],
        depth=[1, 1],
        patch_sizes=[7, 3],
        patch_stride=[4, 2],
        patch_padding=[2, 1],
        mlp_ratio=[2.0, 2.0],
        attention_drop_rate=[0.0, 0.0],
        drop_rate=[0.0, 0.0],
        drop_path_rate=[0.0, 0.0],
        qkv_bias=[True, True],
        cls_token=[False, True],
        qkv_projection_method=["dw_bn", "dw_bn"],
        kernel_qkv=[3, 3],
        padding_kv=[1, 1],
        stride_kv=[2, 2],
        padding_q=[1, 1],
        stride_q=[1, 1],
    ),
    _image(
        "LevitForImageClassification",
        hidden_sizes=[16, 16, 16],
        num_attention_heads=[2, 2, 2],
        depths=[1, 1, 1],
        key_dim=[8, 8, 8],
    ),
    _image(
        "FocalNetForImageClassification",
        embed_dim=8,
        depths=[1, 1],
        focal_levels=[1, 1],
        focal_windows=[3, 3],
        hidden_sizes=[8, 16],
        patch_size=4,
    ),
    _image(
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
    _image("SwiftFormerForImageClassification", embed_dims=[8, 8, 16, 16], depths=[1, 1, 1, 1]),
    _image(
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
    _image("YolosForObjectDetection", "tokens", num_detection_tokens=3, image_size=[32, 32]),
    _image(
        "VideoMAEForVideoClassification",
        inputs={"pixel_values": random_rows(2, 3, 32, 32)},
        num_frames=2,
        tubelet_size=2,
    ),
    _image("TimesformerForVideoClassification", inputs={"pixel_values": random_rows(2, 3, 32, 32)}, num_frames=2),
    _image("Wav2Vec2ForSequenceClassification", inputs=WAVE, **_SPEECH),
    _image("Wav2Vec2ForCTC", "tokens", inputs=WAVE, **_SPEECH),
    _image("HubertForSequenceClassification", inputs=WAVE, **_SPEECH),
    _image("WavLMForSequenceClassification", inputs=WAVE, **_SPEECH),
    _image(
        "ASTForAudioClassification",
        inputs={"input_values": random_rows(32, 16)},
        max_length=32,
        num_mel_bins=16,
        patch_size=8,
        frequency_stride=8,
        time_stride=8,
    ),
    _towers("CLIPModel"),
    _towers("ChineseCLIPModel"),
    _towers("SiglipModel"),
    _image("CLIPForImageClassification", text_config=_TOWER, vision_config=_TOWER),
    Case(
        "PatchTSTForPrediction",
        built(
            "PatchTSTForPrediction",
            "prediction_outputs",
            num_input_channels=2,
            context_length=16,
            patch_length=4,
            patch_stride=4,
            prediction_length=4,
            d_model=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            ffn_dim=24,
            loss="mse",
        ),
        {"past_values": random_rows(16, 2)},
        "numbers",
        "transformers",
    ),
    Case(
        "PatchTSMixerForPrediction",
        built(
            "PatchTSMixerForPrediction",
            "prediction_outputs",
            num_input_channels=2,
            context_length=16,
            patch_length=4,
            patch_stride=4,
            prediction_length=4,
            d_model=8,
            num_layers=1,
            loss="mse",
        ),
        {"past_values": random_rows(16, 2)},
        "numbers",
        "transformers",
    ),
    Case(
        "DecisionTransformerModel",
        built(
            "DecisionTransformerModel",
            "action_preds",
            **{**SIZES, "n_layer": 1, "n_head": 2, "state_dim": 5, "act_dim": 3, "max_ep_len": 16},
        ),
        {
            "states": random_rows(4, 5),
            "actions": random_rows(4, 3),
            "rewards": random_rows(4, 1),
            "returns_to_go": random_rows(4, 1),
            "timesteps": torch.arange(4).expand(N, 4).contiguous(),
            "attention_mask": torch.ones(N, 4, dtype=torch.long),
        },
        "numbers",
        "transformers",
    ),
)
