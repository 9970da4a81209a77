"""Pydantic's complaints as problems of a flow: Kestra's words, a place, and the nearest spelling.

Kestra names a task's or an input's own property by its id (`api.uri`), what lies deeper by its
place (`tasks[0].retry.interval`); so do these paths. Golden area: `flows/validation`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel

from tiercel.errors import Problem, TiercelError
from tiercel.model.input_base import InputBase, input_class
from tiercel.model.task import TypedModel

__all__ = ["Locator", "constraint_lines", "nearest", "problems_of"]

Path = tuple[str | int, ...]
Place = Callable[[Path], tuple[int, int]]

WHOLE = "Invalid Flow: "
"""What the message of a problem of the whole flow begins with."""

_TASK_KINDS = ("task", "trigger", "condition", "task runner")
_BY_INDEX = frozenset({"triggers", "conditions", "sla", "outputs", "checks", "pluginDefaults"})


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the one of `words` that a mistyped `word` most likely means, or None."""
    known = {each.lower(): each for each in words}
    found = get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return known[found[0]] if found else None


def constraint_lines(problems: Iterable[Problem]) -> list[str]:
    """Return problems as the lines of Kestra's validation answer: `path: message`.

    What concerns the flow as a whole is one line, joined by commas.
    """
    whole: list[str] = []
    lines: list[str] = []
    for problem in problems:
        if problem.message.startswith(WHOLE):
            whole.append(problem.message.removeprefix(WHOLE))
        else:
            lines.append(f"{problem.path}: {problem.message}" if problem.path else problem.message)
    return [*lines, WHOLE + ", ".join(whole)] if whole else lines


class Locator:
    """Finds the way from pydantic's locations to places in the text and to classes.

    Args:
        data: the flow as it was validated.
        places: gives `key(path)` and `value(path)` as (line, column).
        resolve: from a type's name and kind to its class.
        root: the flow's own class.
        file: the file's name, for problems.
    """

    def __init__(
        self, data: Any, places: Any, resolve: Callable[[str, str], Any], root: Any, file: str
    ) -> None:
        self.data = data
        self.places = places
        self.resolve = resolve
        self.root = root
        self.file = file

    def walk(self, location: Sequence[str | int]) -> Path:
        """Return the part of a location that the data have; without pydantic's own words.

        An index into a mapping (labels in map form) means its so many-th entry.
        """
        path: list[str | int] = []
        here: Any = self.data
        for part in location:
            key: Any = part
            if isinstance(here, dict) and isinstance(part, int) and part < len(here):
                key = list(here)[part]
            elif not _has(here, part):
                continue
            here = here[key]
            path.append(key)
        return tuple(path)

    def at(self, path: Path) -> Any:
        """Return the data at a path that `walk` gave."""
        here = self.data
        for part in path:
            here = here[part]
        return here

    def owner(self, path: Path) -> Any:
        """Return the class that validates the mapping at `path`, or None when it cannot be told."""
        models: list[Any] = [self.root]
        here = self.data
        for part in path:
            if isinstance(here, dict):
                field = _field(self._chosen(models, here), str(part))
                models = list(_models(field.annotation)) if field is not None else []
            here = here[part]
        return self._chosen(models, here)

    def _chosen(self, models: list[Any], value: Any) -> Any:
        kind = value.get("type") if isinstance(value, dict) else None
        if all(issubclass(model, TypedModel) for model in models):
            typed = self.typed(kind)
            if typed is not None:
                return typed
        if models == [InputBase]:
            return input_class(kind) or InputBase
        for model in models:
            field = model.model_fields.get("type")
            if field is not None and kind in getattr(field.annotation, "__args__", ()):
                return model
        return models[0] if len(models) == 1 else None

    def typed(self, kind: Any) -> Any:
        """Return the class behind a task's, trigger's, condition's or runner's type, or None."""
        for name in _TASK_KINDS if isinstance(kind, str) else ():
            with suppress(TiercelError):
                return self.resolve(kind, name)
        return None

    @staticmethod
    def has_property(cls: Any, name: str) -> bool:
        """Tell whether a class has a property, whatever the case of its letters."""
        return any(
            name.lower() in (known.lower() for known in (field.alias or key, *_aliases(field)))
            for key, field in cls.model_fields.items()
        )

    def name(self, path: Path) -> str:
        """Return a path as Kestra writes it: `api.uri`, `tasks[0].retry.interval`, `labels[0]`."""
        if path[:1] == ("labels",) and isinstance(self.data.get("labels"), dict):
            return _dotted(self._label_path(path))
        owner = self._named_owner(path)
        return _dotted((owner[0], *owner[1]) if owner else path)

    def _label_path(self, path: Path) -> Path:
        """Return a path into labels in map form as Kestra counts them: `labels[0].value`."""
        if len(path) < 2:
            return path
        return ("labels", list(self.data["labels"]).index(path[1]), *(path[2:] or ("value",)))

    def _named_owner(self, path: Path) -> tuple[str, Path] | None:
        if path and path[0] in _BY_INDEX:
            return None
        here: Any = self.data
        owner: tuple[str, Path] | None = None
        for index, part in enumerate(path):
            if not _has(here, part):
                break
            here = here[part]
            if isinstance(part, int) and isinstance(here, dict) and isinstance(here.get("id"), str):
                owner = (here["id"], path[index + 1 :])
        if owner and sum(isinstance(part, str) for part in owner[1]) > 1:
            return None
        return owner

    def problem(
        self, path: Path, message: str, code: str, *, on_key: bool = False, hint: str | None = None
    ) -> Problem:
        """Return a problem at a path, with its line and column."""
        line, column = (self.places.key if on_key else self.places.value)(path)
        return Problem(message, self.name(path), self.file, line, column, code, hint)


