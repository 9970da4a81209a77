"""`tiercel lsp`: the language server, on standard input and output."""

from __future__ import annotations

import click

__all__ = ["lsp"]


@click.command()
def lsp() -> None:
    """Serve an editor by the language server protocol.

    An editor starts it and speaks to it on standard input and output. It
    needs the package pygls: `pip install tiercel[lsp]`.

    \b
    Example:
      tiercel lsp
    """
    try:
        from tiercel.lsp.server import make_server
    except ImportError as error:
        raise click.ClickException(
            f"The language server needs a package: pip install 'tiercel-core[lsp]' ({error})"
        ) from error
    from tiercel.check.checker import Checker
    from tiercel.parts import language
    from tiercel.plugin.registry import Registry

    registry = Registry()
    make_server(Checker(registry, language(registry).tables)).start_io()
