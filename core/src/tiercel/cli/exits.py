"""Exit codes, and how errors are told on the command line."""

from __future__ import annotations

import os

import click

__all__ = [
    "FAILED",
    "INTERRUPTED",
    "INVALID_FLOW",
    "NOT_FOUND",
    "OK",
    "TIMEOUT",
    "UNREACHABLE",
    "USAGE",
    "Missing",
    "Unreachable",
    "report",
]

OK = 0
FAILED = 1
USAGE = 2
INVALID_FLOW = 3
NOT_FOUND = 4
UNREACHABLE = 6
TIMEOUT = 124
INTERRUPTED = 130


class Missing(click.ClickException):
    """What the user named does not exist."""

    exit_code = NOT_FOUND


class Unreachable(click.ClickException):
    """The database or the files cannot be used."""

    exit_code = UNREACHABLE


def report(error: Exception) -> int:
    """Tell an error on standard error, and return the exit code for its kind.

    What is nobody's fault but Tiercel's is raised again, with its traceback.
    """
    from tiercel import errors
    from tiercel.cli.text import clean

    code = _code(error)
    if code is None or os.environ.get("TIERCEL_DEBUG"):
        raise error
    text = clean(_text(error))
    click.echo(text if isinstance(error, errors.FlowError) else f"Error: {text}", err=True)
    return code


def _text(error: Exception) -> str:
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    return error.strerror if error.filename is None else f"{error.strerror}: {error.filename!r}"


def _code(error: Exception) -> int | None:
    from tiercel import errors as kinds

    for kind, code in (
        (kinds.EngineBug, None),
        (kinds.FlowError, INVALID_FLOW),
        (kinds.UnknownTypeError, NOT_FOUND),
        (kinds.NotFoundError, NOT_FOUND),
        (kinds.StoredFileNotFoundError, NOT_FOUND),
        (kinds.InputError, USAGE),
        (kinds.StorageUriError, USAGE),
        (kinds.CheckError, USAGE),
        (kinds.ExpressionError, USAGE),
        (kinds.ConflictError, FAILED),
        (kinds.RepositoryError, UNREACHABLE),
        (kinds.TiercelError, FAILED),
        (FileNotFoundError, NOT_FOUND),
        (TimeoutError, TIMEOUT),
        (OSError, FAILED),
    ):
        if isinstance(error, kind):
            return code
    return None
