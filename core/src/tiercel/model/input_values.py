"""From what an execution is given to typed inputs; from what a flow renders to typed outputs.

Values are JSON-like when they are done: a DATETIME is text in UTC with microseconds, a DATE and a
TIME are text, a DURATION is a number of seconds. Golden area: `flows/inputs`.

Pure: whatever needs an expression is handed to the `render` that the caller brings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from tiercel import _duration
from tiercel._record import record
from tiercel.errors import InputError, TiercelError
from tiercel.model import moments
from tiercel.model.flow import FlowOutput
from tiercel.model.input_base import InputBase
from tiercel.model.typed_values import TEXT_TYPES, java_text, read_typed, stored

__all__ = [
    "Render",
    "ResolvedInput",
    "flat_inputs",
    "input_values",
    "literal_defaults",
    "output_values",
    "resolve_inputs",
    "unknown_inputs",
    "with_defaults",
]

Render = Callable[[Any, Mapping[str, Any]], Any]
"""Renders text, or every text inside a list or mapping, with these `inputs` (nested by dots).

A lone expression keeps its native type. Raises `ExpressionError`.
"""

Seal = Callable[[str], Any]
"""Encrypts a SECRET's text into what is stored of it."""


@record
class ResolvedInput:
    """What became of one declared input.

    Attributes:
        id: the input's full id; `form.child` for one inside a form.
        input: what was declared; a SELECT's `values` are those its expression gave.
        value: typed; None when there is none. A SECRET is in clear here.
        enabled: False when `dependsOn` leaves the input out.
        is_default: whether the value is the input's default.
        error: why there is no value, or None.
    """

    id: str
    input: InputBase
    value: Any = None
    enabled: bool = True
    is_default: bool = False
    error: InputError | None = None


def flat_inputs(inputs: Iterable[InputBase], prefix: str = "") -> Iterator[tuple[str, InputBase]]:
    """Yield (full id, input) for each input; those of a form instead of the form itself."""
    for each in inputs:
        if each.type == "FORM":
            yield from flat_inputs(getattr(each, "inputs", ()), f"{prefix}{each.id}.")
        else:
            yield f"{prefix}{each.id}", each


def input_values(
    inputs: Sequence[InputBase] | None,
    given: Mapping[str, Any],
    render: Render,
    seal: Seal | None = None,
    left_out: list[ResolvedInput] | None = None,
) -> dict[str, Any]:
    """Return the typed inputs of an execution, nested by the dots in their ids.

    Args:
        inputs: what the flow declares.
        given: values by id, as text or native; names that are not declared are left out.
        render: see `Render`.
        seal: encrypts SECRETs; without it they stay in clear.
        left_out: takes the inputs that `dependsOn` leaves out.

    Raises:
        InputError: the first input that is missing or invalid.
    """
    result: dict[str, Any] = {}
    for resolved in resolve_inputs(inputs, given, render):
        if not resolved.enabled:
            if left_out is not None:
                left_out.append(resolved)
            continue
        if resolved.error is not None:
            raise resolved.error
        if resolved.value is None:
            continue
        value = resolved.value
        if seal is not None and resolved.input.type == "SECRET":
            value = seal(value)
        _put(result, resolved.id, value)
    return result


def resolve_inputs(
    inputs: Sequence[InputBase] | None, given: Mapping[str, Any], render: Render
) -> list[ResolvedInput]:
    """Return what becomes of each input, in the order declared; errors are part of the result."""
    declared = dict(flat_inputs(inputs or ()))
    resolver = _Resolver(declared, given, render)
    return [resolver.resolve(identity) for identity in declared]


def unknown_inputs(inputs: Sequence[InputBase] | None, given: Iterable[str]) -> list[str]:
    """Return the names given that no input declares; they are worth a warning, no more."""
    declared = [identity for identity, _ in flat_inputs(inputs or ())]
    return [
        name
        for name in given
        if name not in declared and not any(each.startswith(f"{name}.") for each in declared)
    ]


def output_values(
    outputs: Sequence[FlowOutput] | None,
    rendered: Mapping[str, Any],
    seal: Seal | None = None,
) -> dict[str, Any]:
    """Return the typed outputs of an execution; a null that is not required is left out.

    Args:
        outputs: what the flow declares.
        rendered: their values by id, rendered natively.
        seal: encrypts SECRETs; without it they stay in clear.

    Raises:
        InputError: the first output whose value does not fit its type.
    """
    result: dict[str, Any] = {}
    for output in outputs or ():
        value = rendered.get(output.id)
        if value is None and not output.required:
            continue
        try:
            if value is None:
                raise ValueError("must not be null")
            typed = stored(read_typed(output.type, value, None))
            sealed = seal is not None and output.type == "SECRET"
            result[output.id] = seal(typed) if seal is not None and sealed else typed
        except ValueError as error:
            message = f"Invalid value for output `{output.id}`. Cause: {error}"
            raise InputError(message, input_id=output.id) from None
    return result


