"""The command `isthmus`. Help and argument errors never import torch."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from isthmus.cli.cluster import with_address
from isthmus.cli.demo import demo
from isthmus.cli.explore import explore
from isthmus.cli.federate import federate
from isthmus.cli.inspect import inspect
from isthmus.cli.measure import measure
from isthmus.cli.merging.align import align
from isthmus.cli.merging.average import average
from isthmus.cli.merging.merge import merge
from isthmus.cli.models import models
from isthmus.cli.output.commands import Command, Commands
from isthmus.cli.output.logs import begin_logging, take_log_level
from isthmus.cli.output.outcome import DEBUG, answered_sigterm, report_failures, status_of
from isthmus.cli.output.questions import EPILOG
from isthmus.cli.report import report
from isthmus.cli.reproduce import reproduce
from isthmus.cli.status import status
from isthmus.cli.studies.attribute import attribute
from isthmus.cli.studies.curvature import curvature
from isthmus.cli.studies.explain import explain
from isthmus.cli.studies.similarity import similarity
from isthmus.cli.studies.subspace import subspace
from isthmus.cli.train import train

STUDIES = (attribute, curvature, similarity, subspace)
app = typer.Typer(
    cls=Commands,
    help="Which layers of two trained networks can be averaged, at what cost, and why.",
    epilog="Exit status: 0 done, 1 a fault of isthmus, 2 wrong input, 130 interrupted, 143 ended. --debug: tracebacks.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,  # failures are told by `report_failures`
    rich_markup_mode=None,  # help holds brackets, which rich would take for markup
)
COMMANDS = (
    *(demo, inspect, measure, average, merge, align, *STUDIES),
    *(report, explore, train, federate, reproduce, status, models, explain),
)
for command in COMMANDS:
    app.command(cls=Command, epilog=EPILOG if command is measure else None)(report_failures(command))


def _print_version(asked: bool) -> None:
    if asked:
        print(f"isthmus {version('isthmus')}")
        raise typer.Exit


@app.callback()
def before_a_command(
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    """Options that stand before a command."""


def main() -> None:
    """Run the command line; `--debug` and `--log-level` may stand anywhere."""
    if "--debug" in sys.argv:
        # typer would take it before a command only.
        sys.argv.remove("--debug")
        DEBUG.append(True)
    sys.argv[:] = with_address(sys.argv)
    level = take_log_level(sys.argv)
    if level is not None:
        report_failures(begin_logging)(level)
    with answered_sigterm():
        status = status_of(app)
    sys.exit(status)
