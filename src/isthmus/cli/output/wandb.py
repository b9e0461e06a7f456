"""Scalars for Weights & Biases: a run for each piece of work, sent only if the user's settings say so."""

from pathlib import Path

from isthmus.cli.output.scalars import scalars_in
from isthmus.cli.output.work import Work
from isthmus.errors import InputError


def save_runs(found: list[Work], root: Path, project: str) -> str:
    """Write what work says of itself as runs of a project, all in one group.

    They lie in the folder `wandb`, or where W&B's settings say, and are sent only where these name a mode: the
    environment's `WANDB_MODE`, or a file of settings. `wandb sync` sends them later.

    Args:
        found: From `work_in`.
        root: The folder that they were found in, which names the group; names of runs count from there.
        project: Of Weights & Biases.

    Returns:
        What was done, in words.

    Raises:
        InputError: W&B is not installed, or doesn't take the project.
    """
    try:
        import wandb
    except ImportError as error:
        raise InputError(
            "the package wandb, which writes for Weights & Biases", "none installed", "--wandb",
            "pip install 'isthmus[wandb]'",
        ) from error  # fmt: skip
    own = wandb.setup().settings
    mode = own.mode if "mode" in own.model_fields_set else "offline"
    count = 0
    for name, scalars in scalars_in(found, root):
        try:
            run = wandb.init(
                project=project, group=root.resolve().name, name=name, mode=mode, reinit="create_new",
                settings=wandb.Settings(console="off"),  # standard output is the command's, not a log
            )  # fmt: skip
        except (wandb.Error, ValueError) as error:
            remedy = "name a project, such as llmc, or look at `wandb status`"
            raise InputError("a project that Weights & Biases takes", str(error), "--wandb", remedy) from error
        with run:
            run.define_metric("*", step_metric="step")  # W&B's own steps only grow; resumed work goes back
            for scalar in scalars:
                run.log({scalar.name: scalar.value, "step": scalar.step})
        count += 1
    return f"{count} runs of the project {project}, {mode}"
