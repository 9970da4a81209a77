"""The engine's own: event logs, the outbox, the inbox, and who runs what."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tiercel.errors import ConflictError
from tiercel.model.execution import History, State
from tiercel.repository.spi import StoredCommand
from tiercel.testing.contracts._expect import raises
from tiercel.testing.contracts._samples import NOW, an_event, an_execution, commands, later, save

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tiercel.model.execution import Execution
    from tiercel.repository.spi import Claim, Repository

__all__ = ["QueueTests"]

_LEASE = timedelta(seconds=30)


def _claim(
    repository: Repository,
    owner: str,
    now: datetime = NOW,
    execution_id: str = "e1",
    dead: str | None = None,
) -> Claim | None:
    with repository.transaction() as unit:
        return unit.claim(execution_id, owner, now, _LEASE, is_dead=lambda each: each == dead)


def _received(repository: Repository, owner: str, limit: int = 100) -> list[tuple[str, str, str]]:
    with repository.transaction() as unit:
        return [(execution, kind, text) for _, execution, kind, text in unit.receive(owner, limit)]


class QueueTests:
    """Events, commands, messages and claims."""

    def test_events_read_back_in_order(self, repository: Repository) -> None:
        payload = '{"text":"naïve \\ud800 日本 \\u0000"}'
        with repository.transaction() as unit:
            unit.append_events([an_event(1), an_event(2, payload=payload)])
            unit.append_events([an_event(3), an_event(1, "e2")])
        assert list(repository.events("e1")) == [
            an_event(1),
            an_event(2, payload=payload),
            an_event(3),
        ]

    def test_an_event_number_is_taken_once(self, repository: Repository) -> None:
        with repository.transaction() as unit:
            unit.append_events([an_event(1), an_event(2)])
        with raises(ConflictError), repository.transaction() as unit:
            unit.append_events([an_event(2, payload='"other"')])
        assert list(repository.events("e1")) == [an_event(1), an_event(2)]

    def test_a_conflict_takes_the_whole_transaction_back(self, repository: Repository) -> None:
        save(repository, an_execution())
        with repository.transaction() as unit:
            unit.append_events([an_event(1)])
        with raises(ConflictError), repository.transaction() as unit:
            unit.save_execution(an_execution(sequence=9))
            unit.append_events([an_event(1)])
        assert repository.execution("e1").sequence == 0

    def test_commands_read_back_oldest_first(self, repository: Repository) -> None:
        due = StoredCommand("e1", "timer", "Wait", '{"ü":1}', later(5))
        with repository.transaction() as unit:
            unit.add_commands([*commands("z", "a"), due])
            unit.add_commands(commands("x", execution_id="e2"))
        with repository.transaction() as unit:
            unit.add_commands(commands("m"))
        assert list(repository.commands("e1")) == [*commands("z", "a"), due, *commands("m")]

    def test_a_command_of_a_known_id_replaces_it(self, repository: Repository) -> None:
        killed = StoredCommand("e1", "a", "Kill", "{}", later(1))
        for batch in (commands("a"), [killed]):
            with repository.transaction() as unit:
                unit.add_commands(batch)
        assert list(repository.commands("e1")) == [killed]

    def test_removed_commands_are_gone_and_unknown_ones_ignored(
        self, repository: Repository
    ) -> None:
        with repository.transaction() as unit:
            unit.add_commands(commands("a", "b", "c"))
            unit.remove_commands("e1", ["b", "unknown", "a"])
            unit.remove_commands("unknown", ["c"])
        assert list(repository.commands("e1")) == commands("c")

    def test_a_free_execution_can_be_claimed(self, repository: Repository) -> None:
        claim = _claim(repository, "me")
        assert claim is not None
        assert (claim.execution_id, claim.owner, claim.until) == ("e1", "me", later(30))
        assert list(repository.claims()) == [claim]

    def test_a_claimed_execution_is_not_given_to_another_owner(
        self, repository: Repository
    ) -> None:
        mine = _claim(repository, "me")
        assert _claim(repository, "other", later(29.999)) is None
        assert list(repository.claims()) == [mine]

    def test_an_expired_claim_goes_to_who_asks_with_a_greater_epoch(
        self, repository: Repository
    ) -> None:
        mine = _claim(repository, "me")
        other = _claim(repository, "other", later(30))
        assert mine is not None
        assert other is not None
        assert other.epoch > mine.epoch
        assert list(repository.claims()) == [other]

    def test_one_takes_a_claim_from_a_dead_owner(self, repository: Repository) -> None:
        mine = _claim(repository, "me")
        other = _claim(repository, "other", dead="me")
        assert mine is not None
        assert other is not None
        assert other.epoch > mine.epoch
        assert _claim(repository, "third", dead="me") is None
        assert list(repository.claims()) == [other]

    def test_claiming_again_renews_and_keeps_the_epoch(self, repository: Repository) -> None:
        first = _claim(repository, "me")
        second = _claim(repository, "me", later(10))
        assert first is not None
        assert second == replace(first, until=later(40))
        assert list(repository.claims()) == [second]

    def test_the_epoch_grows_even_after_a_release(self, repository: Repository) -> None:
        epochs = []
        for owner in ("me", "other", "me"):
            claim = _claim(repository, owner)
            assert claim is not None
            epochs.append(claim.epoch)
            with repository.transaction() as unit:
                unit.release("e1", owner)
        assert epochs == sorted(set(epochs))
        assert list(repository.claims()) == []

    def test_the_epoch_grows_when_an_execution_comes_back(self, repository: Repository) -> None:
        before = _claim(repository, "me")
        with repository.transaction() as unit:
            unit.delete_execution("e1")
        after = _claim(repository, "me")
        assert before is not None
        assert after is not None
        assert after.epoch > before.epoch

    def test_only_the_owner_releases(self, repository: Repository) -> None:
        mine = _claim(repository, "me")
        with repository.transaction() as unit:
            unit.release("e1", "other")
            unit.release("unknown", "me")
        assert list(repository.claims()) == [mine]

    def test_an_owner_renews_all_its_claims_at_once(self, repository: Repository) -> None:
        for execution_id, owner in (("e1", "me"), ("e2", "me"), ("e3", "other")):
            _claim(repository, owner, execution_id=execution_id)
        with repository.transaction() as unit:
            assert unit.renew("me", later(99)) == 2
            assert unit.renew("nobody", later(99)) == 0
        ends = {claim.execution_id: claim.until for claim in repository.claims()}
        assert ends == {"e1": later(99), "e2": later(99), "e3": later(30)}

    def test_a_message_reaches_the_owner_of_the_execution(self, repository: Repository) -> None:
        _claim(repository, "me")
        _claim(repository, "other", execution_id="e2")
        save(repository, an_execution(), an_execution("e2"))
        with repository.transaction() as unit:
            assert unit.send("e1", "Kill", "{}")
            assert unit.send("e2", "Resume", '{"a":"ü"}')
        assert _received(repository, "me") == [("e1", "Kill", "{}")]
        assert _received(repository, "other") == [("e2", "Resume", '{"a":"ü"}')]
        assert _received(repository, "nobody") == []

    def test_a_message_waits_until_somebody_owns_the_execution(
        self, repository: Repository
    ) -> None:
        save(repository, an_execution())
        with repository.transaction() as unit:
            unit.send("e1", "Kill", "{}")
        assert _received(repository, "me") == []
        _claim(repository, "me")
        assert _received(repository, "me") == [("e1", "Kill", "{}")]

    def test_no_message_is_kept_that_nobody_would_read(self, repository: Repository) -> None:
        save(repository, _in(State.SUCCESS, "e1"))
        _claim(repository, "me")
        with repository.transaction() as unit:
            assert not unit.send("e1", "Kill", "{}")
            assert not unit.send("unknown", "Kill", "{}")
            assert list(unit.messages("e1")) == []
        assert _received(repository, "me") == []

    def test_the_last_messages_of_an_execution_are_told_in_order(
        self, repository: Repository
    ) -> None:
        save(repository, an_execution(), an_execution("e2"))
        with repository.transaction() as unit:
            for execution_id, kind in (("e1", "b"), ("e2", "x"), ("e1", "a")):
                unit.send(execution_id, kind, f'{{"ü":"{kind}"}}')
            found = list(unit.messages("e1"))
            unit.acknowledge([message[0] for message in found])
            assert list(unit.messages("e1")) == []
        assert [message[1:] for message in found] == [("b", '{"ü":"b"}'), ("a", '{"ü":"a"}')]

    def test_messages_stay_in_order_until_they_are_acknowledged(
        self, repository: Repository
    ) -> None:
        _claim(repository, "me")
        save(repository, an_execution())
        with repository.transaction() as unit:
            for number in range(5):
                unit.send("e1", str(number), "{}")
        with repository.transaction() as unit:
            first = unit.receive("me", 2)
            unit.acknowledge([message[0] for message in first])
        assert [message[2] for message in first] == ["0", "1"]
        assert [kind for _, kind, _ in _received(repository, "me")] == ["2", "3", "4"]

    def test_a_message_number_is_never_used_again(self, repository: Repository) -> None:
        _claim(repository, "me")
        save(repository, an_execution())
        numbers = []
        for _ in range(3):
            with repository.transaction() as unit:
                unit.send("e1", "Kill", "{}")
                numbers += [message[0] for message in unit.receive("me")]
                unit.acknowledge(numbers)
        assert numbers == sorted(set(numbers))

    def test_a_claim_holds_until_somebody_else_has_the_execution(
        self, repository: Repository
    ) -> None:
        first = _claim(repository, "a")
        assert first is not None
        with repository.transaction() as unit:
            assert unit.holds("e1", first.epoch)
            assert not unit.holds("e2", first.epoch)
        second = _claim(repository, "b", later(60))
        assert second is not None
        with repository.transaction() as unit:
            assert (unit.holds("e1", first.epoch), unit.holds("e1", second.epoch)) == (False, True)

    # Places

    def test_executions_that_run_are_counted_by_flow(self, repository: Repository) -> None:
        states = ["RUNNING", "PAUSED", "RETRYING", "KILLING", "CREATED", "QUEUED", "SUCCESS"]
        for number, state in enumerate(states):
            save(repository, _in(State(state), f"e{number}"))
        save(repository, replace(_in(State.RUNNING, "other"), flow_id="another"))
        assert _slots(repository)[0] == 4

    def test_those_that_wait_in_living_hands_are_told_oldest_first(
        self, repository: Repository
    ) -> None:
        for number in range(4):
            save(repository, _in(State.QUEUED, f"e{number}"))
        for number in (2, 0, 1):
            _claim(repository, "me", execution_id=f"e{number}")
        assert list(_slots(repository)[1]) == ["e0", "e1", "e2"]
        assert list(_slots(repository, most=2)[1]) == ["e0", "e1"]
        assert list(_slots(repository, now=NOW + _LEASE)[1]) == []

    def test_places_are_counted_with_what_the_unit_itself_wrote(
        self, repository: Repository
    ) -> None:
        with repository.transaction() as unit:
            unit.save_execution(_in(State.RUNNING, "e1"))
            assert unit.slots("main", "company.team", "flow", now=NOW, most=1) == (1, [])


def _slots(
    repository: Repository, now: datetime = NOW, most: int = 100
) -> tuple[int, Sequence[str]]:
    with repository.transaction() as unit:
        return unit.slots("main", "company.team", "flow", now=now, most=most)


def _in(state: State, execution_id: str) -> Execution:
    done = state.is_terminal
    return an_execution(execution_id, history=History.begin(state, NOW), done=done)
