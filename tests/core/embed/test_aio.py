"""`AsyncTiercel`: the loop goes on whatever happens, and so do executions."""

from __future__ import annotations

import asyncio
import inspect
import threading

import pytest

from tiercel import (
    AsyncTiercel,
    ConflictError,
    ExecutionEnded,
    ExecutionStateChanged,
    InputError,
    LogLine,
    NotFoundError,
    State,
    Tiercel,
)
from tiercel.errors import RepositoryError

PATIENCE = 20.0
FOR_THREADS_ONLY = {"close", "run", "start", "wait", "events", "on_change", "follow_logs"}
PARTS = {
    *("driver", "environment", "files", "flows", "hub", "kv", "registry", "repository"),
    *("sealer", "services", "settings", "shown", "starter", "storage", "clock", "warm_up"),
    *("runs_here", "runs_elsewhere", "tenant", "work_off"),
}


def test_it_runs_flows(flows):
    async def main():
        async with AsyncTiercel(environ={}) as tiercel:
            execution = await tiercel.run(flows["hello"], {"name": "Ada"})
            return execution, await tiercel.logs(execution.id)

    execution, lines = asyncio.run(main())
    assert execution.outputs == {"greeting": "Hello, Ada"}
    assert [line.message for line in lines] == ["Hello, Ada"]


def test_an_engine_that_is_not_open_says_so():
    async def main():
        tiercel = AsyncTiercel(environ={})
        for call in (lambda: tiercel.execution("x"), lambda: tiercel.run("x"), tiercel.events):
            with pytest.raises(RepositoryError, match="The engine is not open: use `async with`"):
                await call()
        await tiercel.close()
        assert not hasattr(tiercel, "_repr_html_")

    asyncio.run(main())


def test_a_home_folder_keeps_everything(flows, tmp_path):
    async def main():
        async with AsyncTiercel(tmp_path, environ={}) as tiercel:
            execution_id = await tiercel.start(flows["hello"], {"name": "Ada"})
            await tiercel.wait(execution_id)
        async with AsyncTiercel(tmp_path, environ={}) as tiercel:
            return await tiercel.execution(execution_id)

    assert asyncio.run(main()).state is State.SUCCESS


GROUPS = {
    "tiercel": lambda engine: engine,
    "operations": lambda engine: engine.operations,
    "triggers": lambda engine: engine.triggers,
    "kv": lambda engine: engine.kv("a.b"),
}
OTHERWISE = {
    "tiercel": PARTS | FOR_THREADS_ONLY,
    "operations": {"descendants", "matching"},  # iterators
    "triggers": {"wake", "scheduler", "get"},
    "kv": {"keys"},
}


def methods(thing):
    names = {each for each in dir(thing) if not each.startswith("_")}
    return {each for each in names if callable(getattr(thing, each, None))}


@pytest.mark.parametrize("name", GROUPS)
def test_what_can_be_called_on_the_one_can_be_awaited_on_the_other(arun, tiercel, name):
    async def main(aio):
        return GROUPS[name](aio)

    one, other = GROUPS[name](tiercel), arun(main)
    for each in methods(one) - OTHERWISE[name]:
        assert inspect.signature(getattr(one, each)) == inspect.signature(getattr(other, each))
    assert methods(other) - methods(one) <= {"open"}


def test_what_is_not_there_is_an_attribute_error(arun):
    async def main(aio):
        for thing in (aio, aio.operations, aio.kv("a.b")):
            with pytest.raises(AttributeError, match="nonsense"):
                _ = thing.nonsense
            assert not hasattr(thing, "_repr_html_")

    arun(main)


def test_triggers_values_and_files_are_awaited_too(arun, flows, tmp_path):
    flow = flows["hello"] + (
        "triggers: [{id: daily, type: io.kestra.plugin.core.trigger.Schedule, cron: '0 0 * * *',"
        " inputs: {name: x}}]"
    )
    (tmp_path / "file").write_bytes(b"content")

    async def main(tiercel):
        await tiercel.save_flow(flow)
        daily = await tiercel.triggers.get("company.team", "hello", "daily")
        await daily.disable()
        assert (await daily.state()).disabled
        assert [each.id for each in await tiercel.triggers.list()] == ["daily"]
        await tiercel.kv("a.b").set("key", [1])
        assert await tiercel.kv("a.b").keys() == ["key"]
        with (tmp_path / "file").open("rb") as source:
            uri = await tiercel.files.put("company/file", source)
        return await tiercel.files.read(uri), await tiercel.files.read(uri, 3, 2)

    assert arun(main) == (b"content", b"te")