def literal_defaults(inputs: Sequence[InputBase] | None) -> dict[str, Any]:
    """Return what expressions see of inputs that an execution has no value for, by full id.

    Of an input that `dependsOn` may leave out that is its default, unless it is an expression; of
    any other that need not be given it is null. Source: Kestra's `RunVariables`, `InputsTest`.
    """
    found: dict[str, Any] = {}
    for identity, each in flat_inputs(inputs or ()):
        if each.depends_on is None and not each.required:
            found[identity] = None
        if each.depends_on is None or each.defaults is None or _has_expression(each.defaults):
            continue
        with suppress(ValueError):
            typed = read_typed(each.type, each.defaults, getattr(each, "item_type", None))
            found[identity] = stored(typed)
    return found


def with_defaults(inputs: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return an execution's inputs with defaults, by full id, in the place of absent ones."""
    filled: dict[str, Any] = dict(inputs)
    for identity, value in defaults.items():
        *groups, last = identity.split(".")
        level = filled
        for group in groups:
            inner = level.get(group)
            level[group] = dict(inner) if isinstance(inner, Mapping) else {}
            level = level[group]
        level.setdefault(last, value)
    return filled


def _has_expression(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_has_expression(each) for each in value.values())
    if isinstance(value, list | tuple):
        return any(_has_expression(each) for each in value)
    return isinstance(value, str) and ("{{" in value or "{%" in value)


class _Resolver:
    def __init__(
        self, declared: Mapping[str, InputBase], given: Mapping[str, Any], render: Render
    ) -> None:
        self.declared = declared
        self.given = given
        self.render = render
        self.done: dict[str, ResolvedInput] = {}
        self.defaulted = [
            name for name, each in declared.items() if each.defaults is not None and "." not in name
        ]
        self.open: set[str] = set()

    def resolve(self, identity: str) -> ResolvedInput:
        known = self.done.get(identity)
        if known is None:
            self.open.add(identity)
            known = self.done[identity] = self._resolve(identity, self.declared[identity])
            self.open.discard(identity)
        return known

    def _resolve(self, identity: str, declared: InputBase) -> ResolvedInput:
        needed = self._needed(declared)
        # Without a value yet: an input that has a default, but is not among those needed.
        inputs: dict[str, Any] = dict.fromkeys(self.defaulted)
        for other in needed:
            _put(inputs, other.id, other.value)
        enabled, cause = all(other.enabled for other in needed), None
        if enabled:
            enabled, cause = self._wanted(declared, inputs)
        if enabled:
            try:
                return self._value(identity, declared, inputs)
            except (ValueError, TiercelError) as error:
                cause = str(error)
        message = f"Invalid value for input `{identity}`. Cause: {cause}"
        wrong = InputError(message, input_id=identity) if cause is not None else None
        return ResolvedInput(identity, declared, enabled=enabled, error=wrong)

    def _needed(self, declared: InputBase) -> list[ResolvedInput]:
        wanted = (declared.depends_on.inputs if declared.depends_on else None) or ()
        # A flow with a cycle does not load; one that was built by hand must not hang either.
        return [
            self.resolve(name) for name in wanted if name in self.declared and name not in self.open
        ]

    def _wanted(self, declared: InputBase, inputs: Mapping[str, Any]) -> tuple[bool, str | None]:
        """Tell whether the input's condition holds, and what is wrong with the condition."""
        condition = declared.depends_on.condition if declared.depends_on else None
        if condition is None:
            return True, None
        try:
            return self.render(condition, inputs) is True, None
        except TiercelError as error:
            return False, f"Invalid condition: {error}"

    def _value(
        self, identity: str, declared: InputBase, inputs: Mapping[str, Any]
    ) -> ResolvedInput:
        declared = self._with_values(declared, inputs)
        value = self._given(identity)
        if value == "" and declared.type not in TEXT_TYPES:
            value = None
        is_default = value is None
        if value is None:
            value = self._default(declared, inputs)
        if value is None:
            error = None
            if declared.required:
                error = InputError(f"Missing required input:{identity}", input_id=identity)
            return ResolvedInput(identity, declared, error=error)
        typed = read_typed(declared.type, value, getattr(declared, "item_type", None))
        _validate(declared, typed)
        return ResolvedInput(identity, declared, stored(typed), is_default=is_default)

    def _given(self, identity: str) -> Any:
        if identity in self.given:
            return self.given[identity]
        here: Any = self.given
        for part in identity.split("."):
            here = here.get(part) if isinstance(here, Mapping) else None
        return here

    def _default(self, declared: InputBase, inputs: Mapping[str, Any]) -> Any:
        if declared.defaults is not None:
            value = self.render(declared.defaults, inputs)
            return _as_text(value) if declared.type in TEXT_TYPES else value
        if getattr(declared, "auto_select_first", False):
            values = getattr(declared, "values", None)
            if values:
                return [values[0]] if declared.type == "MULTISELECT" else values[0]
        return None

    def _with_values(self, declared: InputBase, inputs: Mapping[str, Any]) -> InputBase:
        expression = getattr(declared, "expression", None)
        if expression is None:
            return declared
        try:
            values = self.render(expression, inputs)
        except TiercelError as error:
            raise ValueError(f"Cannot render 'expression'. Cause: {error}") from error
        if isinstance(values, str) and values.lstrip()[:1] == "[":
            values = read_typed("JSON", values, None)
        if not isinstance(values, list | tuple):
            raise ValueError(
                "Invalid expression result. Expected a list of strings, "
                f"but received {type(values).__name__}"
            )
        texts = [java_text(value) for value in values if value is not None]
        return declared.model_copy(update={"values": texts})


def _as_text(value: Any) -> Any:
    """Return what a default of text is, however it was written: data are JSON."""
    if value is None:
        return ""
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return value


def _put(target: dict[str, Any], identity: str, value: Any) -> None:
    *groups, last = identity.split(".")
    for group in groups:
        inner = target.get(group)
        if not isinstance(inner, dict):
            inner = target[group] = {}
        target = inner
    target[last] = value


def _validate(declared: Any, value: Any) -> None:
    """Raise `ValueError` unless the value keeps the bounds that its input declares."""
    match declared.type:
        case "STRING" | "SECRET":
            if declared.validator and not re.fullmatch(declared.validator, value):
                raise ValueError(f"it must match the pattern `{declared.validator}`")
        case "INT" | "FLOAT":
            _in_bounds(value, declared, "it", str)
        case "DURATION":
            _in_bounds(value, declared, "It", _duration.format)
        case "DATE" | "TIME" | "DATETIME":
            _in_order(value, declared)
        case "SELECT" | "ENUM" | "MULTISELECT":
            _among(value, declared)
        case "FILE":
            _allowed_file(value, declared)
        case "EMAIL":
            if not _EMAIL.fullmatch(value):
                raise ValueError("The input must be a valid email")


_EMAIL = re.compile(r"|[a-zA-Z0-9_!#$%&’*+/=?`{|}~^.-]+@[a-zA-Z0-9.-]+")


def _in_bounds(value: Any, declared: Any, it: str, show: Callable[[Any], str]) -> None:
    if declared.min is not None and value < declared.min:
        raise ValueError(f"{it} must be more than `{show(declared.min)}`")
    if declared.max is not None and value > declared.max:
        raise ValueError(f"{it} must be less than `{show(declared.max)}`")


def _in_order(value: Any, declared: Any) -> None:
    if declared.after is not None and value < declared.after:
        raise ValueError(f"it must be after `{_bound_text(declared.after)}`")
    if declared.before is not None and value > declared.before:
        raise ValueError(f"it must be before `{_bound_text(declared.before)}`")


def _bound_text(bound: Any) -> str:
    if isinstance(bound, datetime):
        text = moments.instant_text(bound)
        # `Instant.toString` shows no fraction, or three digits, or six.
        whole, fraction = text[:-8], text[-7:-1]
        digits = "" if fraction == "000000" else f".{fraction[:3]}"
        return f"{whole}{digits if fraction.endswith('000') else '.' + fraction}Z"
    if hasattr(bound, "hour"):
        return moments.time_text(bound, short=True)
    return moments.date_text(bound)


def _among(value: Any, declared: Any) -> None:
    values = declared.values
    if values is None:
        values = declared.__dict__.get("options") or []
    if getattr(declared, "allow_custom_value", False):
        return
    if declared.type != "MULTISELECT" and not declared.required:
        return  # Kestra: `SelectInput.validate`; what need not be given may be anything
    shown = f"[{', '.join(values)}]"
    if declared.type == "MULTISELECT":
        for each in value:
            if java_text(each) not in values:
                raise ValueError(f"value `{java_text(each)}` doesn't match the values `{shown}`")
    elif value not in values:
        raise ValueError(f"it must match the values `{shown}`")


def _allowed_file(value: str, declared: Any) -> None:
    allowed = declared.allowed_file_extensions
    if allowed and not value.lower().endswith(tuple(each.lower() for each in allowed)):
        raise ValueError(f"the file must have one of the extensions `[{', '.join(allowed)}]`")
