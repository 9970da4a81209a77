from __future__ import annotations

import pytest

from tiercel import errors
from tiercel.cli.exits import Missing, Unreachable, report

CODES = [
    (errors.FlowError([errors.Problem("no")]), 3),
    (errors.FlowSyntaxError([errors.Problem("no")]), 3),
    (errors.InputError("no"), 2),
    (errors.ExpressionSyntaxError("no"), 2),
    (errors.StorageUriError("no"), 2),
    (errors.UnknownTypeError("no"), 4),
    (errors.NotFoundError("no"), 4),
    (errors.StoredFileNotFoundError("no"), 4),
    (FileNotFoundError(2, "No such file", "x"), 4),
    (errors.RepositoryError("no"), 6),
    (errors.SchemaVersionError("no"), 6),
    (errors.ConflictError("no"), 1),
    (errors.PluginError("no"), 1),
    (errors.StorageError("no"), 1),
    (PermissionError(13, "Permission denied", "x"), 1),
    (TimeoutError("no"), 124),
]


@pytest.mark.parametrize(("error", "code"), CODES, ids=lambda each: type(each).__name__)
def test_the_code_tells_the_kind(error: Exception, code: int) -> None:
    assert report(error) == code


def test_an_error_is_told_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    report(errors.NotFoundError("There is no execution 'x\x1b[2J'"))
    assert capsys.readouterr() == ("", "Error: There is no execution 'x'\n")


def test_problems_of_a_flow_are_told_as_editors_read_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    problem = errors.Problem("must not be null", "t.message", "flow.yaml", 4, 5)
    report(errors.FlowError([problem]))
    assert capsys.readouterr().err == "flow.yaml:4:5: must not be null (t.message)\n"


def test_an_error_of_the_system_is_told_without_its_number(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report(PermissionError(13, "Permission denied", "/srv/x"))
    assert capsys.readouterr().err == "Error: Permission denied: '/srv/x'\n"


@pytest.mark.parametrize("error", [errors.EngineBug("ours"), ZeroDivisionError()])
def test_what_is_our_fault_keeps_its_traceback(error: Exception) -> None:
    with pytest.raises(type(error)):
        report(error)


def test_debugging_shows_the_traceback_of_any_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERCEL_DEBUG", "1")
    with pytest.raises(errors.InputError):
        report(errors.InputError("no"))


def test_errors_of_the_command_line_have_their_kind() -> None:
    assert (Missing("x").exit_code, Unreachable("x").exit_code) == (4, 6)
