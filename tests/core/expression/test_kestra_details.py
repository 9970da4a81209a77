"""Details in which Kestra differs from what one would expect, seen in Kestra 1.3.31 itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tiercel.errors import EvaluationError, UndefinedError
from tiercel.expression import temporal
from tiercel.expression.values import Array, Character, Float32, Long, Uri, ValueSet

_MOMENT = datetime(2024, 3, 5, 7, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("source", "variables", "shown"),
    [
        ("{{ x + x }}", {"x": 2147483647}, "-2"),
        ("{{ x + 1 }}", {"x": 2147483647}, "2147483648"),
        ("{{ 9007199254740993 == 9007199254740992 }}", {}, "true"),
        ("{{ ' 1.5 ' + 0 }}{{ ' 1.5 ' * 2 }}", {}, " 1.5 03.0"),
        ("{{ '1.5d' * 2 }}", {}, "3.0"),
        ("{{ x % 0.0000001 }}", {"x": Decimal("12.50")}, "0.00"),
        ("{{ x % y }}", {"x": 1.5e21, "y": Decimal("12.5")}, "0"),
        (
            "{{ x + y }}",
            {"x": Decimal("1e-7"), "y": 1e30},
            "1000000000000000000000000000000.00000010",
        ),
        ("{{ [1, 2, 1, 1] - 1 }}", {}, "[2,1,1]"),
        ("{{ [1, 2, 1] - [1] }}", {}, "[2]"),
        ("{{ [1] + x }}", {"x": Array(["a"])}, '[1,["a"]]'),
        ("{{ ('a'..'c') contains 'b' }}", {}, "false"),
        ("{{ range(1, 5, 2.9) }}", {}, "[1,3,5]"),
    ],
)
def test_numbers_have_javas_widths(
    render: Callable[..., str], source: str, variables: dict[str, Any], shown: str
) -> None:
    assert render(source, **variables) == shown


@pytest.mark.parametrize(
    ("source", "variables"),
    [
        ("{{ -x }}", {"x": None}),
        ("{{ '1 ' * 2 }}", {}),
        ("{{ x * 2 }}", {"x": Character("4")}),
        ("{{ x + 1 }}", {"x": Array([1])}),
        ("{{ 'a' isIn ['a', null] }}", {}),
        ("{{ x contains 'a' }}", {"x": Uri("kestra:///a")}),
        ("{% if x %}{% endif %}", {"x": Uri("kestra:///a")}),
        ("{{ x is even }}", {"x": 2**70}),
        ("{{ [1] | join(2) }}", {}),
        ("{{ x | slice(1, 1) }}", {"x": "abc"}),
        ("{{ x | first }}", {"x": Uri("kestra:///a")}),
        ("{{ x | trim }}", {"x": Uri("kestra:///a")}),
        ("{{ [1] | merge(x) }}", {"x": ValueSet([1])}),
        ("{{ 'a' | indent(x) }}", {"x": 2}),
        ("{{ 'abcdef' | abbreviate(x) }}", {"x": 4}),
        ("{{ 'a' | replace({'a': 'b'}, 'yes') }}", {}),
        ("{{ {null: 1} }}", {}),
        ("{{ x[0] }}", {"x": {}}),
    ],
)
def test_a_value_of_another_java_class_is_refused(
    render: Callable[..., str], source: str, variables: dict[str, Any]
) -> None:
    with pytest.raises(EvaluationError):
        render(source, **variables)


@pytest.mark.parametrize(
    ("source", "variables", "shown"),
    [
        ("{{ '  x y' | capitalize }}", {}, "  X y"),
        ("{{ 'a\u00a0b c' | title }}", {}, "A\u00a0b C"),
        ("{{ 'b,a' | split(',') | sort }}", {}, '["a","b"]'),
        (
            "{{ x | sort }}",
            {"x": [date(2024, 3, 5), date(2023, 1, 1)]},
            '["2023-01-01","2024-03-05"]',
        ),
        ("{{ [3, 1, 2] | chunk(2.9) }}", {}, "[[3,1],[2]]"),
        ("{{ 'abcdef' | slice(1.9, 3.2) }}", {}, "bc"),
        ("{{ null | startsWith(null) }}{{ null | jq }}{{ null | chunk }}", {}, "false"),
        ("{{ '' | indent }}{{ [] | replace({'a': null}) }}", {}, "[]"),
        ("{{ {} | escapeChar('no such style') }}", {}, "{}"),
        ("{{ 'a' | replace({'x': '$1'}, true) }}", {}, "a"),
        ("{{ x | indent(1) }}", {"x": "a\rb"}, "a\r b"),
        ("{{ x | nindent(1, '-') }}", {"x": "a\r\nb"}, "\r\n-a\r\n-b"),
        ("{{ x | nl2br }}", {"x": "a\rb\r\nc"}, "a<br />b<br />c"),
        ("{{ x | escapeChar('double') }}", {"x": ValueSet(["p", "q"])}, "[p, q]"),
        ("{{ x | length }}", {"x": Uri("kestra:///a")}, "0"),
        (
            "{{ x | abs }}",
            {"x": Decimal("-12345678901234567890.1234567890")},
            "12345678901234567890.1234567890",
        ),
        ("{{ [1, [2], x] | flatten }}", {"x": ValueSet([3])}, "[1,2,[3]]"),
        ("{{ {1: 'a'} | yaml }}", {}, "1: a\n"),
        ("{{ x | numberFormat }}", {"x": Float32(1e17)}, "99,999,998,430,674,944"),
        ("{{ 'split,me' | split(',') | className }}", {}, "[Ljava.lang.String;"),
    ],
)
def test_filters_take_what_java_takes(
    render: Callable[..., str], source: str, variables: dict[str, Any], shown: str
) -> None:
    assert render(source, **variables) == shown


@pytest.mark.parametrize(
    ("value", "json", "yaml"),
    [
        (temporal.LocalTime(7, 8), '"07:08:00"', "07:08:00\n"),
        (
            temporal.LocalDateTime(2024, 3, 5, 7, 8),
            '"2024-03-05T07:08:00"',
            "2024-03-05T07:08:00\n",
        ),
        (
            temporal.from_tag("$offset", "2024-03-05T07:08:09.120+05:30"),
            '"2024-03-05T01:38:09.12Z"',
            "2024-03-05T07:08:09.12+05:30\n",
        ),
        (temporal.Instant.of(_MOMENT), '"2024-03-05T07:08:00Z"', "2024-03-05T07:08:00Z\n"),
    ],
)
def test_dates_inside_json_and_yaml_have_seconds(
    render: Callable[..., str], value: Any, json: str, yaml: str
) -> None:
    assert render("{{ x | toJson }}", x=value) == json
    assert render("{{ x | yaml }}", x=value) == yaml


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (" {{- i -}} ", "7"),
        ("{{ i -}} ", 7),
        ('{{ "#{l}" }}', [1, 2]),
        ('{{ "#{l}#{i}" }}', "[1, 2]7"),
        ("{{ 2.5 }} {{ l }}", 2.5),
        ("{{ i }} {{ day }}", 7),
        ("{{ big }} a", "1E+3 a"),
        ("{% for x in l %}{{ loop.index }}{% endfor %}", "01"),
    ],
)
def test_a_typed_template_of_several_parts_is_what_kestra_makes_of_them(
    evaluate: Callable[..., Any], source: str, value: Any
) -> None:
    variables = {"i": 7, "l": [1, 2], "day": date(2024, 3, 5), "big": Decimal("1E+3")}
    assert evaluate(source, **variables) == value


@pytest.mark.parametrize(
    "source",
    [
        "{{ (m.a.b > 1) | default('z') }}",
        "{{ (1 + m.a.b) ?? 'z' }}",
        "{{ (m.a.b == 1 ? 1 : 2) is defined }}",
        "{{ ('x' ~ (m.a.b - 1)) ??? 'z' }}",
    ],
)
def test_what_is_missing_inside_an_operator_is_not_forgiven(
    render: Callable[..., str], source: str
) -> None:
    with pytest.raises(EvaluationError, match="'b' cannot be read from null"):
        render(source, m={"a": None})


def test_what_is_missing_inside_other_expressions_is_forgiven(render: Callable[..., str]) -> None:
    assert render("{{ ('x' ~ m.a) ?? 'z' }}{{ (m.a | upper) ?? 'z' }}", m={}) == "zz"


def test_a_map_is_asked_for_keys_of_every_kind(render: Callable[..., str]) -> None:
    assert render("{{ m[l] ?? 'z' }}{{ m[true] ?? 'z' }}", m={"a": 1}, l=[1]) == "zz"
    assert render("{% set m = {1: 'a', 2: 'b'} %}{{ m[x] }}{{ m[2.9] }}", x=1) == "ab"
    assert render("{{ {l: 1} }}{{ {l: 1} | keys }}", l=[1]) == '{"[1]":1}["[1]"]'


def test_an_index_is_read_as_java_reads_integers(render: Callable[..., str]) -> None:
    assert render("{{ l['+1'] }}{{ l['01'] }}{{ l['-1'] ?? 'z' }}", l=[3, 4]) == "44z"
    with pytest.raises(UndefinedError):
        render("{{ l[1.0] }}", l=[3, 4])


@pytest.mark.parametrize(
    ("text", "is_json"),
    [("2 3", True), ("2,3", False), ("2024-01-01", False), ("true:", True), ("truex", False)],
)
def test_a_text_begins_with_json_as_kestras_reader_sees_it(
    render: Callable[..., str], text: str, is_json: bool
) -> None:
    assert render("{{ x is json }}", x=text) == str(is_json).lower()


def test_far_dates_stop_at_the_ends_of_64_bits(render: Callable[..., str]) -> None:
    assert render("{{ '0001-01-01' | timestampNano }}") == str(-(2**63))
    assert render("{{ x | timestamp }}", x=Long(9007199254740993)) == "9007199254740993"


@pytest.mark.parametrize(
    ("value", "yaml"),
    [
        ("a: 1\nb: 2\n", "|\n  a: 1\n  b: 2\n"),
        (["\na"], " - |2-\n\n  a\n"),
        ("0777", "'0777'\n"),
        ({"1,000": "a,b", " x": 1}, '"1,000": "a,b"\n\' x\': 1\n'),
    ],
)
def test_yaml_is_quoted_as_kestra_quotes_it(
    render: Callable[..., str], value: Any, yaml: str
) -> None:
    assert render("{{ x | yaml }}", x=value) == yaml


def test_ion_is_read_up_to_the_end_of_its_first_value(render: Callable[..., str]) -> None:
    assert render("{{ fromIon('name: [') }}") == "name"
    with pytest.raises(EvaluationError, match="Invalid ion"):
        render("{{ fromIon('name: [', allRows=true) }}")


def test_jq_takes_a_short_member_of_what_is_no_object_for_null(render: Callable[..., str]) -> None:
    assert render("{{ [1] | jq('map({name, age})') }}") == "[[{}]]"
    assert render("{{ [{'name': 'n'}] | jq('.[] | {name}') }}") == '[{"name":"n"}]'
    assert render("{{ '' | jq('type') }}") == '["null"]'


def test_what_null_would_contain_is_never_asked_for(render: Callable[..., str]) -> None:
    assert render("{{ null contains missing.variable }}") == "false"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{{ render('{{ n }}') ?? 'x' }}", "x"),
        ("{{ render('{{ e }}') is null }}", "true"),
        ("{{ render('') is null }}", "false"),
        ("{{ render(['{{ n }}', '{{ s }}']) }}", '[null,"S"]'),
        ("{{ render('{{ s }}', null) }}", "S"),
    ],
)
def test_a_template_that_writes_nothing_renders_to_null(
    render: Callable[..., str], source: str, shown: str
) -> None:
    assert render(source, n=None, e="", s="S") == shown


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{% verbatim %}\n {{ s }} {% endverbatim %}|", "{{ s }} |"),
        ("{{% raw %}{{ s }}{% endraw %}", "{{{ s }}"),
        ("{% filter upper %}a{% block b %}x{% endblock %}c{% endfilter %}{{ block('b') }}", "AC"),
        ("{% block b %}o{% endblock %}{% filter upper %}{{ block('b') }}{% endfilter %}", "oO"),
    ],
)
def test_tags_write_what_kestras_tags_write(
    render: Callable[..., str], source: str, shown: str
) -> None:
    assert render(source, s="S") == shown


@pytest.mark.parametrize(
    "source",
    [
        "{{ '2024-03-05T24:00:00' | date(existingFormat='iso_local_date_time') }}",
        "{{ '2023-02-29' | date(existingFormat='iso_date') }}",
        "{{ '2024-03-05T07:08:09+02' | date(existingFormat='iso_date_time') }}",
    ],
)
def test_javas_own_formats_are_strict(render: Callable[..., str], source: str) -> None:
    with pytest.raises(EvaluationError):
        render(source)


def test_a_date_in_full_can_be_read_again(render: Callable[..., str]) -> None:
    again = "{{ d | date('full') | date(existingFormat='full') }}"
    assert render(again, d="2024-03-05T07:08:09Z") == "2024-03-05T07:08:09.000000Z"


def test_many_half_days_are_counted_as_java_counts_them(render: Callable[..., str]) -> None:
    shown = render("{{ '2024-01-31T10:00:00Z' | dateAdd(1000000, 'HALF_DAYS', 'yyyy-MM-dd') }}")
    assert shown == "2034-11-12"


def test_functions_that_decode_do_not_get_mixed_up(render: Callable[..., str]) -> None:
    source = (
        "{{ yaml(render(a)) }}{{ fromJson(b) }}{{ yaml(c) }}{{ fromIon(d) }}{{ yaml(render(b)) }}"
    )
    shown = render(source, a="{{ b }}", b="[1]", c="k: 2", d="x")
    assert shown == '[1][1]{"k":2}x[1]'
