"""A federated training, as a recipe describes it; every setting is checked here."""

import hashlib
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from isthmus.federated.rules.known import AnyRule, RuleField
from isthmus.training.recipe.recipe import (
    AugmentationField,
    DataField,
    ModelField,
    OptimizerField,
    Recipe,
    ScheduleField,
)
from isthmus.training.recipe.schedule import Constant
from isthmus.training.seeds import Seeds
from isthmus.weights.step import Step

Count = Annotated[int, Field(gt=0)]


class Measuring(BaseModel):
    """How barriers between clients are measured, on a set that the server holds.

    Attributes:
        data: Which examples: small, of the kind that all clients have, and none of the test's.
        every: The rounds between two measurements; the first is after the first local training.
        pairs: "ring": each client with the next; "all": each with each.
        baseline: What a barrier counts from. "models": the mean loss of both networks, the paper's, which holds half of
            the difference of their losses whatever the layer does; "host": the loss of the network that is changed.
        always: Measure under every rule, for the report, also where the rule doesn't ask.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: DataField
    every: Count = 1
    pairs: Literal["ring", "all"] = "ring"
    baseline: Literal["models", "host"] = "models"
    always: bool = False


class FederatedRecipe(BaseModel):
    """Settings of a federated training under one or several rules; an unknown field is refused.

    Attributes:
        model: As in a training's recipe.
        train: The training examples that are dealt out to clients.
        test: The test examples: each client's own part has its classes in the shares of its training part.
        clients: How many.
        partition: How examples are dealt out, such as "iid", "dirichlet=0.1", "classes=2", "iid,shift=rotation".
        rounds: How often networks are averaged.
        local_epochs: Of every client between two rounds.
        rules: Which layers are averaged; each is a training of its own, from the same start.
        seeds: Each is a repetition: of the dealing out, the start, the order and the augmentation.
        batch_size: As in a training's recipe, and so are the others up to `dtype`.
        optimizer: Its memory is as `optimizer_state` says.
        schedule: The learning rate over all rounds: the time goes on from round to round.
        clip_norm: Largest length of a gradient.
        loss: Named, or a function of the user's.
        augmentations: Of images.
        dtype: Of the arithmetic.
        optimizer_state: "fresh": a client's optimizer forgets between rounds; "kept": it goes on from its own memory.
        statistics: Running statistics of an averaged layer are "averaged", or stay "private".
        weighting: Clients count by their "examples", or are "equal".
        layers: The rule that groups weights into layers.
        evaluate_every: The rounds between two evaluations; the last round is always evaluated.
        global_test: Whether networks are evaluated on all test examples beside the client's own.
        keep_networks: Whether the clients' last networks are written.
        barriers: How barriers between clients are measured; None where no rule needs it.
        device: "auto", "cpu", "cuda", ...
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: ModelField
    train: DataField
    test: DataField
    clients: Count
    partition: str = "iid"
    rounds: Count
    local_epochs: Count = 1
    rules: tuple[RuleField, ...] = Field(min_length=1)
    seeds: tuple[int, ...] = Field(default=(0,), min_length=1)
    batch_size: Count
    optimizer: OptimizerField
    schedule: ScheduleField = Constant()
    clip_norm: float | None = Field(default=None, gt=0)
    loss: str = "cross_entropy"
    augmentations: tuple[AugmentationField, ...] = ()
    dtype: Literal["float32", "float64", "bfloat16"] = "float32"
    channels_last: bool = False
    optimizer_state: Literal["fresh", "kept"] = "fresh"
    statistics: Literal["averaged", "private"] = "averaged"
    weighting: Literal["examples", "equal"] = "examples"
    layers: str = "module"
    evaluate_every: Count = 1
    global_test: bool = True
    keep_networks: bool = True
    barriers: Measuring | None = None
    device: str = "auto"

    @field_validator("rules")
    @classmethod
    def _different_labels(cls, value: tuple[AnyRule, ...]) -> tuple[AnyRule, ...]:
        labels = [rule.shown for rule in value]
        if len(set(labels)) < len(labels):
            raise ValueError("each rule once, or rules with different labels")
        return value

    @field_validator("seeds")
    @classmethod
    def _different_seeds(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(value)) < len(value):
            raise ValueError("each seed once")
        return value

    @model_validator(mode="after")
    def _measured_where_needed(self) -> "FederatedRecipe":
        asking = [rule.shown for rule in self.rules if rule.needs_barriers]
        if asking and self.barriers is None:
            raise ValueError(f"a table [barriers] with its data: rule {asking[0]!r} measures")
        return self

    def client_recipe(self, seed: int, client: int, more_epochs: int = 0) -> Recipe:
        """The training of one client over all rounds.

        Args:
            seed: The repetition.
            client: The client's number.
            more_epochs: After the last round.

        Returns:
            A recipe whose epochs are this client's; equal numbers give other clients unrelated orders.
        """
        order, augmentation = (_number(seed, client, source) for source in ("order", "augmentation"))
        return Recipe(
            length=Step(self.rounds * self.local_epochs + more_epochs, "ep"),
            batch_size=self.batch_size,
            optimizer=self.optimizer,
            schedule=self.schedule,
            clip_norm=self.clip_norm,
            loss=self.loss,
            augmentations=self.augmentations,
            seeds=Seeds(initialisation=seed, order=order, augmentation=augmentation),
            dtype=self.dtype,
            channels_last=self.channels_last,
        )

    def is_measured(self, rule: AnyRule, number: int) -> bool:
        """Whether barriers between clients are measured in a round, after local training and before averaging.

        Args:
            rule: Under which rule.
            number: Of the round, from 1.

        Returns:
            True in rounds 1, 1 + every, ... where the rule needs it or the recipe always wants it.
        """
        settings = self.barriers
        return settings is not None and (rule.needs_barriers or settings.always) and not (number - 1) % settings.every

    def is_evaluated(self, number: int) -> bool:
        """Whether networks are evaluated in a round.

        Args:
            number: Of the round, from 1.

        Returns:
            True every `evaluate_every` rounds and in the last one.
        """
        return number == self.rounds or number % self.evaluate_every == 0


def _number(seed: int, client: int, source: str) -> int:
    digest = hashlib.sha256(f"client:{seed}:{client}:{source}".encode()).digest()
    return int.from_bytes(digest[:4], "big")
