"""Language models of transformers at tiny sizes, built from configurations: nothing is fetched."""

from collections.abc import Callable, Mapping
from typing import Any

import transformers
from torch import nn
from tried.case import Case, random_mask, random_tokens

SIZES: Mapping[str, Any] = {
    "vocab_size": 30, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24,
    "max_position_embeddings": 32, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "num_labels": 3,
}  # fmt: skip
TOWER = {
    "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24, "projection_dim": 8,
    "vocab_size": 30, "max_position_embeddings": 32, "image_size": 32, "patch_size": 16, "bos_token_id": 1,
    "eos_token_id": 2, "pad_token_id": 0,
}  # fmt: skip
MASKED = {"input_ids": random_tokens(), "attention_mask": random_mask()}
WHOLE = {"input_ids": random_tokens()}


def built(name: str, **sizes: Any) -> Callable[[], nn.Module]:
    """What builds a network.

    Args:
        name: The class in transformers.
        sizes: Of the configuration; what is `...` is left at its default.

    Returns:
        The function.
    """
    kept = {size: value for size, value in sizes.items() if value is not ...}

    def build() -> nn.Module:
        kind = getattr(transformers, name)
        network: nn.Module = kind(kind.config_class(**kept))
        return network

    return build


def _case(name: str, inputs: Any = MASKED, task: str = "classes", output: str | None = None, **sizes: Any) -> Case:
    return Case(name, built(name, **{**SIZES, **sizes}), inputs, task, "transformers", output)


def _causal(name: str, **sizes: Any) -> Case:
    return _case(name, WHOLE, "tokens", **sizes)


