"""What a task says about the assets that it reads and writes; accepted, and kept with the flow.

Kestra's editions make a catalogue of them; there is none here. Facts: `conformance/schema`.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from tiercel.model.base import Dynamic, Flag, Model, Templated, Text, scalar_text

__all__ = ["Asset", "AssetRef", "AssetsDeclaration"]

AssetId = Annotated[
    str,
    StringConstraints(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._:-]*$", min_length=1, max_length=150),
    BeforeValidator(scalar_text),
]
"""An asset's id."""
AssetNamespace = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*$", min_length=1, max_length=150),
    BeforeValidator(scalar_text),
]
"""An asset's namespace."""


_EXTERNAL = "io.kestra.core.models.assets.External"


class AssetRef(Model):
    """An asset that exists."""

    id: Text | None = None
    """Its id."""
    type: Text | None = None
    """What it is."""


class Asset(Model):
    """An asset that a task makes."""

    id: AssetId
    """Its id, unique in the catalogue."""
    type: Annotated[Text, WithJsonSchema({"type": "string", "const": _EXTERNAL})]
    """What it is; any type is accepted, though Kestra's open edition knows but one."""
    namespace: AssetNamespace | None = None
    """The namespace it belongs to."""
    display_name: Text | None = None
    """What people call it."""
    description: Text | None = None
    """For people; Markdown."""
    metadata: dict[str, Any] = Field(default_factory=dict)
    """Whatever else there is to say of it."""


class AssetsDeclaration(Model):
    """The assets of a task or trigger."""

    enable_auto: Annotated[Flag | Templated, Dynamic] | None = None
    """Whether the plugin may tell more of them itself."""
    inputs: Annotated[list[AssetRef] | Templated, Dynamic] | None = None
    """What is read."""
    outputs: Annotated[list[Asset] | Templated, Dynamic] | None = None
    """What is written."""
