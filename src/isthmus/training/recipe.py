"""How a network is trained, checked in one place."""

from pydantic import BaseModel, ConfigDict, Field


class Recipe(BaseModel):
    """Settings of one training; an unknown field is refused.

    Attributes:
        epochs: Passes over the examples.
        batch_size: Examples in a mini-batch; the last one of an epoch may be smaller.
        learning_rate: Peak of the schedule (`warmup_cosine`).
        warmup_iterations: Mini-batches until the peak.
        momentum: Of stochastic gradient descent.
        weight_decay: Added to the gradient as `weight_decay` times the weights.
        clip_norm: Largest length of the whole gradient; longer ones are shortened to it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: int = Field(gt=0)
    batch_size: int = Field(gt=0)
    learning_rate: float = Field(gt=0, allow_inf_nan=False)
    warmup_iterations: int = Field(default=100, ge=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    weight_decay: float = Field(default=0.0, ge=0)
    clip_norm: float = Field(default=1.0, gt=0)
