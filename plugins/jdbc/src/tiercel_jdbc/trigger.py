"""What the triggers of all databases share."""

from __future__ import annotations

from typing import ClassVar

from tiercel.plugin import Output, Property, RunContext, TaskError
from tiercel_jdbc.query import Connecting, FetchType, ResultOutput, SingleQuery

__all__ = ["QueryTriggerProperties"]


class QueryTriggerProperties(SingleQuery):
    """A query that is asked again and again; rows start an execution that sees them.

    `afterSQL` can mark the rows, so that they are not found again.
    """

    output_type: ClassVar[type[Output] | None] = ResultOutput

    fetch_type: Property[FetchType] = Property.of(FetchType.FETCH)
    """FETCH all rows as `trigger.rows`, FETCH_ONE as `trigger.row`, or STORE them as an ION file,
    `trigger.uri`."""

    def _found(self, ctx: RunContext, session: Connecting) -> ResultOutput | None:
        """Ask once; return what an execution shall see, None when there are no rows.

        Raises:
            TaskError: the database refused the query.
        """
        result = self._run_one(ctx, session)
        ctx.log("DEBUG", f"Found {result.size or 0} rows")
        return result if result.size else None

    def _fetch_type(self, ctx: RunContext) -> FetchType:
        fetch_type = super()._fetch_type(ctx)
        if fetch_type is FetchType.NONE:
            raise TaskError(
                "fetchType NONE is not valid for triggers — the trigger would never fire. "
                "Use FETCH, FETCH_ONE, or STORE.",
                retryable=False,
            )
        return fetch_type
