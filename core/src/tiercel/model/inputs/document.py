"""Inputs whose values are documents or files."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from tiercel.model.base import Text
from tiercel.model.input_base import InputBase

__all__ = ["FileInput", "JsonInput", "YamlInput"]


class JsonInput(InputBase):
    """Any JSON value."""

    type: Literal["JSON"]


class YamlInput(InputBase):
    """Any YAML value."""

    type: Literal["YAML"]


class FileInput(InputBase):
    """A file, kept in internal storage."""

    type: Literal["FILE"]
    value_schema: ClassVar[dict[str, Any]] = {"type": "string", "format": "uri"}
    extension: Text | None = Field(default=None, deprecated="write `allowedFileExtensions`")
    """The older way to say what the stored file's name ends in."""
    allowed_file_extensions: list[Text] | None = None
    """Which endings (`.csv`) a file's name may have; any when not given."""

    @model_validator(mode="after")
    def _default_is_local(self) -> Self:
        default = self.defaults
        if isinstance(default, str) and not default.startswith(("file:", "nsfile:", "{{")):
            raise ValueError(
                "inputs of type 'FILE' only support `defaults` as local files using a file URI "
                "or as namespace files using a nsfile URI"
            )
        return self
