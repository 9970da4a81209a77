"""`Script` and `Commands` of every language, made from the table in `languages`.

The classes (`PythonScript`, `ShellCommands`, …) are made when they are first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pydantic import create_model

from tiercel.plugin import Example, Property, Text
from tiercel_scripts.base import ExecTask
from tiercel_scripts.languages import LANGUAGES, Language
from tiercel_scripts.process import PROCESS

__all__: list[str] = []

# Languages with more to say than the table has room for; the others are plain.
_CLASSES = {
    "PythonScript": "tiercel_scripts.python:PythonScriptTask",
    "PythonCommands": "tiercel_scripts.python:PythonCommandsTask",
    "JbangScript": "tiercel_scripts.kinds:JbangScriptTask",
}
_PLAIN = {
    "Script": "tiercel_scripts.kinds:ScriptTask",
    "Commands": "tiercel_scripts.kinds:CommandsTask",
}


def __getattr__(name: str) -> Any:
    for language in LANGUAGES:
        for kind, plain in _PLAIN.items():
            if name == language.class_of(kind):
                module, _, base = _CLASSES.get(name, plain).partition(":")
                globals()[name] = cls = _make(language, getattr(import_module(module), base), kind)
                return cls
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _make(language: Language, base: type[ExecTask], kind: str) -> type[ExecTask]:
    if kind == "Script":
        what = f"Run a {language.title} script."
    else:
        what = f"Run commands where {language.title} is installed."
    fields: dict[str, Any] = {
        "container_image": (Property[str], Property.of(language.image)),
        "interpreter": (Property[list[Text]], Property.of(list(language.interpreter))),
    }
    cls = create_model(
        language.class_of(kind), __base__=base, __doc__=what, __module__=__name__, **fields
    )
    cls.language = language
    cls.examples = (_example(language, kind), *base.examples)
    return cls


def _example(language: Language, kind: str) -> Example:
    if kind == "Script":
        body = ["script: |", *(f"  {line}".rstrip() for line in language.sample.split("\n"))]
    else:
        body = ["commands:", '  - echo "Hello"']
    lines = [
        f"id: {language.name}",
        "namespace: company.team",
        "",
        "tasks:",
        "  - id: hello",
        f"    type: {language.type_of(kind)}",
        "    taskRunner:",
        f"      type: {PROCESS}",
        *(f"    {line}".rstrip() for line in body),
    ]
    return Example(f"Print a greeting with {language.title}.", "\n".join(lines) + "\n")
