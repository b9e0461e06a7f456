"""Sequence-to-sequence, speech, video, two towers and time series of transformers at tiny sizes."""

from typing import Any

import torch
from torch import Tensor, nn
from tried.case import Case, N, random_rows, random_tokens
from tried.language import MASKED, SIZES, TOWER, built
from tried.vision import PIXELS, image_case

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


def _seq(name: str, inputs: Any = SEQ, task: str = "tokens", **sizes: Any) -> Case:
    return Case(name, built(name, **{**SIZES, **_SIDES, **sizes}), inputs, task, "transformers")


class OwnSimilarity(nn.Module):
    """Two towers, and the similarity of each image and its own text: what no other example of the batch changes."""

    def __init__(self, towers: nn.Module) -> None:
        super().__init__()
        self.towers = towers

    def forward(self, **inputs: Tensor) -> Tensor:
        """One number an example."""
        returned = self.towers(**inputs)
        return (returned.text_embeds * returned.image_embeds).sum(dim=-1, keepdim=True)


def _towers(name: str) -> Case:
    build = built(name, text_config=TOWER, vision_config=TOWER, projection_dim=8)
    return Case(name, lambda: OwnSimilarity(build()), {**MASKED, **PIXELS}, "numbers", "transformers")


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
    image_case(
        "VideoMAEForVideoClassification",
        inputs={"pixel_values": random_rows(2, 3, 32, 32)},
        num_frames=2,
        tubelet_size=2,
    ),
    image_case("TimesformerForVideoClassification", inputs={"pixel_values": random_rows(2, 3, 32, 32)}, num_frames=2),
    image_case("Wav2Vec2ForSequenceClassification", inputs=WAVE, **_SPEECH),
    image_case("Wav2Vec2ForCTC", "tokens", inputs=WAVE, **_SPEECH),
    image_case("HubertForSequenceClassification", inputs=WAVE, **_SPEECH),
    image_case("WavLMForSequenceClassification", inputs=WAVE, **_SPEECH),
    image_case(
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
    Case(
        "PatchTSTForPrediction",
        built(
            "PatchTSTForPrediction",
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
        "prediction_outputs",
    ),
    Case(
        "PatchTSMixerForPrediction",
        built(
            "PatchTSMixerForPrediction",
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
        "prediction_outputs",
    ),
    Case(
        "DecisionTransformerModel",
        built(
            "DecisionTransformerModel",
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
        "action_preds",
    ),
)
