"""What stands in a `*.test.yaml` file: the shape of Kestra's unit tests, and a few fixtures more.

What Kestra has: `testCases` with `fixtures` (`inputs`, `files`, `tasks`, `trigger`) and
`assertions` (a `value` and operators). Ours beside: `flow`, `flows`; the fixtures `labels`,
`secrets`, `kv`, `namespaceFiles`, `clock`, `resumes`, `crash`; `error` of a mocked task, `date` of
a trigger; `matches` among the operators.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AliasChoices,
    AwareDatetime,
    BeforeValidator,
    Field,
    ValidationError,
    model_validator,
)

from tiercel.errors import FlowError, UnknownTypeError
from tiercel.model import yaml
from tiercel.model.base import Flag, Model, Text
from tiercel.model.duration import Duration
from tiercel.model.problems import Locator, problems_of
from tiercel.model.task import Id
from tiercel.testing.flow_tests.crashes import CrashPoint
from tiercel.testing.flow_tests.mocks import EndState

__all__ = [
    "OPERATORS",
    "Assertion",
    "Case",
    "CrashFixture",
    "Fixtures",
    "ResumeFixture",
    "Suite",
    "TaskFixture",
    "TriggerFixture",
    "read_suite",
]


def _moment(value: Any) -> Any:
    """Read a date without a zone as one in UTC."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]


class TaskFixture(Model):
    """An answer of a task that is not to run. Several for one id answer one after the other."""

    id: Id
    """The task."""
    description: Text | None = None
    """For people."""
    value: Text | None = None
    """Answers only in rounds of a loop with this value."""
    outputs: dict[str, Any] | None = None
    """What later tasks see; texts may hold expressions."""
    state: EndState = "SUCCESS"
    """How it ends."""
    error: Text | None = None
    """Why it fails; it does so if this is given."""
    assets: Any = None
    """Accepted for compatibility; there is no catalogue of assets."""


class TriggerFixture(Model):
    """The trigger that starts the execution."""

    id: Id
    """One of the flow's triggers."""
    type: Text | None = None
    """Accepted for compatibility; the flow tells."""
    variables: dict[str, Any] = Field(default_factory=dict)
    """What expressions see as `trigger`."""
    date: Moment | None = None
    """The date that a schedule fires for; the clock's at the beginning by default."""


class ResumeFixture(Model):
    """Somebody who resumes a paused task."""

    task: Id
    """The task that paused."""
    inputs: dict[str, Any] = Field(default_factory=dict)
    """Values for its `onResume`."""
    after: Duration = timedelta()
    """How long after the pause began."""
    state: Literal["SUCCESS", "WARNING", "FAILED", "CANCELLED", "KILLED"] | None = None
    """What the task ends in, instead of SUCCESS."""


class CrashFixture(Model):
    """A moment at which the engine dies, and another one goes on."""

    at: CrashPoint
    """Just before or after a commit, or a task's attempt."""
    number: Annotated[int, Field(ge=1)] = 1
    """The how-manieth time."""


class Fixtures(Model):
    """What the flow finds, and who answers in the place of its tasks."""

    inputs: dict[str, Any] = Field(default_factory=dict)
    """Values by input id; texts may hold `{{ files.name }}`."""
    files: dict[str, Text] = Field(default_factory=dict)
    """Content by name; `{{ files['name'] }}` is the URI."""
    tasks: list[TaskFixture] = Field(default_factory=list)
    """Tasks that are not to run."""
    trigger: TriggerFixture | None = None
    """What starts the execution; a person by default."""
    labels: dict[str, Text] = Field(default_factory=dict)
    """Labels of the execution."""
    secrets: dict[str, Text] = Field(default_factory=dict)
    """Secrets by name; there are no others."""
    kv: dict[str, Any] = Field(default_factory=dict)
    """Key-value pairs of the namespace."""
    namespace_files: dict[str, Text] = Field(default_factory=dict)
    """Content of the namespace's files by path."""
    clock: Moment | None = None
    """What the clock shows at the beginning."""
    resumes: list[ResumeFixture] = Field(default_factory=list)
    """Who resumes paused tasks."""
    crash: list[CrashFixture] = Field(default_factory=list)
    """When the engine dies."""

    @model_validator(mode="before")
    @classmethod
    def _one_crash(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("crash"), dict):
            return {**data, "crash": [data["crash"]]}
        return data


