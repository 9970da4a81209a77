"""The door: a flow's text in, everything that is wrong with it out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

from tiercel._record import record
from tiercel.check.findings import RULES, STRUCTURE, Finding, Severity
from tiercel.check.infer import Inference
from tiercel.check.interfaces import Interface, Interfaces
from tiercel.check.layout import Slot, taken_kinds, takes_text
from tiercel.check.links import Link, default_links, flow_links, takes
from tiercel.check.scope import FlowScope
from tiercel.check.source import Source, Span
from tiercel.check.spots import Spot, spots
from tiercel.check.templates import template_type
from tiercel.check.tree import Tree
from tiercel.check.types import Member, Path, Type, could_be, described
from tiercel.errors import ExpressionError, FlowSyntaxError, Problem
from tiercel.expression.nodes import Template
from tiercel.expression.table import Tables
from tiercel.model import yaml
from tiercel.model.flow import Flow
from tiercel.model.load import examine
from tiercel.model.problems import Locator
from tiercel.plugin.registry import Registry

__all__ = ["Checker", "Document", "Report"]

_PART = re.compile(r"\[(\d+)\]|([^.\[]+)")


@record
class Report:
    """What is wrong with one flow.

    Attributes:
        file: the file's name as the user gave it; empty for a text.
        findings: what is wrong, in the order of the text.
    """

    file: str
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Those that are errors."""
        return tuple(each for each in self.findings if each.is_error)


