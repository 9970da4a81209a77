"""What is made of a secret is as secret as it was: in logs, errors, metrics and what is shown."""

from __future__ import annotations

import pytest

from tiercel import Tiercel
from tiercel.engine.services.masking import MASK, Masker

ENVIRONMENT = {
    "TIERCEL_SECRET_KEY": "s3cr3t-Passw0rd",
    "TIERCEL_SECRET_JSON": '{"user": "scott-the-admin", "password": "tiger-tiger"}',
}
LOG = "io.kestra.plugin.core.log.Log"


def logged(message: str, inputs: str = "[]", **given: str) -> str:
    """Run a flow that logs one message and return the line."""
    source = f"""
id: f
namespace: company.team
inputs: {inputs}
variables: {{lazy: "{{{{ secret('KEY') }}}}"}}
tasks:
  - id: log
    type: {LOG}
    message: |-
      {message}
"""
    with Tiercel(environ=ENVIRONMENT) as tiercel:
        execution = tiercel.run(source, given, timeout=20)
        return tiercel.logs(execution.id)[-1].message


@pytest.mark.parametrize(
    "expression",
    [
        "secret('KEY')",
        "secret('KEY') | upper",
        "secret('KEY') | md5",
        "secret('KEY') | sha256 | upper",
        "('Bearer ' ~ secret('KEY')) | sha256",
        "secret('KEY') | substringAfter('-')",
        "secret('KEY') | replace({'s': 'z'})",
        "(secret('KEY') | split('-'))[1]",
        "secret('KEY') | slugify",
        "secret('JSON') | jq('.password') | first",
        "fromJson(secret('JSON')).password",
        "json(secret('JSON')).password",
        "render(vars.lazy) | md5",
        "renderOnce(vars.lazy) | sha512",
    ],
)
def test_it_is_masked_in_logs_after_filters_and_decoding(expression: str) -> None:
    assert logged(f"<{{{{ {expression} }}}}>") == f"<{MASK}>"


def test_it_is_masked_in_a_filter_tag() -> None:
    assert logged("{% filter md5 %}{{ secret('KEY') }}{% endfilter %}") == MASK


def test_a_secret_input_is_masked_after_filters_too() -> None:
    inputs = "[{id: token, type: SECRET}]"
    assert logged("{{ inputs.token | md5 }}", inputs, token="open sesame") == MASK


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("{{ secret('KEY') | length }}", "15"),
        ("{{ secret('KEY') is empty }}", "false"),
        ("{{ secret('KEY') == 'x' ? 'equal-values' : 'other-values' }}", "other-values"),
        ("{{ flow.id | upper }} {{ 'literal' | upper }}", "F LITERAL"),
        ("{{ secret('KEY') | length }} {{ flow.namespace | upper }}", "15 COMPANY.TEAM"),
    ],
)
def test_what_tells_nothing_of_a_secret_is_shown(message: str, shown: str) -> None:
    assert logged(message) == shown


def test_it_is_masked_in_errors_and_metrics() -> None:
    source = """
id: f
namespace: company.team
tasks:
  - id: measure
    type: io.kestra.plugin.core.metric.Publish
    metrics:
      - name: "m.{{ secret('KEY') | md5 }}"
        type: counter
        value: 1
        tags: {t: "{{ secret('KEY') }}"}
  - id: fail
    type: io.kestra.plugin.core.execution.Fail
    errorMessage: "{{ secret('KEY') | sha256 }}"
"""
    with Tiercel(environ=ENVIRONMENT) as tiercel:
        execution = tiercel.run(source, timeout=20)
        (metric,) = tiercel.repository.metrics(execution.id)
        errors = [run.error for run in execution.task_runs.values() if run.error]
    assert (metric.name, metric.tags) == (f"m.{MASK}", (("t", MASK),))
    assert errors == [MASK]


def test_texts_that_were_made_are_forgotten_when_there_are_very_many() -> None:
    masker = Masker()
    masker.add("a long secret")
    for number in range(1500):
        masker.derive("a long secret", f"made-{number:06}-of-it")
    assert masker.mask("made-001499-of-it") == MASK
    assert masker.mask("made-000001-of-it") == "made-000001-of-it"
    assert masker.mask("a long secret") == MASK


def test_what_is_made_of_other_values_is_no_secret() -> None:
    masker = Masker()
    masker.add("a long secret")
    assert masker.derive("innocent", ["text of some length"]) == ["text of some length"]
    assert masker.mask("text of some length") == "text of some length"
    masker.derive({"deep": ["a long secret"]}, {"x": ["text of some length"]})
    assert masker.mask("text of some length") == MASK