def _has(here: Any, part: str | int) -> bool:
    if isinstance(here, dict):
        return part in here
    return isinstance(here, list) and isinstance(part, int) and part < len(here)


def _dotted(path: Path) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _field(cls: Any, part: str) -> Any:
    fields = getattr(cls, "model_fields", None) or {}
    for name, field in fields.items():
        if part in (field.alias, name) or part in _aliases(field):
            return field
    return None


def _aliases(field: Any) -> list[str]:
    alias = field.validation_alias
    return [str(choice) for choice in getattr(alias, "choices", [alias] if alias else [])]


def _models(annotation: Any) -> Iterable[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _models(part)


def problems_of(errors: Iterable[Mapping[str, Any]], locator: Locator) -> list[Problem]:
    """Return pydantic's error records as problems."""
    return [problem for error in errors for problem in _translate(error, locator)]


def _translate(error: Mapping[str, Any], locator: Locator) -> Iterable[Problem]:
    kind: str = error["type"]
    location: tuple[str | int, ...] = error["loc"]
    path = locator.walk(location)
    special = _SPECIAL.get(kind)
    if special is not None:
        yield from special(error, path, locator)
        return
    say = _WORDS.get(kind)
    message = say(error.get("ctx") or {}, error["input"]) if say else _plain(error)
    code = "invalid" if kind in ("value_error", "assertion_error") else kind.replace("_", "-")
    hint = _enum_hint(error) if kind in ("enum", "literal_error") else None
    extra = (error.get("ctx") or {}).get("property")
    yield locator.problem((*path, extra) if extra else path, message, code, hint=hint)


def _plain(error: Mapping[str, Any]) -> str:
    cause = (error.get("ctx") or {}).get("error")
    return str(cause) if isinstance(cause, Exception) else str(error["msg"])


def _missing(error: Mapping[str, Any], _path: Path, locator: Locator) -> Iterable[Problem]:
    *above, name = error["loc"]
    path = locator.walk(above)
    owner = locator.owner(path)
    field = _field(owner, name)
    constraints = field.metadata if field is not None else ()
    # Kestra's `@NotEmpty` is a least length without a pattern or a greatest one.
    empty = any(getattr(constraint, "min_length", 0) for constraint in constraints) and not any(
        getattr(constraint, "pattern", None) or getattr(constraint, "max_length", None)
        for constraint in constraints
    )
    messages = ["must not be empty" if empty else "must not be null"]
    if name == "id" and not empty:
        messages.insert(0, "must not be blank")
    line, column = locator.places.value((*path, name))
    where = locator.name((*path, name))
    for message in messages:
        yield Problem(message, where, locator.file, line, column, "missing")


def _unknown_property(error: Mapping[str, Any], path: Path, locator: Locator) -> Iterable[Problem]:
    name = str(error["loc"][-1])
    owner = locator.owner(path[:-1])
    known = sorted(_properties(owner))
    label = getattr(owner, "type_name", "") or getattr(owner, "__name__", "")
    message = (
        f'Unrecognized field "{name}" (class {label})' if label else f'Unrecognized field "{name}"'
    )
    if known:
        message += f"; known properties: {', '.join(known)}"
    yield locator.problem(path, message, "unknown-property", on_key=True, hint=nearest(name, known))


def _properties(cls: Any) -> Iterable[str]:
    for name, field in (getattr(cls, "model_fields", None) or {}).items():
        if not field.exclude:
            yield field.alias or name


def _unknown_type(error: Mapping[str, Any], path: Path, locator: Locator) -> Iterable[Problem]:
    context = error["ctx"]
    if "tag" in context:  # one of our own unions: retry, inputs, sla
        name = str(context["tag"])
        known = [tag.strip().strip("'") for tag in str(context["expected_tags"]).split(",")]
        hint, advice = nearest(name, known), f"; valid are {', '.join(known)}"
    else:
        name = str(locator.at(path)["type"])
        hint, advice = context.get("suggestion"), ""
        if context.get("package"):
            advice = f"; install it with `pip install {context['package']}`"
    where = (*path, "type")
    yield locator.problem(where, f"Invalid type: {name}{advice}", "unknown-type", hint=hint)


def _missing_type(error: Mapping[str, Any], path: Path, locator: Locator) -> Iterable[Problem]:
    yield locator.problem((*path, "type"), "must not be null", "missing")


_SPECIAL: dict[str, Callable[[Mapping[str, Any], Path, Locator], Iterable[Problem]]] = {
    "missing": _missing,
    "extra_forbidden": _unknown_property,
    "unknown_type": _unknown_type,
    "union_tag_invalid": _unknown_type,
    "union_tag_not_found": _missing_type,
    "missing_type": _missing_type,
}


def _enum_values(context: Mapping[str, Any]) -> list[str]:
    text = str(context["expected"]).replace(" or ", ", ")
    return [value.strip().strip("'") for value in text.split(",")]


def _enum_hint(error: Mapping[str, Any]) -> str | None:
    return nearest(str(error["input"]), _enum_values(error["ctx"]))


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f'String "{value if len(value) <= 60 else value[:57] + "..."}"'
    names = {dict: "a mapping", list: "a list", bool: "a boolean", type(None): "null"}
    return names.get(type(value), f"{value!r}")


def _not_a(what: str) -> Callable[[Mapping[str, Any], Any], str]:
    return lambda _context, value: f"Cannot read {_shown(value)} as {what}"


def _bad_enum(context: Mapping[str, Any], value: Any) -> str:
    accepted = ", ".join(_enum_values(context))
    return f"{_shown(value)}: not one of the values accepted for Enum class: [{accepted}]"


def _bad_boolean(_context: Mapping[str, Any], value: Any) -> str:
    return (
        f"Cannot deserialize value of type `boolean` from {_shown(value)}: "
        'only "true"/"True"/"TRUE" or "false"/"False"/"FALSE" recognized'
    )


def _bad_pattern(context: Mapping[str, Any], _value: Any) -> str:
    return f'must match "{str(context["pattern"]).removesuffix("$")}"'


def _too_short(context: Mapping[str, Any], _value: Any) -> str:
    least = context["min_length"]
    return "must not be empty" if least == 1 else f"must have at least {least} characters"


_WORDS: dict[str, Callable[[Mapping[str, Any], Any], str]] = {
    "enum": _bad_enum,
    "literal_error": _bad_enum,
    "bool_parsing": _bad_boolean,
    "bool_type": _bad_boolean,
    "string_pattern_mismatch": _bad_pattern,
    "too_short": _too_short,
    "string_too_short": _too_short,
    "too_long": lambda context, _: f"size must be between 1 and {context['max_length']}",
    "string_too_long": lambda context, _: f"size must be between 1 and {context['max_length']}",
    "greater_than_equal": lambda context, _: f"must be greater than or equal to {context['ge']}",
    "less_than_equal": lambda context, _: f"must be less than or equal to {context['le']}",
    "greater_than": lambda context, _: f"must be greater than {context['gt']}",
    "less_than": lambda context, _: f"must be less than {context['lt']}",
    "int_parsing": _not_a("a whole number"),
    "int_type": _not_a("a whole number"),
    "int_from_float": _not_a("a whole number"),
    "float_parsing": _not_a("a number"),
    "float_type": _not_a("a number"),
    "string_type": _not_a("text"),
    "list_type": _not_a("a list"),
    "dict_type": _not_a("a mapping"),
    "model_type": _not_a("a mapping"),
    "model_attributes_type": _not_a("a mapping"),
}