class Checker:
    """Checks flows against the plugins and the expression language at hand.

    Args:
        registry: the types that plugins bring.
        tables: the filters, functions and tests that expressions may call.
        plugin_defaults: defaults from settings, as flows write them.
    """

    def __init__(
        self,
        registry: Registry,
        tables: Tables,
        plugin_defaults: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.registry = registry
        self.tables = tables
        self.plugin_defaults = plugin_defaults

    def open(self, text: str, file: str = "", known: Interfaces | None = None) -> Document:
        """Return a flow's text for checking it, and for questions about its places."""
        return Document(self, text, file, known or Interfaces())

    def check(self, text: str, file: str = "", known: Interfaces | None = None) -> Report:
        """Return everything that is wrong with a flow's text.

        Args:
            text: the YAML.
            file: the file's name, for messages.
            known: other flows, for what tasks give to them and take from them.
        """
        return Report(file, self.open(text, file, known).findings)


class Document:
    """One flow's text, and what follows from it; each part is worked out when it is asked for.

    Attributes:
        text: the YAML.
        file: the file's name, for messages.
        known: other flows.
        source: where everything stands in the text.
    """

    def __init__(self, checker: Checker, text: str, file: str, known: Interfaces) -> None:
        self.checker = checker
        self.text = text
        self.file = file
        self.known = known
        self.source = Source(text)

    @cached_property
    def data(self) -> Any:
        """The flow's data; None when the text is no YAML."""
        try:
            return yaml.parse(self.text)
        except FlowSyntaxError:
            return None

    @cached_property
    def flow(self) -> FlowScope:
        """What expressions see."""
        return FlowScope(
            self.data, Tree(self.data, self.checker.registry.resolve), self._outputs_of
        )

    def _outputs_of(self, namespace: Any, name: Any) -> Mapping[str, Member] | None:
        found = self.known.find(namespace, name)
        return None if found is None else found.outputs

    @cached_property
    def spots(self) -> dict[tuple[Path, bool], Spot]:
        """The flow's templates, by path and by whether they are keys."""
        if not isinstance(self.data, dict):
            return {}
        return {(spot.path, spot.on_key): spot for spot in spots(self.flow)}

    @cached_property
    def interface(self) -> Interface | None:
        """What the flow shows others."""
        return Interface.of(self.data, self.file)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that is wrong, in the order of the text."""
        found = list(self._structure())
        if isinstance(self.data, dict):
            types: dict[Path, Type] = {}
            for spot in self.spots.values():
                found += _Spotted(self, spot).findings(types)
            links = [*default_links(self.flow), *flow_links(self.flow, self.known, types)]
            found += map(self._linked, links)
        unique = {(each.code, each.line, each.column, each.message): each for each in found}
        return tuple(sorted(unique.values(), key=lambda each: (each.line, each.column)))

    def finding(  # what a finding consists of
        self,
        code: str,
        message: str,
        span: Span,
        path: Path = (),
        *,
        severity: Severity | None = None,
        suggestion: str | None = None,
    ) -> Finding:
        """Make a finding at a place of the text."""
        line, column = self.source.line_column(span.start)
        end_line, end_column = self.source.line_column(span.end)
        return Finding(
            code,
            message,
            severity or RULES[code].severity,
            path,
            self.file,
            line,
            column,
            end_line,
            end_column,
            suggestion,
        )

    def _linked(self, link: Link) -> Finding:
        place = self.source.key if link.on_key else self.source.value
        return self.finding(
            link.code,
            link.message,
            place(link.path),
            link.path,
            severity=link.severity,
            suggestion=link.suggestion,
        )

    # What loading the flow finds

    def _structure(self) -> Iterator[Finding]:
        checker = self.checker
        report = examine(
            self.text,
            resolve=checker.registry.resolve,
            file=self.file,
            plugin_defaults=checker.plugin_defaults,
        )
        for problem in report.problems:
            yield self._problem(problem, None)
        for problem in report.warnings:
            yield self._problem(problem, Severity.WARNING)
        for name in report.deprecations:
            path = tuple(int(index) if index else word for index, word in _PART.findall(name))
            yield self._deprecated(name, path)

    def _problem(self, problem: Problem, severity: Severity | None) -> Finding:
        code = STRUCTURE.get(problem.code, "TC005")
        if problem.line:
            start = self.source.offset(problem.line, problem.column)
            path, span = self.source.starting_at(start)
        else:
            path, span = (), Span(0, 0)
        message = problem.message
        if problem.path and problem.path not in message:
            message = f"{message} ({problem.path})"
        return self.finding(
            code, message, span, path, severity=severity, suggestion=problem.suggestion
        )

    def _deprecated(self, name: str, path: Path) -> Finding:
        written = self.source.scalar((*path, "type"))
        advice = None
        if written is not None:
            cls = self.flow.tree.class_of(written.value, "task")
            advice = getattr(cls, "deprecated", None)
            message = f"The type {written.value!r} is deprecated"
            span = Span(written.start, written.end)
        else:
            message, span = f"The property {path[-1]!r} is deprecated", self.source.key(path)
            advice = self._advice(path)
        message = f"{message}: {advice}" if isinstance(advice, str) else message
        return self.finding("TC009", message, span, path)

    def _advice(self, path: Path) -> str | None:
        """Return what to write instead of a deprecated property."""
        locator = Locator(self.data, None, self.checker.registry.resolve, Flow, "")
        cls = locator.owner(path[:-1])
        fields = cls.model_fields.values() if cls is not None else ()
        found = (field.deprecated for field in fields if field.alias == path[-1])
        return next((each for each in found if isinstance(each, str)), None)


class _Spotted:
    """Checks one template of a document."""

    def __init__(self, document: Document, spot: Spot) -> None:
        self.document = document
        self.spot = spot
        self.found: list[Finding] = []

    def findings(self, types: dict[Path, Type]) -> list[Finding]:
        """Return what is wrong with it, and add the type of its value to `types`."""
        spot = self.spot
        template = parsed(spot.text)
        if isinstance(template, ExpressionError):
            start = Source(spot.text).offset(template.line, template.column)
            self.report("TC100", start, min(start + 1, len(spot.text)), template.reason)
            return self.found
        inference = Inference(spot.scope(), self.document.checker.tables, self.report)
        found = template_type(inference, template)
        if not spot.on_key:
            types[spot.path] = found
        self._check_value(found)
        self._check_secrets(inference)
        return self.found

    def report(
        self,
        code: str,
        start: int,
        end: int,
        message: str,
        *,
        severity: Severity | None = None,
        suggestion: str | None = None,
    ) -> None:
        """Note a finding at offsets of the template."""
        spot = self.spot
        span = self.document.source.span(spot.path, start, end, on_key=spot.on_key)
        self.found.append(
            self.document.finding(
                code, message, span, spot.path, severity=severity, suggestion=suggestion
            )
        )

    def _check_value(self, found: Type) -> None:
        slot, spot = self.spot.slot, self.spot
        if spot.input is not None:
            kind = spot.input.get("type")
            if not could_be(found, takes(kind)):
                message = f"An input of type {kind} refuses {described(found)}"
                self.report("TC306", 0, len(spot.text), message)
        elif slot is not None and not _takes(slot, found):
            message = f"The property {spot.path[-1]!r} does not take {described(found)}"
            self.report("TC305", 0, len(spot.text), message)

    def _check_secrets(self, inference: Inference) -> None:
        task = self.spot.task
        if task is None or task.cls is None or self.spot.property not in task.cls.logged:
            return
        for start, end in inference.secrets:
            self.report(
                "TC501", start, end, "A secret goes to the log, which shows `******` for it"
            )


def _takes(slot: Slot, found: Type) -> bool:
    if not slot.checked or takes_text(slot.target):
        return True
    return could_be(found, taken_kinds(slot.target))


@lru_cache(maxsize=4096)
def parsed(text: str) -> Template | ExpressionError:
    """Return a template's tree, or why it does not parse."""
    from tiercel.expression.parser import parse

    try:
        return parse(text)
    except ExpressionError as error:
        return error
