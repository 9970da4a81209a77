"""The expression functions that the engine injects: `secret`, `kv`, `read`, … .

They work on whatever was handed to the rendering as its services (see `Services`), and take
namespace and execution from the variables `flow` and `execution`. What they accept and how they
fail follows Kestra's functions of the same names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, Protocol, cast

from tiercel.errors import (
    EvaluationError,
    NotFoundError,
    RepositoryError,
)
from tiercel.expression.json_reader import JsonTextError, read_json
from tiercel.expression.printing import java_text, json_text
from tiercel.expression.runtime import EvaluationContext
from tiercel.expression.table import Entry, Table
from tiercel.expression.values import is_text

__all__ = [
    "TABLE",
    "Services",
    "engine_functions",
    "member_of",
    "namespace_of",
    "services_of",
]

_KEY = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]*")


class Services(Protocol):
    """What the functions work on.

    A storage URI is `kestra:///…`; a missing file raises `StoredFileNotFoundError`, a bad or
    forbidden one `StorageUriError`.
    """

    def kv_get(self, namespace: str, key: str, *, inherit: bool = True) -> Any:
        """Return a value from a namespace or, with `inherit`, its nearest parent that has it.

        Raises:
            NotFoundError: there is none.
        """

    def secret(self, namespace: str, key: str) -> str:
        """Return a secret; case does not matter in the key. Raise `NotFoundError` without one."""

    def secret_read(self, value: str) -> None:
        """Take notice that a template got to see `value`, which logs must not show."""

    def open(self, uri: str) -> BinaryIO:
        """Open a stored file."""

    def size(self, uri: str) -> int:
        """Return a stored file's size in bytes."""

    def namespace_file_uri(self, namespace: str, path: str) -> str:
        """Return the URI that a namespace file has, or would have."""

    def run_flow(  # what `subflow` can say
        self,
        namespace: str,
        flow_id: str,
        inputs: Mapping[str, Any],
        *,
        revision: int | None,
        labels: Mapping[str, str],
        timeout: timedelta,
    ) -> Mapping[str, Any]:
        """Run a flow, wait, and return its execution's `id`, `state`, `outputs` and `labels`."""

    def error_logs(self, execution_id: str) -> Sequence[Mapping[str, Any]]:
        """Return an execution's log lines of level ERROR, oldest first, with Kestra's members."""


TABLE = Table(
    "function",
    takes_input=False,
    themes={
        **dict.fromkeys(
            ("fileExists", "fileSize", "fileURI", "isFileEmpty", "read"),
            "tiercel.engine.expressions.file_functions",
        ),
        "i18n": "tiercel.engine.expressions.text_functions",
        "subflow": "tiercel.engine.expressions.flow_functions",
    },
)
"""The functions; those of other modules are imported when they are first used."""


def engine_functions() -> Mapping[str, Entry]:
    """Return the functions by name; they need `Services` at rendering time."""
    return TABLE


# --- what all of them need ------------------------------------------------------------------


def services_of(context: EvaluationContext, function: str) -> Services:
    """Return what a function works on; raise `EvaluationError` when it has nothing."""
    if context.services is None:
        raise EvaluationError(f"The '{function}' function works only where a flow runs")
    return cast(Services, context.services)


def member_of(context: EvaluationContext, function: str, variable: str, name: str) -> str:
    """Return a text of a variable, such as `flow.namespace`; raise `EvaluationError` without it."""
    holder = context.variables.get(variable)
    value = holder.get(name) if isinstance(holder, Mapping) else None
    if not isinstance(value, str):
        raise EvaluationError(
            f"The '{function}' function needs the variable '{variable}.{name}', which is not there"
        )
    return value


def _text(function: str, argument: str, value: Any) -> str:
    if not is_text(value):
        raise EvaluationError(
            f"The '{function}' function expects the argument '{argument}' to be a text"
        )
    return cast(str, value)


def namespace_of(context: EvaluationContext, function: str, given: Any = None) -> str:
    """Return a namespace that was given as an argument, or else the flow's own."""
    own = member_of(context, function, "flow", "namespace")
    return own if given is None else _text(function, "namespace", given)


# --- secrets and key-value pairs ------------------------------------------------------------


@TABLE.add("secret", "key", "namespace", "subkey", "full", needs_context=True)
def secret(
    context: EvaluationContext,
    key: Any,
    namespace: Any = None,
    subkey: Any = None,
    full: Any = None,
) -> Any:
    """Return a secret, or one member of a secret that is a JSON object.

    Args:
        context: the rendering under way.
        key: the secret's name; case does not matter.
        namespace: whose secret; the flow's own when left out.
        subkey: the member's name.
        full: true for a map with the secret as its `value`.

    Raises:
        EvaluationError: there is no such secret or member.
    """
    services = services_of(context, "secret")
    owner = namespace_of(context, "secret", namespace)
    name = _text("secret", "key", key)
    part = None if subkey is None else _text("secret", "subkey", subkey)
    if part and full is True:
        raise EvaluationError("The 'secret' function takes either 'subkey' or 'full', not both")
    try:
        value = services.secret(owner, name)
    except (NotFoundError, RepositoryError) as error:
        raise EvaluationError(str(error)) from None
    services.secret_read(value)
    if full is True:
        return {"value": value}
    if part:
        value = _secret_member(name, value, part)
        services.secret_read(value)
    return value


