"""The features of the language server, each a function from what the editor sends to its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from tiercel.check import query
from tiercel.check.checker import Checker, Document
from tiercel.check.complete import Completion, completions_at
from tiercel.check.findings import Finding
from tiercel.check.rename import is_task_id, rename_edits
from tiercel.check.source import Span
from tiercel.check.tree import Task
from tiercel.lsp.positions import Positions
from tiercel.lsp.workspace import Flows

__all__ = ["FlowServer", "make_server"]

_PAUSE = 0.15
"""Seconds without a change after which a text is checked."""
_TRIGGERS = [".", "|", "'", '"', "{", "[", " ", ":"]
_KINDS = {
    "property": types.CompletionItemKind.Property,
    "type": types.CompletionItemKind.Class,
    "value": types.CompletionItemKind.EnumMember,
    "task": types.CompletionItemKind.Reference,
    "variable": types.CompletionItemKind.Variable,
    "member": types.CompletionItemKind.Field,
    "filter": types.CompletionItemKind.Function,
    "function": types.CompletionItemKind.Function,
    "test": types.CompletionItemKind.Keyword,
}
_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
}


class FlowServer(LanguageServer):
    """A server for the flows of one editor.

    Attributes:
        checker: checks flows.
        flows: what is open, and what is in the folders.
    """

    def __init__(self, checker: Checker) -> None:
        super().__init__("tiercel", version("tiercel-core"))
        self.checker = checker
        self.flows = Flows(checker)
        self._waiting: dict[str, asyncio.TimerHandle] = {}
        self._told: dict[str, list[types.Diagnostic]] = {}

    def opened(self, uri: str) -> tuple[Document, Positions] | None:
        """Return an open document that is a flow, with its positions."""
        document = self.flows.document(_file(uri))
        if document is None:
            return None
        return document, Positions(document.text, self.encoding)

    @property
    def encoding(self) -> str:
        """The unit that positions count characters in."""
        return str(getattr(self.workspace.position_encoding, "value", "utf-16"))

    def take(self, uri: str) -> None:
        """Take in the text that a document has now, and check it soon."""
        self.flows.open(_file(uri), self.workspace.get_text_document(uri).source)
        waiting = self._waiting.pop(uri, None)
        if waiting is not None:
            waiting.cancel()
        loop = asyncio.get_running_loop()
        self._waiting[uri] = loop.call_later(_PAUSE, self.publish_all)

    def publish_all(self) -> None:
        """Tell the editor what is wrong with every open flow: a change of one may concern all."""
        self._waiting.clear()
        for uri, document in self.workspace.text_documents.items():
            found = self.opened(uri)
            diagnostics = list(_diagnostics(*found)) if found is not None else []
            if self._told.get(uri) != diagnostics:
                self._tell(uri, diagnostics, document.version)

    def drop(self, uri: str) -> None:
        """Tell the editor that nothing is wrong with a document that it has closed."""
        self._tell(uri, [])
        del self._told[uri]

    def _tell(
        self, uri: str, diagnostics: list[types.Diagnostic], number: int | None = None
    ) -> None:
        self._told[uri] = diagnostics
        self.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri, diagnostics, number)
        )


def _file(uri: str) -> str:
    return to_fs_path(uri) or uri


def _uri(file: str) -> str:
    return from_fs_path(file) or file


def make_server(checker: Checker) -> FlowServer:
    """Return a server with all its features; `start_io` runs it."""
    server = FlowServer(checker)
    for name, feature, options in _FEATURES:
        server.feature(name, options)(feature)
    return server


# Texts


async def _initialized(ls: FlowServer, _params: types.InitializedParams) -> None:
    folders = [Path(_file(each.uri)) for each in ls.workspace.folders.values()]
    if not folders and ls.workspace.root_path:
        folders = [Path(ls.workspace.root_path)]
    ls.flows.read_folders(folders)


async def _did_open(ls: FlowServer, params: types.DidOpenTextDocumentParams) -> None:
    ls.take(params.text_document.uri)


async def _did_change(ls: FlowServer, params: types.DidChangeTextDocumentParams) -> None:
    ls.take(params.text_document.uri)


async def _did_close(ls: FlowServer, params: types.DidCloseTextDocumentParams) -> None:
    uri = params.text_document.uri
    ls.flows.close(_file(uri))
    ls.drop(uri)


async def _did_change_files(ls: FlowServer, params: types.DidChangeWatchedFilesParams) -> None:
    for change in params.changes:
        ls.flows.read(Path(_file(change.uri)))
    ls.publish_all()


# What is wrong, and what would be right


def _diagnostics(document: Document, positions: Positions) -> Iterator[types.Diagnostic]:
    for finding in document.findings:
        yield types.Diagnostic(
            range=positions.range(_span(document, finding)),
            message=finding.message,
            severity=_SEVERITIES[finding.severity],
            code=finding.code,
            source="tiercel",
            tags=[types.DiagnosticTag.Deprecated] if finding.code == "TC009" else None,
            data={"suggestion": finding.suggestion} if finding.suggestion else None,
        )


def _span(document: Document, finding: Finding) -> Span:
    if not finding.line:
        return Span(0, 0)
    source = document.source
    return Span(
        source.offset(finding.line, finding.column),
        source.offset(finding.end_line, finding.end_column),
    )


def _code_actions(_ls: FlowServer, params: types.CodeActionParams) -> list[types.CodeAction]:
    actions = []
    for diagnostic in params.context.diagnostics:
        data = diagnostic.data
        suggestion = data.get("suggestion") if isinstance(data, dict) else None
        if diagnostic.source != "tiercel" or not suggestion:
            continue
        change = types.TextEdit(diagnostic.range, suggestion)
        actions.append(
            types.CodeAction(
                title=f"Write {suggestion!r}",
                kind=types.CodeActionKind.QuickFix,
                diagnostics=[diagnostic],
                edit=types.WorkspaceEdit(changes={params.text_document.uri: [change]}),
                is_preferred=True,
            )
        )
    return actions


# Completion


def _completion(ls: FlowServer, params: types.CompletionParams) -> list[types.CompletionItem]:
    found = ls.opened(params.text_document.uri)
    if found is None:
        return []
    document, positions = found
    offset = positions.offset(params.position)
    return [_item(document, positions, each) for each in completions_at(document, offset)]


def _item(document: Document, positions: Positions, each: Completion) -> types.CompletionItem:
    written = document.text[each.start : each.end]
    called = each.kind in ("filter", "function", "test")
    return types.CompletionItem(
        label=each.label,
        kind=_KINDS[each.kind],
        detail=each.detail or None,
        documentation=_markdown(each.doc) if each.doc else None,
        tags=[types.CompletionItemTag.Deprecated] if each.deprecated else None,
        # What should not be written any more comes last.
        sort_text=f"~{each.label}" if each.deprecated else None,
        # What is filtered by begins with what is replaced: the dot before a name in brackets.
        filter_text=f".{each.label}" if written.startswith(".") else each.label,
        text_edit=types.TextEdit(
            positions.range(Span(each.start, each.end)), each.insert or each.label
        ),
        data={"kind": each.kind, "name": each.label} if called else None,
    )


def _resolve(ls: FlowServer, item: types.CompletionItem) -> types.CompletionItem:
    """Add what a filter or function does: looking that up imports it."""
    data: Any = item.data
    if isinstance(data, dict) and data.get("kind") in ("filter", "function", "test"):
        tables = ls.checker.tables
        table = getattr(tables, f"{data['kind']}s")
        title, text = query.entry_text(data["kind"], table.get(data["name"]), data["name"])
        item.detail, item.documentation = title, _markdown(text)
    return item


def _markdown(text: str) -> types.MarkupContent:
    return types.MarkupContent(types.MarkupKind.Markdown, text)


# Places


def _hover(ls: FlowServer, params: types.HoverParams) -> types.Hover | None:
    found = ls.opened(params.text_document.uri)
    if found is None:
        return None
    document, positions = found
    answer = query.answer_at(document, positions.offset(params.position))
    if answer is None:
        return None
    text = f"`{answer.title}`" + (f"\n\n{answer.text}" if answer.text else "")
    return types.Hover(_markdown(text), positions.range(answer.span))


def _definition(ls: FlowServer, params: types.DefinitionParams) -> types.Location | None:
    found = ls.opened(params.text_document.uri)
    if found is None:
        return None
    document, positions = found
    place = query.definition_at(document, positions.offset(params.position))
    if place is None:
        return None
    if place.span is None:
        start = types.Position(0, 0)
        return types.Location(_uri(place.file), types.Range(start, start))
    return types.Location(params.text_document.uri, positions.range(place.span))


def _task_at(
    ls: FlowServer, uri: str, position: types.Position
) -> tuple[Document, Positions, Task] | None:
    found = ls.opened(uri)
    if found is None:
        return None
    document, positions = found
    task = query.task_at(document, positions.offset(position))
    return (document, positions, task) if task is not None else None


def _references(ls: FlowServer, params: types.ReferenceParams) -> list[types.Location]:
    uri = params.text_document.uri
    found = _task_at(ls, uri, params.position)
    if found is None:
        return []
    document, positions, task = found
    first = 0 if params.context.include_declaration else 1
    spans = [each.span for each in query.references_to(document, task)[first:]]
    return [types.Location(uri, positions.range(span)) for span in spans]


def _prepare_rename(
    ls: FlowServer, params: types.PrepareRenameParams
) -> types.PrepareRenamePlaceholder | None:
    found = _task_at(ls, params.text_document.uri, params.position)
    if found is None:
        return None
    document, positions, task = found
    offset = positions.offset(params.position)
    for each in query.references_to(document, task):
        if each.span.start <= offset <= each.span.end:
            return types.PrepareRenamePlaceholder(positions.range(each.span), task.id)
    return None


def _rename(ls: FlowServer, params: types.RenameParams) -> types.WorkspaceEdit | None:
    uri, new = params.text_document.uri, params.new_name
    found = _task_at(ls, uri, params.position)
    if found is None:
        return None
    document, positions, task = found
    if not is_task_id(new):
        raise JsonRpcInvalidParams(f"{new!r} is no task's id: letters, digits, '_' and '-'")
    if document.flow.tree.find(new) is not None:
        raise JsonRpcInvalidParams(f"There is a task {new!r} already")
    edits = [
        types.TextEdit(positions.range(each.span), each.text)
        for each in rename_edits(document, task, new)
    ]
    return types.WorkspaceEdit(changes={uri: edits})


def _symbols(ls: FlowServer, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
    found = ls.opened(params.text_document.uri)
    if found is None or not isinstance(found[0].data, dict):
        return []
    document, positions = found
    made: dict[int, types.DocumentSymbol] = {}
    outer = []
    for task in document.flow.tree.tasks:
        if task.made:
            continue
        symbol = _symbol(document, positions, task)
        made[id(task)] = symbol
        around = made.get(id(task.parent)) if task.parent is not None else None
        if around is None:
            outer.append(symbol)
        else:
            around.children = [*(around.children or ()), symbol]
    return outer


def _symbol(document: Document, positions: Positions, task: Task) -> types.DocumentSymbol:
    return types.DocumentSymbol(
        name=task.id or "task",
        kind=types.SymbolKind.Function,
        range=positions.range(document.source.value(task.path)),
        selection_range=positions.range(document.source.value((*task.path, "id"))),
        detail=str(task.data.get("type", "")),
    )


_FEATURES: tuple[tuple[str, Callable[..., Any], Any], ...] = (
    (types.INITIALIZED, _initialized, None),
    (types.TEXT_DOCUMENT_DID_OPEN, _did_open, None),
    (types.TEXT_DOCUMENT_DID_CHANGE, _did_change, None),
    (types.TEXT_DOCUMENT_DID_CLOSE, _did_close, None),
    (types.WORKSPACE_DID_CHANGE_WATCHED_FILES, _did_change_files, None),
    (
        types.TEXT_DOCUMENT_COMPLETION,
        _completion,
        types.CompletionOptions(trigger_characters=_TRIGGERS, resolve_provider=True),
    ),
    (types.COMPLETION_ITEM_RESOLVE, _resolve, None),
    (types.TEXT_DOCUMENT_HOVER, _hover, None),
    (types.TEXT_DOCUMENT_DEFINITION, _definition, None),
    (types.TEXT_DOCUMENT_REFERENCES, _references, None),
    (types.TEXT_DOCUMENT_PREPARE_RENAME, _prepare_rename, None),
    (types.TEXT_DOCUMENT_RENAME, _rename, types.RenameOptions(prepare_provider=True)),
    (types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, _symbols, None),
    (
        types.TEXT_DOCUMENT_CODE_ACTION,
        _code_actions,
        types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix]),
    ),
)
"""Method of the protocol, what answers it, and what the editor is told of it."""
