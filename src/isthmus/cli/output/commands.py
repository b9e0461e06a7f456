"""Commands as typer makes them, without what it writes twice or for another medium."""

import click
from typer.core import TyperCommand, TyperGroup


class Command(TyperCommand):
    """A command whose help is as it was written."""

    def get_help(self, ctx: click.Context) -> str:
        """The help.

        Args:
            ctx: Of the call.

        Returns:
            Text; typer escapes the bracket of a default for HTML, also where it writes for a terminal.
        """
        return super().get_help(ctx).replace("\\[", "[")


class Commands(TyperGroup):
    """The commands by name."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is asked for.

        Args:
            ctx: Of the call.
            args: What was written.

        Returns:
            Its name, the command and its own arguments.

        Raises:
            UsageError: There is none of that name.
        """
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            vars(error).update(possibilities=None)  # click from 8.4 on would say them again after typer
            raise