_GPT = {"n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 32, "n_inner": 24}
_KEYS = {"num_key_value_heads": 1}
_EXPERTS = {"num_experts": 3, "num_experts_per_tok": 2, "moe_intermediate_size": 12, **_KEYS}

ENCODERS = (
    _case("BertForSequenceClassification"),
    _case("BertForTokenClassification", task="tokens"),
    _case("BertForMaskedLM", task="tokens"),
    _case("BertForQuestionAnswering", output="start_logits", num_labels=2),
    _case("BertForNextSentencePrediction"),
    _case("RobertaForSequenceClassification"),
    _case("XLMRobertaForTokenClassification", task="tokens"),
    _case("CamembertForMaskedLM", task="tokens"),
    _case("AlbertForSequenceClassification", embedding_size=8),
    _case("ElectraForTokenClassification", task="tokens", embedding_size=8),
    _case("DistilBertForSequenceClassification", dim=16, n_layers=1, n_heads=2, hidden_dim=24),
    _case("DebertaForSequenceClassification", relative_attention=True, pos_att_type=["c2p", "p2c"]),
    _case("DebertaV2ForTokenClassification", task="tokens", relative_attention=True, pos_att_type=["c2p", "p2c"]),
    _case("MPNetForSequenceClassification"),
    _case("XLNetForSequenceClassification", max_position_embeddings=..., d_model=16, n_layer=1, n_head=2, d_inner=24),
    _case("XLMForSequenceClassification", emb_dim=16, n_layers=1, n_heads=2),
    _case("FlaubertForSequenceClassification", emb_dim=16, n_layers=1, n_heads=2),
    _case("FNetForSequenceClassification", WHOLE),
    _case("FunnelForSequenceClassification", num_hidden_layers=..., d_model=16, block_sizes=[1, 1], n_head=2,
        d_head=8, d_inner=24,
          num_decoder_layers=1),
    _case("MobileBertForSequenceClassification", embedding_size=16, true_hidden_size=8, intra_bottleneck_size=8,
          num_feedforward_networks=1),
    _case("SqueezeBertForSequenceClassification", embedding_size=16, q_groups=2, k_groups=2, v_groups=2,
          post_attention_groups=1, intermediate_groups=2, output_groups=2),
    _case("ConvBertForSequenceClassification", embedding_size=16, head_ratio=1, conv_kernel_size=3),
    _case("BigBirdForSequenceClassification", attention_type="original_full"),
    _case("LongformerForSequenceClassification", attention_window=[4]),
    _case("NystromformerForSequenceClassification", {"input_ids": random_tokens(8)}, num_landmarks=4,
        segment_means_seq_len=8),
    _case("RoFormerForSequenceClassification", embedding_size=16),
    _case("RemBertForSequenceClassification", input_embedding_size=8, output_embedding_size=8),
    _case("ModernBertForSequenceClassification", cls_token_id=1, sep_token_id=2, reference_compile=False),
    _case("CanineForSequenceClassification", {"input_ids": random_tokens(16)}, local_transformer_stride=4,
          downsampling_rate=4, num_hash_functions=2, num_hash_buckets=32),
    _case("IBertForSequenceClassification"),
    _case("EsmForMaskedLM", task="tokens", mask_token_id=3),
    _case("LiltForTokenClassification", WHOLE, "tokens", hidden_size=12, channel_shrink_ratio=2,
        max_2d_position_embeddings=32),
    _case("ReformerForSequenceClassification", {"input_ids": random_tokens(8)}, attn_layers=["local"],
        axial_pos_shape=[2, 4],
          axial_pos_embds_dim=[8, 8], attention_head_size=8, feed_forward_size=24, is_decoder=False,
              local_attn_chunk_length=4),
)  # fmt: skip

DECODERS = (
    _causal("GPT2LMHeadModel", **_GPT),
    _case("GPT2ForSequenceClassification", WHOLE, **_GPT),
    _causal("GPTNeoForCausalLM", num_layers=1, attention_types=[[["global"], 1]], num_heads=2),
    _causal("GPTNeoXForCausalLM"),
    _causal("GPTJForCausalLM", rotary_dim=4, **_GPT),
    _causal("GPTBigCodeForCausalLM", **_GPT),
    _causal("CodeGenForCausalLM", rotary_dim=4, num_attention_heads=4, **_GPT),
    _causal("CTRLLMHeadModel", dff=24, **_GPT),
    _causal("OPTForCausalLM", ffn_dim=24, word_embed_proj_dim=16),
    _causal("BloomForCausalLM", n_layer=1, n_head=2),
    _causal("MptForCausalLM", d_model=16, n_heads=2, n_layers=1, expansion_ratio=2, max_seq_len=32),
    _causal("FalconForCausalLM", num_kv_heads=1),
    _causal("LlamaForCausalLM", **_KEYS),
    _case("LlamaForSequenceClassification", WHOLE, **_KEYS),
    _causal("MistralForCausalLM", sliding_window=4, **_KEYS),
    _causal("MixtralForCausalLM", num_local_experts=3, **_KEYS),
    _causal("Qwen2ForCausalLM", **_KEYS),
    _causal("Qwen2MoeForCausalLM", shared_expert_intermediate_size=12, **_EXPERTS),
    _causal("Qwen3ForCausalLM", head_dim=8, **_KEYS),
    _causal("Qwen3MoeForCausalLM", head_dim=8, **_EXPERTS),
    _causal("GemmaForCausalLM", head_dim=8, **_KEYS),
    _causal("Gemma2ForCausalLM", head_dim=8, num_hidden_layers=2, **_KEYS),
    _causal("Gemma3ForCausalLM", head_dim=8, **_KEYS),
    _causal("PhiForCausalLM"),
    _causal("Phi3ForCausalLM", **_KEYS),
    _causal("PersimmonForCausalLM"),
    _causal("StableLmForCausalLM", **_KEYS),
    _causal("Starcoder2ForCausalLM", **_KEYS),
    _causal("CohereForCausalLM", **_KEYS),
    _causal("OlmoForCausalLM", **_KEYS),
    _causal("Olmo2ForCausalLM", **_KEYS),
    _causal("OlmoeForCausalLM", **_EXPERTS),
    _causal("GraniteForCausalLM", **_KEYS),
    _causal("BioGptForCausalLM"),
    _causal("XGLMForCausalLM", d_model=16, ffn_dim=24, num_layers=1, attention_heads=2),
    _causal("MambaForCausalLM", state_size=4, time_step_rank=2),
    _causal("Mamba2ForCausalLM", state_size=4, num_heads=4, head_dim=8, n_groups=1, chunk_size=4),
    _causal("RwkvForCausalLM", num_hidden_layers=2, attention_hidden_size=16, context_length=32),
    _causal("DeepseekV3ForCausalLM", n_routed_experts=4, n_shared_experts=1, num_experts_per_tok=2, n_group=1,
        topk_group=1,
            moe_intermediate_size=12, first_k_dense_replace=0, q_lora_rank=8, kv_lora_rank=8, qk_rope_head_dim=4,
            qk_nope_head_dim=4, v_head_dim=8, num_key_value_heads=2),
    _causal("GptOssForCausalLM", num_local_experts=3, num_experts_per_tok=2, head_dim=8, **_KEYS),
)  # fmt: skip

CASES = (*ENCODERS, *DECODERS)