def test_errors_are_those_of_the_other_engine(arun, flows):
    async def main(tiercel):
        with pytest.raises(InputError):
            await tiercel.run(flows["hello"])
        with pytest.raises(NotFoundError):
            await tiercel.wait("nope")
        execution = await tiercel.run(flows["hello"], {"name": "Ada"})
        with pytest.raises(ConflictError):
            await tiercel.pause(execution.id)

    arun(main)


def test_people_may_pause_and_resume(arun, flows):
    async def main(tiercel):
        execution_id = await tiercel.start(flows["asking"])
        async for event in tiercel.events(execution_id=execution_id):
            if isinstance(event, ExecutionStateChanged) and event.state is State.PAUSED:
                await tiercel.resume(execution_id, {"why": "so"})
        return await tiercel.wait(execution_id)

    execution = arun(main)
    assert execution.runs_of("say")[0].outputs == {"value": "so"}


# Waiting


def test_a_thousand_wait_without_a_thousand_threads(arun, flows):
    async def main(tiercel):
        execution_id = await tiercel.start(flows["gated"])
        before = threading.active_count()
        waiting = [asyncio.create_task(tiercel.wait(execution_id)) for _ in range(1000)]
        await asyncio.sleep(0)
        during = threading.active_count()
        await tiercel.kill(execution_id)
        ended = await asyncio.gather(*waiting)
        return during - before, {execution.state for execution in ended}

    more, states = arun(main)
    assert more <= 8
    assert states == {State.KILLED}


def test_waiting_has_a_limit_and_the_execution_goes_on(arun, flows, gate):
    async def main(tiercel):
        execution_id = await tiercel.start(flows["gated"])
        with pytest.raises(TimeoutError, match=f"Execution {execution_id} still runs after 0.01 s"):
            await tiercel.wait(execution_id, 0.01)
        with pytest.raises(TimeoutError, match="The execution still runs after"):
            await tiercel.run(flows["gated"], timeout=0.01)
        for _ in range(2):
            assert await asyncio.to_thread(gate.entered.acquire, timeout=PATIENCE)
        gate.opened.set()
        return [await tiercel.wait(each.id) for each in await tiercel.executions()]

    assert [execution.state for execution in arun(main)] == [State.SUCCESS] * 2


def test_waiting_for_an_execution_of_another_engine(make, flows, gate, tmp_path):
    one, other = make(tmp_path), make(tmp_path)

    async def main():
        async with AsyncTiercel(tiercel=other) as tiercel:
            execution_id = one.start(flows["gated"])
            waiting = asyncio.create_task(tiercel.wait(execution_id))
            await asyncio.sleep(0.05)
            assert not waiting.done()
            gate.opened.set()
            return await waiting

    assert asyncio.run(main()).state is State.SUCCESS
    assert other.wait(other.executions()[0].id, PATIENCE).state is State.SUCCESS


def test_closing_the_engine_ends_what_waits(make, flows):
    tiercel = make()

    async def main():
        async with AsyncTiercel(tiercel=tiercel) as aio:
            waiting = asyncio.create_task(aio.wait(await aio.start(flows["gated"])))
            await asyncio.sleep(0.01)
            await asyncio.to_thread(tiercel.close)
            return await asyncio.wait_for(waiting, PATIENCE)

    assert not asyncio.run(main()).done


# Cancelling


async def begun(tiercel, flow, gate, **options):
    """Return a task that runs a flow, when that waits at the gate."""
    task = asyncio.create_task(tiercel.run(flow, **options))
    assert await asyncio.to_thread(gate.entered.acquire, timeout=PATIENCE)
    return task


def test_whoever_is_cancelled_leaves_the_execution_alone(arun, flows, gate, tiercel):
    async def main(aio):
        task = await begun(aio, flows["gated"], gate)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        (execution,) = await aio.executions()
        assert not tiercel.driver._roster._waiters
        gate.opened.set()
        return await aio.wait(execution.id)

    assert arun(main).state is State.SUCCESS


@pytest.mark.parametrize("way", ["run", "wait"])
def test_an_execution_may_be_killed_when_whoever_awaits_it_is_cancelled(arun, flows, gate, way):
    async def main(aio):
        if way == "run":
            task = await begun(aio, flows["gated"], gate, kill_on_cancel=True)
        else:
            execution_id = await aio.start(flows["gated"])
            task = asyncio.create_task(aio.wait(execution_id, kill_on_cancel=True))
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        (execution,) = await aio.executions()
        return await aio.wait(execution.id)

    assert arun(main).state is State.KILLED


