"""An engine with parts of the program's own: a task type, a filter, secrets, and a clock.

python examples/embedding/own_parts.py
"""

from __future__ import annotations

from collections.abc import Iterable

from tiercel import NotFoundError, Tiercel
from tiercel.plugin import Entry, Output, Property, RunContext, Task
from tiercel.testing import FakeClock

FLOW = """
id: price
namespace: company.shop
tasks:
  - id: quote
    type: com.example.Quote
    article: "{{ 'lamp' | shout }}"
    token: "{{ secret('SHOP_TOKEN') }}"
outputs:
  - {id: price, type: FLOAT, value: "{{ outputs.quote.price }}"}
"""
PRICES = {"LAMP": 19.5}


class QuoteOutput(Output):
    """What it costs."""

    price: float


class Quote(Task[QuoteOutput]):
    """Ask this very program for a price: a task has all of its Python at hand."""

    article: Property[str]
    token: Property[str]

    def run(self, ctx: RunContext) -> QuoteOutput:
        """Look it up."""
        article = ctx.render(self.article)
        ctx.log("INFO", f"Asking for {article} with {ctx.render(self.token)}")
        return QuoteOutput(price=PRICES[article])


class Vault:
    """Secrets from wherever the program has them."""

    def get(self, namespace: str, key: str) -> str:
        """Return a secret of a namespace."""
        if (namespace, key.upper()) != ("company.shop", "SHOP_TOKEN"):
            raise NotFoundError(f"There is no secret {key!r}")
        return "s3cret-t0ken"

    def values(self) -> Iterable[str]:
        """Return what to keep out of logs even before it is read."""
        return ["s3cret-t0ken"]

    def close(self) -> None:
        """Nothing to release."""


def main() -> None:
    """Run the flow."""
    with Tiercel(secrets=Vault(), clock=FakeClock()) as tiercel:
        tiercel.register("task", "com.example.Quote", Quote)
        tiercel.register("filter", "shout", Entry("shout", str.upper))
        execution = tiercel.run(FLOW)
        print(execution.state, execution.outputs, f"{execution.history.started:%Y-%m-%d}")
        print(*(line.message for line in tiercel.logs(execution.id)))


if __name__ == "__main__":
    main()
