from __future__ import annotations

import threading
from datetime import UTC, datetime

from tiercel.engine.loop.ticket import Ticket
from tiercel.engine.worker.backlog import Backlog
from tiercel.model.execution import LogEntry


def lines(characters: int) -> list[LogEntry]:
    return [LogEntry("1", datetime(2026, 1, 1, tzinfo=UTC), "INFO", "x" * characters)]


def waiting(backlog: Backlog) -> tuple[threading.Thread, threading.Event]:
    """Start a thread that waits for room; the event tells that it got it."""
    passed = threading.Event()

    def wait() -> None:
        backlog.wait()
        passed.set()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread, passed


def test_nobody_waits_while_there_is_room() -> None:
    backlog = Backlog(limit=1000)
    backlog.add(lines(100))
    backlog.wait()


def test_who_is_too_far_ahead_waits_until_lines_are_written() -> None:
    backlog = Backlog(limit=1000)
    backlog.add(lines(5000))
    thread, passed = waiting(backlog)
    assert not passed.wait(0.05)
    backlog.remove(lines(5000))
    assert passed.wait(20)
    thread.join()


def test_nobody_waits_for_what_is_closed() -> None:
    backlog = Backlog(limit=1000)
    backlog.add(lines(5000))
    thread, passed = waiting(backlog)
    backlog.close()
    assert passed.wait(20)
    thread.join()


def test_a_ticket_keeps_its_first_answer() -> None:
    ticket = Ticket()
    ticket.resolve()
    ticket.resolve(ValueError("later"))
    ticket.wait()


def test_a_wide_character_weighs_what_it_takes() -> None:
    backlog = Backlog(limit=1000)
    backlog.add([LogEntry("1", datetime(2026, 1, 1, tzinfo=UTC), "INFO", "ü" * 250)])
    thread, passed = waiting(backlog)
    assert not passed.wait(0.05)
    backlog.close()
    thread.join()
