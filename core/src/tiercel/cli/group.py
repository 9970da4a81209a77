"""Command groups that know what was meant by a mistyped command."""

from __future__ import annotations

import click

__all__ = ["HelpfulGroup"]


class HelpfulGroup(click.Group):
    """A group that names the nearest command when there is none of the name given."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first argument names.

        Raises:
            click.UsageError: there is none.
        """
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.list_commands(ctx), n=1)
            if not near:
                raise
            message = f"No such command {args[0]!r}; did you mean {near[0]!r}?"
            raise click.UsageError(message, ctx) from error
