"""The hooks a plugin can implement: one light module per package, named by its entry point.

    [project.entry-points.tiercel]
    http = "tiercel_http.hooks"

    # tiercel_http/hooks.py
    from tiercel.plugin import hookimpl

    @hookimpl
    def register_tasks():
        return {"io.kestra.plugin.core.http.Request": "tiercel_http.request:Request"}

Every `register_*` hook answers a mapping from a name to `"module:attribute"`. The module is
imported when the name is first used, so an installed plugin costs nothing until then. A name may
be followed by its older names in a tuple key: `("new.Name", "old.Name"): "module:Class"`.
"""

from __future__ import annotations

from collections.abc import Mapping

import pluggy

__all__ = ["PROJECT", "Registration", "hookimpl", "hookspec"]

PROJECT = "tiercel"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

Registration = Mapping[str | tuple[str, ...], str]
"""Name, or (name, older names…) → `"module:attribute"`."""


@hookspec
def register_tasks() -> Registration:
    """Return task types: type name → a `Task` or `FlowableTask` class."""
    return {}


@hookspec
def register_triggers() -> Registration:
    """Return trigger types: type name → a trigger class."""
    return {}


@hookspec
def register_conditions() -> Registration:
    """Return condition types: type name → a condition class."""
    return {}


@hookspec
def register_task_runners() -> Registration:
    """Return task runner types: type name → a `TaskRunner` class."""
    return {}


@hookspec
def register_filters() -> Registration:
    """Return filters of the expression language: name → an `expression.table.Entry`."""
    return {}


@hookspec
def register_functions() -> Registration:
    """Return functions of the expression language: name → an `expression.table.Entry`."""
    return {}


@hookspec
def register_storages() -> Registration:
    """Return storage backends: URL scheme (`s3`) → a callable from a URL to a `StorageBackend`."""
    return {}


@hookspec
def register_secrets() -> Registration:
    """Return secret managers: URL scheme (`vault`) → a callable from a URL to a `SecretManager`."""
    return {}


@hookspec
def register_repositories() -> Registration:
    """Return repositories: URL scheme (`sqlite`) → a callable from a URL to a `Repository`."""
    return {}


@hookspec
def register_executors() -> Registration:
    """Return executors: name (`dask`) → a callable from a URL to an `Executor`."""
    return {}


@hookspec
def register_commands() -> Registration:
    """Return commands of the command line: name → a `click.Command`."""
    return {}
