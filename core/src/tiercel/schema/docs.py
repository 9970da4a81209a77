"""Pages of Markdown about plugin types, made of their classes and nothing else.

One page per type, an index per package and one of all packages. The text is plain Markdown: any
site generator takes it, and a terminal shows it well enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from tiercel._record import record
from tiercel.errors import PluginError
from tiercel.schema.types import TYPE_KINDS, describe
from tiercel.schema.words import code, limits, type_words

if TYPE_CHECKING:
    from tiercel.plugin.registry import Registry

__all__ = ["Pages", "all_pages", "type_page"]


@record
class Pages:
    """What there is to read about the types of all plugins.

    Attributes:
        texts: path relative to the pages' folder, with slashes → Markdown.
        problems: why there is no page for something, one message each.
    """

    texts: Mapping[str, str]
    problems: tuple[str, ...]


@record
class _Scope:
    """Where the definitions are that a schema's references name.

    Attributes:
        definitions: name → schema.
        heading: how the heading of a definition begins; what refers to it links there.
    """

    definitions: Mapping[str, Any]
    heading: str

    def words(self, schema: Mapping[str, Any]) -> str:
        return type_words(schema, self.definitions, self._link)

    def _link(self, name: str) -> str:
        return f"[{name}](#{self.heading.lower().replace(' ', '-')}-{name.lower()})"


def all_pages(registry: Registry) -> Pages:
    """Return a page for every type, `package/type.md`, and an `index.md` for all there is.

    What is broken has no page; `problems` tells why.
    """
    texts: dict[str, str] = {}
    packages: dict[str, dict[str, list[dict[str, Any]]]] = {}
    problems = [
        f"Plugin {each.plugin.package} {each.plugin.version} is broken: {each.error}"
        for each in registry.broken()
    ]
    for kind in TYPE_KINDS:
        for entry in registry.canonical(kind):
            try:
                facts = describe(entry, registry.load(kind, entry.name))
            except PluginError as error:
                problems.append(str(error))
                continue
            texts[f"{facts['package']}/{facts['type']}.md"] = type_page(facts, kind)
            packages.setdefault(facts["package"], {}).setdefault(kind, []).append(facts)
    for package, kinds in packages.items():
        texts[f"{package}/index.md"] = _package_page(package, kinds)
    texts["index.md"] = _index_page(packages)
    return Pages(texts, tuple(problems))


def type_page(facts: Mapping[str, Any], kind: str) -> str:
    """Return the page of one type.

    Args:
        facts: what `schema.types.describe` returns.
        kind: what it is: `task`, `trigger`, ….
    """
    return _joined(_type_page(facts, kind))


def _type_page(facts: Mapping[str, Any], kind: str) -> Iterator[str]:
    schema, outputs = facts["properties"], facts["outputs"] or {}
    yield f"# {_short(facts['type'])}"
    yield f"```yaml\ntype: {facts['type']}\n```"
    yield f"A {kind} of the package `{facts['package']}`, version {facts['version']}."
    if facts["aliases"]:
        yield f"Older names that work as well: {', '.join(map(code, facts['aliases']))}."
    if facts["deprecated"]:
        yield f"> **Deprecated.** {facts['deprecated'].rstrip('.')}."
    yield facts["description"]
    yield from _examples(facts["examples"])
    members = schema["properties"]
    common = {name: each for name, each in members.items() if each.get("$group") == "core"}
    own = {name: each for name, each in members.items() if name not in common}
    # What a type is for is said at the top.
    own["type"] = {key: own["type"][key] for key in own["type"] if key != "description"}
    scope = _Scope(schema.get("$defs", {}), "Type")
    required = schema.get("required", ())
    yield from _section("Properties", own, required, scope)
    yield from _section(f"Properties of every {kind}", common, required, scope)
    scope_of_outputs = _Scope(outputs.get("$defs", {}), "Output type")
    yield from _outputs(outputs, scope_of_outputs)
    yield from _metrics(facts["metrics"])
    yield from _definitions("Types of properties", scope)
    yield from _definitions("Types of outputs", scope_of_outputs)


def _examples(examples: list[dict[str, Any]]) -> Iterator[str]:
    if examples:
        yield "## Examples"
    for each in examples:
        text = dedent(each["code"]).strip("\n")
        longest = max(map(len, re.findall("`+", text)), default=0)
        fence = "`" * max(3, longest + 1)
        yield each["title"].rstrip(".:") + ("" if each["full"] else " (a part of a flow)") + ":"
        yield f"{fence}yaml\n{text}\n{fence}"


def _section(
    title: str, members: Mapping[str, Any], required: list[str], scope: _Scope
) -> Iterator[str]:
    if members:
        yield f"## {title}"
    # Stable: what must be written comes first, the rest as the class has it.
    for name in sorted(members, key=lambda each: each not in required):
        member = members[name]
        yield f"### {code(name)}"
        yield _traits(name, member, required, scope)
        yield member.get("description", "")
        if "default" in member:
            yield f"Default: {code(member['default'])}"


def _outputs(schema: Mapping[str, Any], scope: _Scope) -> Iterator[str]:
    yield "## Outputs"
    # Not `required`: nobody writes outputs.
    yield _list(schema.get("properties", {}), (), scope) or "None."


def _metrics(metrics: list[dict[str, str]]) -> Iterator[str]:
    if metrics:
        yield "## Metrics"
        yield "\n".join(
            _item(f"{code(each['name'])} ({each['kind']})", each["description"]) for each in metrics
        )


def _definitions(title: str, scope: _Scope) -> Iterator[str]:
    # Where a choice of words is all there is to a type, it is said in its place.
    shown = {name: each for name, each in scope.definitions.items() if "enum" not in each}
    if shown:
        yield f"## {title}"
    for name, schema in shown.items():
        yield f"### {scope.heading} {code(name)}"
        yield schema.get("description", "")
        members = schema.get("properties")
        if members is None:
            yield scope.words(schema)
        else:
            yield _list(members, schema.get("required", ()), scope)


def _list(members: Mapping[str, Any], required: Any, scope: _Scope) -> str:
    lines = []
    for name, member in members.items():
        traits = _traits(name, member, required, scope)
        text = member.get("description", "")
        if "default" in member:
            text = f"{text.rstrip('.')}. Default: {code(member['default'])}".removeprefix(". ")
        lines.append(_item(f"{code(name)} ({traits})", text))
    return "\n".join(lines)


def _item(head: str, text: str) -> str:
    return f"- {head}: {' '.join(text.split())}" if text else f"- {head}"


def _traits(name: str, member: Mapping[str, Any], required: Any, scope: _Scope) -> str:
    traits = [scope.words(member), *limits(member)]
    traits += ["required"] if name in required else []
    traits += ["dynamic"] if member.get("$dynamic") else []
    traits += ["**deprecated**"] if member.get("deprecated") else []
    return ", ".join(traits)


def _package_page(package: str, kinds: Mapping[str, list[dict[str, Any]]]) -> str:
    def parts() -> Iterator[str]:
        yield f"# {package}"
        for kind, listed in kinds.items():
            yield f"## {kind.capitalize()}s"
            yield "\n".join(
                _item(f"[{each['type']}]({each['type']}.md)", _short_text(each)) for each in listed
            )

    return _joined(parts())


def _index_page(packages: Mapping[str, Mapping[str, list[dict[str, Any]]]]) -> str:
    def parts() -> Iterator[str]:
        yield "# Plugins"
        yield (
            "Every type that the installed plugins bring. The pages are made from the classes, by "
            "`tiercel plugins docs`. A *dynamic* property may hold an expression in its place."
        )
        for package in sorted(packages):
            yield f"## [{package}]({package}/index.md)"
            yield "\n".join(
                _item(
                    f"[{_short(each['type'])}]({package}/{each['type']}.md) ({kind})",
                    _short_text(each),
                )
                for kind, listed in packages[package].items()
                for each in listed
            )

    return _joined(parts())


def _short(type_name: str) -> str:
    return type_name.rpartition(".")[2]


def _short_text(facts: Mapping[str, Any]) -> str:
    return f"**deprecated**; {facts['title']}" if facts["deprecated"] else str(facts["title"])


def _joined(parts: Iterator[str]) -> str:
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"