def _secret_member(key: str, value: str, subkey: str) -> str:
    try:
        members = read_json(value)
    except JsonTextError:
        # The cause would quote the secret.
        raise EvaluationError(
            f"Failed to read secret sub-key '{subkey}' from secret '{key}'. "
            "Ensure the secret contains valid JSON value."
        ) from None
    if not isinstance(members, dict) or subkey not in members:
        raise EvaluationError(f"Cannot find secret sub-key '{subkey}' in secret '{key}'.")
    member = members[subkey]
    return json_text(member) if isinstance(member, dict | list) else java_text(member)


@TABLE.add("kv", "key", "namespace", "errorOnMissing", needs_context=True)
def kv(
    context: EvaluationContext, key: Any, namespace: Any = None, error_on_missing: Any = True
) -> Any:
    """Return the value of a key.

    Args:
        context: the rendering under way.
        key: letters, digits, `.`, `_` and `-`.
        namespace: whose key; when left out the flow's own, or its nearest parent's that has it.
        error_on_missing: false to get null instead of an error for a missing key.

    Raises:
        EvaluationError: there is no such key.
    """
    if error_on_missing is not None and not isinstance(error_on_missing, bool):
        raise EvaluationError("The 'kv' function expects 'errorOnMissing' to be a boolean")
    services = services_of(context, "kv")
    owner = namespace_of(context, "kv", namespace)
    name = _text("kv", "key", key)
    if not _KEY.fullmatch(name):
        raise EvaluationError(
            f"The key {name!r} is not valid: it must begin with a letter or digit, and consist of "
            "letters, digits, '.', '_' and '-'"
        )
    try:
        return _value(services.kv_get(owner, name, inherit=namespace is None))
    except NotFoundError:
        if error_on_missing is False:
            return None
        raise EvaluationError(
            f"The key '{name}' does not exist in the namespace '{owner}'."
        ) from None


def _value(value: Any) -> Any:
    """Make a value of the language of a stored one: a moment is an instant."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        from tiercel.expression.temporal import Instant

        return Instant.of(value.astimezone(UTC))
    return value


# --- the execution --------------------------------------------------------------------------


@TABLE.add("errorLogs", needs_context=True)
def error_logs(context: EvaluationContext) -> list[dict[str, Any]]:
    """Return the execution's log lines of level ERROR, oldest first."""
    execution_id = member_of(context, "errorLogs", "execution", "id")
    lines = services_of(context, "errorLogs").error_logs(execution_id)
    return [{name: _value(value) for name, value in line.items()} for line in lines]


@TABLE.add("currentEachOutput", "outputs", needs_context=True)
def current_each_output(context: EvaluationContext, outputs: Any) -> Any:
    """Return, of the outputs of a task inside loops, those of the present turn of each loop.

    Raises:
        EvaluationError: the task is in no loop, or there are no outputs of this turn.
    """
    if not isinstance(outputs, Mapping):
        raise EvaluationError(
            "The 'currentEachOutput' function expects an argument 'outputs' with type map."
        )
    parents = context.variables.get("parents")
    if not isinstance(parents, list):
        raise EvaluationError("The 'currentEachOutput' function works only inside a loop")
    found: Any = outputs
    for parent in reversed(parents):
        if isinstance(parent, Mapping) and isinstance(parent.get("taskrun"), Mapping):
            found = _turn(found, parent["taskrun"].get("value"))
    return found.get(member_of(context, "currentEachOutput", "taskrun", "value"))


def _turn(outputs: Mapping[str, Any], value: Any) -> Any:
    inner = outputs.get(value) if isinstance(value, str) else None
    if not isinstance(inner, Mapping):
        raise EvaluationError("No execution outputs for the current task runs path")
    return inner


@TABLE.add("tasksWithState", "state", needs_context=True)
def tasks_with_state(context: EvaluationContext, state: Any) -> list[dict[str, Any]]:
    """Return the task runs so far that have a state: `taskId`, `state`, and `value` in loops."""
    wanted = _text("tasksWithState", "state", state).upper()
    tasks = context.variables.get("tasks")
    found: list[dict[str, Any]] = []
    for task_id, details in tasks.items() if isinstance(tasks, Mapping) else ():
        for key, held in details.items() if isinstance(details, Mapping) else ():
            turn = held.get("state") if isinstance(held, Mapping) else None
            if key == "state" and _is_state(held, wanted):
                found.append({"state": wanted, "taskId": task_id})
            elif _is_state(turn, wanted):
                found.append({"state": wanted, "value": key, "taskId": task_id})
    return found


def _is_state(value: Any, wanted: str) -> bool:
    return isinstance(value, str) and value.upper() == wanted
