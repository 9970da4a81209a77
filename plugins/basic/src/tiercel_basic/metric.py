"""`Publish`: metrics of the flow's own."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tiercel.plugin import (
    Duration,
    Dynamic,
    Example,
    Metric,
    Model,
    Output,
    Property,
    RunContext,
    Task,
    Text,
)

__all__ = ["Publish"]


class _Measurement(Model):
    name: Annotated[Text, Dynamic]
    """The metric's name."""
    description: Annotated[Text, Dynamic] | None = None
    """What it measures."""
    tags: Annotated[dict[str, Text], Dynamic] | None = None
    """What to group it by."""


class CounterMetric(_Measurement):
    """A count of things."""

    type: Literal["counter"]
    """A count of things."""
    value: Annotated[float, Dynamic]
    """How many."""


class GaugeMetric(_Measurement):
    """A level that goes up and down."""

    type: Literal["gauge"]
    """A level that goes up and down."""
    value: Annotated[float, Dynamic]
    """The level now."""


class TimerMetric(_Measurement):
    """A length of time."""

    type: Literal["timer"]
    """A length of time."""
    value: Annotated[Duration, Dynamic]
    """How long, as an ISO-8601 duration."""


AnyMetric = Annotated[CounterMetric | TimerMetric | GaugeMetric, Field(discriminator="type")]
"""A metric of one of the three kinds."""


class Publish(Task[Output]):
    """Report metrics that a flow computed itself."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Count what was loaded and say how long it took",
            """\
id: publish_metrics
namespace: company.team

tasks:
  - id: report
    type: io.kestra.plugin.core.metric.Publish
    metrics:
      - name: rows
        type: counter
        value: 1250
        tags: {table: orders}
      - name: load
        type: timer
        value: PT2.5S
""",
        ),
    )

    metrics_: Property[list[AnyMetric]] | None = Field(default=None, alias="metrics")
    """What to report."""

    def run(self, ctx: RunContext) -> None:
        """Record each metric."""
        for metric in ctx.render(self.metrics_) or ():
            tags = metric.tags or {}
            match metric:
                case TimerMetric():
                    ctx.metric(Metric.timer(metric.name, metric.value, **tags))
                case GaugeMetric():
                    ctx.metric(Metric.gauge(metric.name, metric.value, **tags))
                case CounterMetric():
                    ctx.metric(Metric.counter(metric.name, metric.value, **tags))
