"""Lists that a notebook shows as tables; lists in all other respects."""

from __future__ import annotations

from typing import Any

from tiercel.model.execution import Execution
from tiercel.model.flow import Flow

__all__ = ["ExecutionList", "FlowList"]


class ExecutionList(list[Execution]):
    """Executions, newest first."""

    def _repr_html_(self) -> str:
        from tiercel.model.display import executions_html

        return executions_html(self)

    def _repr_markdown_(self) -> str:
        from tiercel.model.display import executions_markdown

        return executions_markdown(self)

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        from tiercel.model.display import execution_line

        printer.text("\n".join(map(execution_line, self)) or "[]")


class FlowList(list[Flow]):
    """Flows, by namespace and id."""

    def _repr_html_(self) -> str:
        from tiercel.model.display import flows_html

        return flows_html(self)

    def _repr_markdown_(self) -> str:
        from tiercel.model.display import flows_markdown

        return flows_markdown(self)

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        from tiercel.model.display import flow_line

        printer.text("\n".join(map(flow_line, self)) or "[]")
