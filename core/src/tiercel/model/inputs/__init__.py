"""The inputs that a flow declares: a class for each type.

These modules say what may be written; `input_values` says what becomes of the values given for an
execution. Making all the classes takes longer than most runs, so a module is imported when a type
of it is first used. Facts: `conformance/schema/flow.json`, golden areas `flows/inputs`,
`flows/validation`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiercel.model.input_base import InputBase

__all__ = ["INPUT_TYPES", "load_input_type"]

INPUT_TYPES = {
    "ARRAY": "choice:ArrayInput",
    "BOOL": "number:BoolInput",
    "BOOLEAN": "number:BooleanInput",
    "DATE": "moment:DateInput",
    "DATETIME": "moment:DatetimeInput",
    "DURATION": "moment:DurationInput",
    "EMAIL": "text:EmailInput",
    "ENUM": "choice:EnumInput",
    "FILE": "document:FileInput",
    "FLOAT": "number:FloatInput",
    "FORM": "choice:FormInput",
    "INT": "number:IntInput",
    "JSON": "document:JsonInput",
    "MULTISELECT": "choice:MultiselectInput",
    "SECRET": "text:SecretInput",
    "SELECT": "choice:SelectInput",
    "STRING": "text:StringInput",
    "TIME": "moment:TimeInput",
    "URI": "text:UriInput",
    "YAML": "document:YamlInput",
}
"""Type → module and name of its class."""


def load_input_type(name: str) -> type[InputBase]:
    """Return the class of a type (`STRING`).

    Raises:
        KeyError: there is no such type.
    """
    module, _, cls = INPUT_TYPES[name].partition(":")
    found: type[InputBase] = getattr(import_module(f"{__name__}.{module}"), cls)
    return found
