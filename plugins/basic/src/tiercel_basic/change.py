"""Tasks that change their execution: `Exit`, `Labels`, `SetVariables`, `UnsetVariables`.

They run in the engine itself, so what they do is pure: rendered values in, a change out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import ValidationError

from tiercel.plugin import Example, ExecutionTask, Model, Property, State, Text, Update

__all__ = ["Exit", "Labels", "SetVariables", "UnsetVariables"]

T = TypeVar("T")


class Exit(ExecutionTask):
    """End the execution here, in the given state.

    Tasks that run elsewhere in the flow are waited for; `errors` and `finally` are left out,
    `afterExecution` is not.
    """

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Stop when there is nothing to do",
            """\
id: exit_early
namespace: company.team

inputs:
  - id: rows
    type: INT
    defaults: 0

tasks:
  - id: nothing_to_do
    type: io.kestra.plugin.core.flow.If
    condition: "{{ inputs.rows == 0 }}"
    then:
      - id: stop
        type: io.kestra.plugin.core.execution.Exit
        state: WARNING

  - id: work
    type: io.kestra.plugin.core.log.Log
    message: "{{ inputs.rows }} rows"
""",
        ),
    )

    state: Property[Literal["SUCCESS", "WARNING", "KILLED", "FAILED", "CANCELED", "CANCELLED"]] = (
        Property.of("SUCCESS")
    )
    """The state that the execution ends in."""

    def expressions(self) -> Mapping[str, Any]:
        """Return the state as it was written."""
        return {"state": self.state.raw}

    def update(self, values: Mapping[str, Any], variables: Mapping[str, Any]) -> Update:
        """End the execution."""
        state = _resolved(self.state, values["state"])
        return Update(state=State("CANCELLED" if state == "CANCELED" else state))


class Label(Model):
    """One label."""

    key: Text
    """The label's name."""
    value: Text | None = None
    """The label's value; without one the label is left out."""


class Labels(ExecutionTask):
    """Add labels to the execution, or replace some."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Label an execution by what it found",
            """\
id: label_the_execution
namespace: company.team

inputs:
  - id: customer
    type: STRING
    defaults: acme

tasks:
  - id: label
    type: io.kestra.plugin.core.execution.Labels
    labels:
      customer: "{{ inputs.customer }}"
""",
        ),
    )

    labels: Property[str | list[Label] | dict[str, Any]]
    """The labels: a map, a list of `key` and `value`, or a JSON text of such a map."""

    def expressions(self) -> Mapping[str, Any]:
        """Return the labels as they were written."""
        return {"labels": self.labels.raw}

    def update(self, values: Mapping[str, Any], variables: Mapping[str, Any]) -> Update:
        """Add the labels.

        Raises:
            ValueError: they are none, or one of them is empty or the system's.
        """
        labels = dict(_pairs(values["labels"]))
        for key, value in labels.items():
            if not key or not value:
                raise ValueError(f"A label needs a key and a value, offending label: {key}={value}")
            if key.startswith("system."):
                raise ValueError(
                    "System labels can only be set by Kestra itself, "
                    f"offending label: {key}={value}"
                )
        return Update(labels=labels)


def _pairs(rendered: Any) -> Iterator[tuple[str, str]]:
    value = json.loads(rendered) if isinstance(rendered, str) else rendered
    if isinstance(value, list):
        value = {entry["key"]: entry.get("value") for entry in value}
    if not isinstance(value, Mapping):
        raise ValueError(f"Labels are a map or a list of key and value, not {value!r}")
    for key, item in value.items():
        if item is not None:
            yield key, item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)


class SetVariables(ExecutionTask):
    """Set variables of the execution, for the tasks that come after."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Change a variable on the way",
            """\
id: set_variables
namespace: company.team

variables:
  stage: draft

tasks:
  - id: publish
    type: io.kestra.plugin.core.execution.SetVariables
    variables:
      stage: final
      author: "{{ flow.id }}"

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ vars.stage }} by {{ vars.author }}"
""",
        ),
    )

    variables: Property[dict[str, Any]]
    """The variables, by name; a map is merged into the map that is there."""
    overwrite: Property[bool] = Property.of(True)
    """Replace variables that exist; otherwise fail when there is one."""

    def expressions(self) -> Mapping[str, Any]:
        """Return the properties as they were written."""
        return {"variables": self.variables.raw, "overwrite": self.overwrite.raw}

    def update(self, values: Mapping[str, Any], variables: Mapping[str, Any]) -> Update:
        """Set the variables.

        Raises:
            ValueError: one of them exists, and may not be replaced.
        """
        new = _resolved(self.variables, values["variables"])
        existing = [name for name in new if name in variables]
        if existing and not _resolved(self.overwrite, values["overwrite"]):
            raise ValueError(
                "`overwrite` is set to false and the following variables already exist: "
                + ",".join(existing)
            )
        return Update(variables=_merged(variables, new))


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(old)
    for name, value in new.items():
        before = merged.get(name)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            value = _merged(before, value)
        merged[name] = value
    return merged


class UnsetVariables(ExecutionTask):
    """Remove variables of the execution."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Remove a variable that is no longer needed",
            """\
id: unset_variables
namespace: company.team

variables:
  scratch: {a: 1, b: 2}

tasks:
  - id: clean
    type: io.kestra.plugin.core.execution.UnsetVariables
    variables:
      - scratch.a

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ vars.scratch }}"
""",
        ),
    )

    variables: Property[list[Text]]
    """Names of variables; a dot leads into a map."""
    ignore_missing: Property[bool] = Property.of(False)
    """Do nothing about a variable that does not exist; otherwise fail."""

    def expressions(self) -> Mapping[str, Any]:
        """Return the properties as they were written."""
        return {"variables": self.variables.raw, "ignoreMissing": self.ignore_missing.raw}

    def update(self, values: Mapping[str, Any], variables: Mapping[str, Any]) -> Update:
        """Remove the variables.

        Raises:
            ValueError: one of them does not exist, and may not be missing.
        """
        lenient = _resolved(self.ignore_missing, values["ignoreMissing"])
        left = dict(variables)
        for name in _resolved(self.variables, values["variables"]):
            path = name.split(".")
            if _holds(left, path):
                left = _without(left, path)
            elif not lenient:
                raise ValueError(
                    f"Variable {name!r} does not exist, and `ignoreMissing` is set to false"
                )
        return Update(variables=left)


def _holds(variables: Any, path: list[str]) -> bool:
    for name in path:
        if not isinstance(variables, Mapping) or name not in variables:
            return False
        variables = variables[name]
    return True


def _without(variables: Mapping[str, Any], path: list[str]) -> dict[str, Any]:
    name, *rest = path
    if rest:
        return {**variables, name: _without(variables[name], rest)}
    return {key: value for key, value in variables.items() if key != name}


def _resolved(prop: Property[T], rendered: Any) -> T:
    """Return a property's value, given what the engine rendered it to.

    Raises:
        ValueError: it is no such value.
    """
    try:
        return prop.resolve(lambda _raw, _as_text: rendered)
    except ValidationError as error:
        reason = "; ".join(each["msg"] for each in error.errors(include_url=False))
        raise ValueError(f"Invalid value of {prop.name}: {reason}") from error