def test_what_begins_while_one_is_cancelled_may_be_killed(arun, flows):
    async def main(aio):
        events = aio.events()
        task = asyncio.create_task(aio.start(flows["gated"], kill_on_cancel=True))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async for event in events:
            if isinstance(event, ExecutionEnded):
                return event.state

    assert arun(main) is State.KILLED


def test_a_time_limit_is_no_cancelling(arun, flows, gate):
    async def main(aio):
        with pytest.raises(TimeoutError):
            await aio.run(flows["gated"], timeout=0.01, kill_on_cancel=True)
        assert await asyncio.to_thread(gate.entered.acquire, timeout=PATIENCE)
        gate.opened.set()
        (execution,) = await aio.executions()
        return await aio.wait(execution.id)

    assert arun(main).state is State.SUCCESS


# The loop


def test_the_loop_goes_on_while_the_database_keeps_others_waiting(flows, tmp_path):
    async def main():
        async with AsyncTiercel(tmp_path, environ={}) as tiercel:
            with tiercel.tiercel.repository.transaction():
                running = asyncio.create_task(tiercel.run(flows["hello"], {"name": "Ada"}))
                for _ in range(200):  # each turn of a loop that does not stand still
                    await asyncio.sleep(0.001)
                was_done = running.done()
            return was_done, await running

    was_done, execution = asyncio.run(main())
    assert not was_done
    assert execution.state is State.SUCCESS


def test_it_works_in_a_loop_that_runs_already(flows):
    async def cell():
        async with AsyncTiercel(environ={}) as tiercel:
            return await tiercel.run(flows["hello"], {"name": "Ada"})

    async def notebook():
        with Tiercel(environ={}) as tiercel:  # blocks, but works
            tiercel.run(flows["hello"], {"name": "Ada"})
        return await cell()

    assert asyncio.run(notebook()).state is State.SUCCESS


def test_two_loops_may_use_one_engine(tiercel, flows):
    async def main():
        async with AsyncTiercel(tiercel=tiercel) as aio:
            return await aio.run(flows["hello"], {"name": "Ada"})

    states = []
    threads = [
        threading.Thread(target=lambda: states.append(asyncio.run(main()).state)) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert states == [State.SUCCESS] * 2


# Events


def test_events_are_iterated_asynchronously(arun, flows, gate):
    async def main(tiercel):
        execution_id = await tiercel.start(flows["gated"])
        lines, last = [], None
        async with tiercel.events(execution_id=execution_id) as events:
            async for last in events:
                if isinstance(last, LogLine):
                    lines.append(last.entry.message)
                    gate.opened.set()
        return lines, last

    lines, last = arun(main)
    assert lines == ["one", "two", "three"]
    assert isinstance(last, ExecutionEnded)


def test_whoever_is_cancelled_loses_no_event(arun, flows, gate, tiercel):
    async def main(aio):
        gate.opened.set()
        execution = await aio.run(flows["gated"])
        events, told = aio.events(execution_id=execution.id), []
        while True:
            task = asyncio.create_task(events.get())
            await asyncio.sleep(0)
            task.cancel()
            try:
                event = await task
            except asyncio.CancelledError:
                event = await events.get()
            if event is None:
                return told
            told.append(event)

    told = arun(main)
    assert len(told) == len([*tiercel.events(execution_id=told[0].execution.id)])


def test_a_subscription_begins_when_it_is_made(arun, flows):
    async def main(tiercel):
        events = tiercel.events(flow_id="hello")
        await tiercel.run(flows["hello"], {"name": "Ada"})
        return await anext(events)

    assert arun(main).execution.flow_id == "hello"


def test_an_execution_that_is_not_there_is_told(arun):
    async def main(tiercel):
        with pytest.raises(NotFoundError, match="nope"):
            await anext(tiercel.events(execution_id="nope"))

    arun(main)


def test_coroutines_may_be_called_back(arun, flows, caplog):
    told = []

    async def main(tiercel):
        async def listen(event):
            await asyncio.sleep(0)
            told.append(event)
            if len(told) == 2:
                raise ValueError("no")

        execution_id = await tiercel.start(flows["hello"], {"name": "Ada"})
        async with tiercel.on_change(listen, execution_id=execution_id) as callbacks:
            await callbacks.join()

    arun(main)
    assert isinstance(told[-1], ExecutionEnded)
    assert "A callback failed" in caplog.text


def test_log_lines_are_followed(arun, flows):
    async def main(tiercel):
        execution_id = await tiercel.start(flows["hello"], {"name": "Ada"})
        return [line.message async for line in tiercel.follow_logs(execution_id)]

    assert arun(main) == ["Hello, Ada"]
