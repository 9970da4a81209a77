"""A web application that runs flows: an ASGI application without a framework.

    pip install uvicorn
    uvicorn --app-dir examples/embedding web_app:app

    curl -X POST localhost:8000/greet/Ada              begins an execution
    curl localhost:8000/executions/ID                  what became of it
    curl -N localhost:8000/executions/ID/events        its events as they happen

In FastAPI or Starlette the same: the engine is opened in the application's `lifespan`, and awaited
in its handlers. Nothing here blocks the event loop.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from tiercel import AsyncTiercel, Event, LogLine, NotFoundError

FLOW = """
id: greet
namespace: company.web
inputs:
  - {id: name, type: STRING}
tasks:
  - {id: greet, type: io.kestra.plugin.core.log.Log, message: "Hello, {{ inputs.name }}!"}
"""

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class App:
    """The application; its engine lives as long as it does."""

    def __init__(self, tiercel: AsyncTiercel) -> None:
        self.tiercel = tiercel

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer what the server asks."""
        if scope["type"] == "lifespan":
            await self.live(receive, send)
        elif scope["type"] == "http":
            await self.answer(scope["method"], scope["path"], send)

    async def live(self, receive: Receive, send: Send) -> None:
        """Open the engine, go on with what a crash has left, and close it at the end."""
        await receive()
        async with self.tiercel:
            await self.tiercel.recover()
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def answer(self, method: str, path: str, send: Send) -> None:
        """Answer one request."""
        try:
            match method, *path.strip("/").split("/"):
                case "POST", "greet", name:
                    execution_id = await self.tiercel.start(FLOW, {"name": name})
                    await reply(send, 202, {"id": execution_id})
                case "GET", "executions", execution_id:
                    execution = await self.tiercel.execution(execution_id)
                    await reply(send, 200, {"id": execution.id, "state": execution.state})
                case "GET", "executions", execution_id, "events":
                    await self.tiercel.execution(execution_id)
                    await stream(send, self.events(execution_id))
                case _:
                    await reply(send, 404, {"message": f"There is nothing at {path}"})
        except NotFoundError as error:
            await reply(send, 404, {"message": str(error)})

    async def events(self, execution_id: str) -> AsyncIterator[bytes]:
        """Yield an execution's events as a browser's `EventSource` reads them."""
        async with self.tiercel.events(execution_id=execution_id) as events:
            async for event in events:
                yield f"event: {type(event).__name__}\ndata: {json.dumps(told(event))}\n\n".encode()


def told(event: Event) -> dict[str, Any]:
    """Return what a client is told of an event."""
    if isinstance(event, LogLine):
        return {"level": event.entry.level, "message": event.entry.message}
    task_run = getattr(event, "task_run", None)
    return {"task": task_run and task_run.task_id, "state": getattr(event, "state", None)}


async def reply(send: Send, status: int, data: Any) -> None:
    """Send an answer in JSON."""
    kind = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": kind})
    await send({"type": "http.response.body", "body": json.dumps(data).encode()})


async def stream(send: Send, chunks: AsyncIterator[bytes]) -> None:
    """Send an answer bit by bit."""
    kind = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": kind})
    async for chunk in chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


app = App(AsyncTiercel(os.environ.get("TIERCEL_HOME")))
