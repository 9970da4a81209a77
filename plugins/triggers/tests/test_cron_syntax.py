"""Which cron expressions are taken, and what they say, as plain lists of numbers."""

from __future__ import annotations

import pytest

from tiercel_triggers.cron_syntax import parse


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("30 2 * * *", "0 30 2 * * *"),
        ("*/15 * * * *", "0 0,15,30,45 * * * *"),
        ("*/1 */1 */1 */1 */1", "0 * * * * *"),
        ("10-20/5 1-3 * * *", "0 10,15,20 1,2,3 * * *"),
        ("5/20 * * * *", "0 5,25,45 * * * *"),
        ("/20 * * * *", "0 0,20,40 * * * *"),
        ("59,0,30-31 * * * *", "0 0,30,31,59 * * * *"),
        ("0 0 1-31 * *", "0 0 0 " + ",".join(map(str, range(1, 32))) + " * *"),
        ("0 0 * jan,Jul mon-wed", "0 0 0 * 1,7 1,2,3"),
        ("0 0 * * FRI-SUN", "0 0 0 * * 0,5,6"),
        ("0 0 * * 5-7", "0 0 0 * * 0,5,6"),
        ("0 0 * * 7", "0 0 0 * * 0"),
        ("0 0 * * 7/2", "0 0 0 * * 0,2,4,6"),
        ("0 0 * * 1/2", "0 0 0 * * 0,1,3,5"),
        ("  0\t0  *  * * ", "0 0 0 * * *"),
    ],
)
def test_fields_become_lists_of_numbers(text, plain):
    assert parse(text) == (plain,)


@pytest.mark.parametrize(
    ("nickname", "plain"),
    [
        ("@yearly", "0 0 0 1 1 *"),
        ("@annually", "0 0 0 1 1 *"),
        ("@monthly", "0 0 0 1 * *"),
        ("@weekly", "0 0 0 * * 0"),
        ("@daily", "0 0 0 * * *"),
        ("@midnight", "0 0 0 * * *"),
        ("@hourly", "0 0 * * * *"),
    ],
)
def test_a_nickname_stands_for_an_expression_with_or_without_seconds(nickname, plain):
    assert parse(nickname) == parse(nickname, with_seconds=True) == (plain,)


def test_seconds_stand_in_front():
    assert parse("15 0 3 * * *", with_seconds=True) == ("15 0 3 * * *",)


def test_expressions_are_joined_whole_or_field_by_field():
    assert parse("0 8 * * * || 30 9 * * 1") == ("0 0 8 * * *", "0 30 9 * * 1")
    assert parse("0|30 8|9 * * *") == ("0 0 8 * * *", "0 30 9 * * *")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Empty expression!"),
        ("   ", "Empty expression!"),
        ("@reboot", "Nickname @reboot not supported!"),
        ("@DAILY", "Cron expression contains 1 parts but we expect one of [5]"),
        ("@every 5m", "Cron expression contains 2 parts but we expect one of [5]"),
        ("*/15 * * * * *", "Cron expression contains 6 parts but we expect one of [5]"),
        ("1, 0 * * *", "Invalid field value! Trailing commas not permitted! '1,'"),
    ],
)
def test_what_is_no_expression_at_all_is_refused(text, reason):
    with pytest.raises(ValueError) as error:
        parse(text)
    assert str(error.value) == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("60 * * * *", "Value 60 not in range [0, 59]"),
        ("0 24 * * *", "Value 24 not in range [0, 23]"),
        ("0 0 0 * *", "Value 0 not in range [1, 31]"),
        ("0 0 * 13 *", "Value 13 not in range [1, 12]"),
        ("0 0 * * 8", "Value 8 not in range [0, 7]"),
        ("0 22-2 * * *", "Invalid range! [22,2]"),
        ("0 0 * * SUN-TUE", "Invalid range! [7,2]"),
        ("*/0 * * * *", "Period 0 not in range [0, 59]"),
        ("0 */24 * * *", "Period 24 not in range [0, 23]"),
        ("*/x * * * *", 'For input string: "X"'),
        ("*/ * * * *", "Missing steps for expression: */"),
        ("5- * * * *", "Missing values for range: 5-"),
        ("1-2-3 * * * *", "Missing values for range: 1-2-3"),
        ("0 0 ? * *", "Invalid expression: ?"),
        ("0 0 * * MON#1", "Invalid expression: MON#1"),
        ("0 0 L * *", "Invalid chars in expression! Expression: L Invalid chars: L"),
        ("0 0 15W * *", "Invalid chars in expression! Expression: 15W Invalid chars: W"),
        ("0 0 1,L * *", "Invalid chars in expression! Expression: 1,L Invalid chars: L"),
        ("0 0 * * MONDAY", "Invalid chars in expression! Expression: MONDAY Invalid chars: MONDAY"),
        ("H 0 * * *", "Invalid chars in expression! Expression: H Invalid chars: H"),
        ("1,,2 0 * * *", "Invalid chars in expression! Expression:  Invalid chars: "),
    ],
)
def test_what_a_field_may_not_say_is_refused_in_kestras_words(text, reason):
    with pytest.raises(ValueError) as error:
        parse(text)
    assert str(error.value) == f"Failed to parse cron expression. {reason}"


def test_a_range_of_negative_numbers_is_none():
    with pytest.raises(ValueError, match="does not describe a range"):
        parse("-5 * * * *")


def test_what_is_written_wrong_is_told_before_what_is_out_of_range():
    with pytest.raises(ValueError, match=r"Invalid expression: \?$"):
        parse("99 0 L * ?")


def test_alternatives_in_place_must_be_as_many_in_each_field():
    with pytest.raises(ValueError, match="as many alternatives"):
        parse("0|30 8|9|10 * * *")
