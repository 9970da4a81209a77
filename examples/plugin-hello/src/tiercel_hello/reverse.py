"""The task `Reverse`."""

from tiercel.plugin import Output, Property, RunContext, Task


class ReverseOutput(Output):
    """What `Reverse` gives to later tasks."""

    value: str
    """The text, back to front."""


class Reverse(Task[ReverseOutput]):
    """Reverse a text."""

    text: Property[str]
    """What is reversed; may be an expression."""

    def run(self, ctx: RunContext) -> ReverseOutput:
        """Reverse the text."""
        return ReverseOutput(value=ctx.render(self.text)[::-1])
