"""The functions that the engine injects, on services that remember what was asked of them."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest

from tiercel.engine.expressions.functions import engine_functions
from tiercel.errors import EvaluationError, LimitError, NotFoundError, StoredFileNotFoundError
from tiercel.expression.environment import Environment
from tiercel.expression.runtime import Limits
from tiercel.storage import uri as uris

FLOW = {"id": "my-flow", "namespace": "company.team", "tenantId": "main"}
OWN_FILE = "kestra:///company/team/my-flow/executions/e1/tasks/t/r/out.txt"
VARIABLES: dict[str, Any] = {"flow": FLOW, "execution": {"id": "e1"}, "uri": OWN_FILE}


class Services:
    """Plain dictionaries; `asked` and `read` record calls."""

    def __init__(self) -> None:
        self.values = {("company", "parent"): 1, ("company.team", "own"): {"a": [1]}}
        self.files = {OWN_FILE: b"content", "kestra:///company/team/_files/a/b.txt": b""}
        self.asked: list[Any] = []
        self.read: list[str] = []

    def kv_get(self, namespace: str, key: str, *, inherit: bool = True) -> Any:
        self.asked.append((namespace, key, inherit))
        parent = namespace.rpartition(".")[0]
        for owner in [namespace, parent] if inherit else [namespace]:
            if (owner, key) in self.values:
                return self.values[owner, key]
        raise NotFoundError(key)

    def secret(self, namespace: str, key: str) -> str:
        self.asked.append((namespace, key))
        if key != "DB":
            raise NotFoundError(f"Cannot find secret for key '{key}'.")
        return '{"host":"db","port":5432,"opts":{"a":1}}'

    def secret_read(self, value: str) -> None:
        self.read.append(value)

    def open(self, uri: str) -> BytesIO:
        return BytesIO(self.files[uri])

    def size(self, uri: str) -> int:
        if uri not in self.files:
            raise StoredFileNotFoundError(f"No file at {uri!r}")
        return len(self.files[uri])

    def namespace_file_uri(self, namespace: str, path: str) -> str:
        return uris.format_uri(f"{uris.namespace_files(namespace)}/{path.lstrip('/')}")

    def error_logs(self, execution_id: str) -> list[dict[str, Any]]:
        moment = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
        return [{"message": f"failed {execution_id}", "timestamp": moment}]


@pytest.fixture
def services() -> Services:
    return Services()


def render(services: Services | None, template: str, **variables: Any) -> str:
    environment = Environment(limits=Limits(output=1000)).with_functions(engine_functions())
    return environment.render(template, {**VARIABLES, **variables}, services)


def test_a_secret_is_told_to_the_engine_whole_and_in_part(services: Services) -> None:
    assert render(services, "{{ secret('DB', subkey='host') }}") == "db"
    assert services.read == ['{"host":"db","port":5432,"opts":{"a":1}}', "db"]


@pytest.mark.parametrize(("subkey", "text"), [("port", "5432"), ("opts", '{"a":1}')])
def test_a_member_of_a_secret_is_a_text(services: Services, subkey: str, text: str) -> None:
    assert render(services, "{{ secret('DB', subkey=s) }}", s=subkey) == text


def test_a_secret_in_full_is_a_map(services: Services) -> None:
    assert render(services, "{{ secret('DB', full=true).value }}") == services.read[0]


def test_a_secret_of_another_namespace_is_asked_for_there(services: Services) -> None:
    render(services, "{{ secret('DB', 'other.space') }}")
    assert services.asked == [("other.space", "DB")]


def test_a_key_is_inherited_from_parents_unless_a_namespace_is_given(services: Services) -> None:
    assert render(services, "{{ kv('parent') }}{{ kv('own').a[0] }}") == "11"
    assert render(services, "{{ kv('parent', 'company.team', false) ?? 'none' }}") == "none"
    assert services.asked[-1] == ("company.team", "parent", False)


def test_a_stored_moment_is_an_instant(services: Services) -> None:
    services.values["company", "at"] = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert render(services, "{{ kv('at') }}") == "2024-01-02T03:04:05Z"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ read(uri) }}", "content"),
        ("{{ fileSize(uri) }}", "7"),
        ("{{ isFileEmpty('a/b.txt') }}", "true"),
        ("{{ fileExists('nope.txt') }}", "false"),
        ("{{ fileExists('nsfile://company.team/a/b.txt') }}", "true"),
        ("{{ fileURI('/x.txt') }}", "kestra:///company/team/_files/x.txt"),
        ("{{ fileURI('x.txt', namespace='other') }}", "kestra:///other/_files/x.txt"),
    ],
)
def test_files_are_found_by_uri_and_by_path(services: Services, template: str, text: str) -> None:
    assert render(services, template) == text


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ secret('NOPE') }}", "Cannot find secret for key 'NOPE'"),
        ("{{ secret('DB', subkey='nope') }}", "sub-key 'nope' in secret 'DB'"),
        ("{{ secret('DB', subkey='host', full=true) }}", "not both"),
        ("{{ secret(1) }}", "'key' to be a text"),
        ("{{ kv('nope') }}", "key 'nope' does not exist in the namespace 'company.team'"),
        ("{{ kv('bad key') }}", "not valid"),
        ("{{ kv('own', errorOnMissing='no') }}", "'errorOnMissing' to be a boolean"),
        ("{{ read('nope.txt') }}", "No file at"),
        ("{{ read('../x') }}", "could leave its folder"),
        ("{{ read('kestra:///company/team/../../x') }}", "not an execution file"),
        ("{{ read('kestra:///other/_files/x') }}", "not an execution file"),
        ("{{ read('file:///etc/passwd') }}", "no local folder is allowed"),
        ("{{ read('s3://bucket/key') }}", "scheme not supported"),
        ("{{ read('nsfile://a/x', namespace='b') }}", "two namespaces"),
        ("{{ read('x', version=2) }}", "no version 2"),
        ("{{ read(1) }}", "unable to read"),
    ],
)
def test_what_cannot_be_had_is_refused(services: Services, template: str, words: str) -> None:
    with pytest.raises(EvaluationError, match=words):
        render(services, template)


def test_a_file_larger_than_a_result_may_be_is_not_read(services: Services) -> None:
    services.files[OWN_FILE] = b"x" * 2000
    with pytest.raises(LimitError, match="larger than 1000 bytes"):
        render(services, "{{ read(uri) }}")


def test_outside_of_a_flow_the_functions_say_so() -> None:
    with pytest.raises(EvaluationError, match="only where a flow runs"):
        render(None, "{{ secret('X') }}")


def test_error_logs_are_those_of_the_execution(services: Services) -> None:
    template = "{{ errorLogs()[0].message }} {{ errorLogs()[0].timestamp }}"
    assert render(services, template) == "failed e1 2024-01-02T03:04:05Z"


def test_tasks_with_a_state_are_listed_with_their_turn(services: Services) -> None:
    tasks = {
        "t": {"taskId": "t", "state": "FAILED"},
        "each": {"a": {"state": "SUCCESS"}, "b": {"state": "FAILED"}},
    }
    template = "{{ tasksWithState('failed') | jq('.[] | .taskId, .value') }}"
    assert render(services, template, tasks=tasks) == '["t",null,"each","b"]'


def test_current_outputs_follow_the_turns_of_all_loops(services: Services) -> None:
    variables = {
        "outputs": {"inner": {"a": {"x": {"v": 1}}, "b": {"x": {"v": 2}}}},
        "parents": [{"taskrun": {"value": "b"}}, {}],
        "taskrun": {"value": "x"},
    }
    assert render(services, "{{ currentEachOutput(outputs.inner).v }}", **variables) == "2"
    with pytest.raises(EvaluationError, match="inside a loop"):
        render(services, "{{ currentEachOutput(outputs.inner).v }}", outputs=variables["outputs"])