def _operator(name: str, *others: str) -> Any:
    """Return a field that may be written under several names."""
    return Field(default=None, alias=name, validation_alias=AliasChoices(name, *others))


class Assertion(Model):
    """Something that must hold at the end; all operators that are given must."""

    value: Any
    """An expression, evaluated at the end."""
    task_id: Id | None = None
    """See what this task saw."""
    description: Text | None = None
    """For people."""
    error_message: Text | None = None
    """What to tell when it does not hold."""
    is_null: Flag | None = None
    is_not_null: Flag | None = None
    equal_to: Any = _operator("equalTo", "equalsTo")
    not_equal_to: Any = _operator("notEqualTo", "notEqualsTo")
    contains: Any = None
    starts_with: Any = None
    ends_with: Any = None
    matches: Any = None
    in_: Any = _operator("in")
    not_in: Any = _operator("notIn")
    greater_than: Any = None
    greater_than_or_equal_to: Any = None
    less_than: Any = None
    less_than_or_equal_to: Any = None

    @model_validator(mode="after")
    def _asserts_something(self) -> Self:
        if not any(getattr(self, name) is not None for name in OPERATORS):
            known = ", ".join(OPERATORS.values())
            raise ValueError(f"An assertion needs an operator, one of {known}")
        return self


OPERATORS = {
    "is_null": "isNull",
    "is_not_null": "isNotNull",
    "equal_to": "equalTo",
    "not_equal_to": "notEqualTo",
    "contains": "contains",
    "starts_with": "startsWith",
    "ends_with": "endsWith",
    "matches": "matches",
    "in_": "in",
    "not_in": "notIn",
    "greater_than": "greaterThan",
    "greater_than_or_equal_to": "greaterThanOrEqualTo",
    "less_than": "lessThan",
    "less_than_or_equal_to": "lessThanOrEqualTo",
}
"""Fields of `Assertion` → how they are written."""


class Case(Model):
    """One run of the flow, and what must come of it."""

    id: Id
    """Unique in the suite."""
    type: Literal["io.kestra.core.tests.flow.UnitTest"] | None = None
    """Accepted for compatibility: there is but one type."""
    description: Text | None = None
    """For people."""
    disabled: Flag = False
    """Leave it out."""
    fixtures: Fixtures = Fixtures()
    """What the flow finds."""
    assertions: Annotated[list[Assertion], Field(min_length=1)]
    """What must hold at the end."""


class Suite(Model):
    """The tests of one flow."""

    id: Id
    """The suite's name."""
    namespace: Text
    """The flow's namespace."""
    flow_id: Text
    """The flow."""
    description: Text | None = None
    """For people."""
    disabled: Flag = False
    """Leave all of them out."""
    flow: Text | None = None
    """The flow's file, seen from the suite's; by default it is looked for by namespace and id."""
    flows: list[Text] = Field(default_factory=list)
    """Further files and folders with flows; the suite's own folder is searched in any case."""
    test_cases: Annotated[list[Case], Field(min_length=1)]
    """The tests."""

    @model_validator(mode="after")
    def _unique_cases(self) -> Self:
        ids = [case.id for case in self.test_cases]
        for each in ids:
            if ids.count(each) > 1:
                raise ValueError(f"Two test cases have the id {each!r}")
        return self


def read_suite(text: str, file: str = "") -> tuple[Suite, dict[str, int]]:
    """Return a suite, and on which line each of its cases begins, by id.

    Args:
        text: the YAML.
        file: the file's name, for messages.

    Raises:
        FlowError: something is wrong with it; lists all of it, with places.
    """
    data = yaml.parse(text, file=file)
    places = yaml.Places(text)
    locator = Locator(data, places, _no_types, Suite, file)
    if not isinstance(data, dict):
        raise FlowError([locator.problem((), "A test suite is a mapping of properties", "suite")])
    try:
        suite = Suite.model_validate(data)
    except ValidationError as error:
        raise FlowError(problems_of(error.errors(include_url=False), locator)) from error
    lines = [places.value(("testCases", index))[0] for index in range(len(suite.test_cases))]
    return suite, {case.id: line for case, line in zip(suite.test_cases, lines, strict=True)}


def _no_types(name: str, _kind: str) -> Any:
    raise UnknownTypeError(name)
