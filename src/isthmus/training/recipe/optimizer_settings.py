"""The optimizer, as a recipe describes it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Decay = Annotated[float, Field(ge=0, lt=1)]


class _Optimizer(BaseModel):
    """What all rules have.

    Attributes:
        learning_rate: Peak of the schedule.
        weight_decay: lambda; every rule says what it does with it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    learning_rate: Positive
    weight_decay: NotNegative = 0.0


class Sgd(_Optimizer):
    """Stochastic gradient descent: v <- mu v + g + lambda w, w <- w - rate v.

    Attributes:
        momentum: mu.
        nesterov: Whether the step is g + lambda w + mu v instead of v.
    """

    name: Literal["sgd"] = "sgd"
    momentum: Decay = 0.0
    nesterov: bool = False

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self) -> "Sgd":
        if self.nesterov and not self.momentum:
            raise ValueError("a momentum above 0 with nesterov")
        return self


class AdamW(_Optimizer):
    """Adam with decoupled weight decay: w shrinks by rate * lambda * w beside the step (Loshchilov and Hutter, 2019).

    Attributes:
        betas: Decay of the running means of g and of g^2.
        epsilon: Added to the root in the denominator.
    """

    name: Literal["adamw"] = "adamw"
    betas: tuple[Decay, Decay] = (0.9, 0.999)  # PyTorch's defaults, as is epsilon
    epsilon: Positive = 1e-8


class Sam(Sgd):
    """Sharpness-aware minimisation around SGD (Foret et al., 2021).

    The gradient is taken at w + rho g / |g|, where g is the gradient at w over the same mini-batch.

    Attributes:
        rho: Length of the ascent; 0 is SGD to the bit.
    """

    name: Literal["sam"] = "sam"  # type: ignore[assignment]
    rho: NotNegative = 0.05


Optimizer = Sgd | AdamW | Sam
