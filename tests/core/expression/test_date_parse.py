"""Reading dates in a given format, against what JDK 17 answers."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel.errors import EvaluationError
from tiercel.expression.date_parse import parse_date
from tiercel.expression.datetime_format import formatter
from tiercel.expression.moment import Moment
from tiercel.expression.zones import offset_id, zone_id, zone_of


def read(text: str, format_: str, zone: str = "UTC") -> str:
    """The moment read, as ISO text with its offset."""
    moment = parse_date(text, format_, "en_US", zone_of(zone))
    return formatter("uuuu-MM-dd'T'HH:mm:ss.SSS", "en_US").write(moment) + offset_id(moment.offset)


@pytest.mark.parametrize(
    ("text", "format_", "moment"),
    [
        ("05/03/2024 07:08", "dd/MM/yyyy HH:mm", "2024-03-05T07:08:00.000Z"),
        ("20240305070809", "yyyyMMddHHmmss", "2024-03-05T07:08:09.000Z"),
        ("20240305070809123", "yyyyMMddHHmmssSSS", "2024-03-05T07:08:09.123Z"),
        ("240305", "yyMMdd", "2024-03-05T00:00:00.000Z"),
        ("5.3.24", "d.M.yy", "2024-03-05T00:00:00.000Z"),
        ("2024-065", "yyyy-DDD", "2024-03-05T00:00:00.000Z"),
        ("Tue, 5 Mar 2024", "EEE, d MMM yyyy", "2024-03-05T00:00:00.000Z"),
        ("Tuesday 5 March 2024", "EEEE d MMMM uuuu", "2024-03-05T00:00:00.000Z"),
        ("60374", "g", "2024-03-05T00:00:00.000Z"),
        ("2024-10-3", "YYYY-ww-e", "2024-03-05T00:00:00.000Z"),
        ("2024-03-2-Tue", "yyyy-MM-W-E", "2024-03-05T00:00:00.000Z"),
        ("2024-03-1-Tue", "yyyy-MM-F-E", "2024-03-05T00:00:00.000Z"),
        ("3-5-2024 AD", "M-d-y G", "2024-03-05T00:00:00.000Z"),
        ("3-5-0044 BC", "M-d-y G", "-0043-03-05T00:00:00.000Z"),
        (" 3/ 5/2024", "ppM/ppd/yyyy", "2024-03-05T00:00:00.000Z"),
        ("2024-03-05 07:08 PM", "yyyy-MM-dd hh:mm a", "2024-03-05T19:08:00.000Z"),
        ("2024-03-05 12:08 AM", "yyyy-MM-dd h:mm a", "2024-03-05T00:08:00.000Z"),
        ("2024-03-05 24:08", "yyyy-MM-dd kk:mm", "2024-03-05T00:08:00.000Z"),
        ("2024-03-05 25689123", "yyyy-MM-dd A", "2024-03-05T07:08:09.123Z"),
        ("2024-03-05 25689123000000", "yyyy-MM-dd N", "2024-03-05T07:08:09.123Z"),
        ("2024-03-05 07", "yyyy-MM-dd HH[:mm]", "2024-03-05T07:00:00.000Z"),
        ("2024-03-05 07:08", "yyyy-MM-dd HH[:mm[:ss]]", "2024-03-05T07:08:00.000Z"),
        ("2024-03-05 PM", "yyyy-MM-dd a", "2024-03-05T18:00:00.000Z"),
        ("+12024-03-05", "yyyy-MM-dd", "12024-03-05T00:00:00.000Z"),
        ("2024-W10-2", "iso_week_date", "2024-03-05T00:00:00.000Z"),
        ("2024-065", "iso_ordinal_date", "2024-03-05T00:00:00.000Z"),
        ("2024-03-05T07:08:09", "iso_local_date_time", "2024-03-05T07:08:09.000Z"),
        ("2024-03-05t07:08:09z", "iso_date_time", "2024-03-05T07:08:09.000Z"),
        ("Tue, 5 Mar 2024 07:08:09 GMT", "rfc_1123_date_time", "2024-03-05T07:08:09.000Z"),
        ("5 Mar 2024 07:08 +0200", "rfc_1123_date_time", "2024-03-05T07:08:00.000+02:00"),
        ("3/5/24, 7:08\u202fAM", "short", "2024-03-05T07:08:00.000Z"),
    ],
)
def test_a_text_is_read_in_its_format(text: str, format_: str, moment: str) -> None:
    assert read(text, format_).removeprefix("+") == moment


@pytest.mark.parametrize(
    ("text", "format_", "offset"),
    [
        ("2024-03-05 07:08 +02:00", "yyyy-MM-dd HH:mm XXX", "+02:00"),
        ("2024-03-05 07:08 Z", "yyyy-MM-dd HH:mm XXX", "Z"),
        ("2024-03-05 07:08 -0530", "yyyy-MM-dd HH:mm Z", "-05:30"),
        ("2024-03-05 07:08 +02", "yyyy-MM-dd HH:mm X", "+02:00"),
        ("2024-03-05 07:08 GMT+2", "yyyy-MM-dd HH:mm O", "+02:00"),
        ("2024-03-05 07:08 GMT-05:30", "yyyy-MM-dd HH:mm OOOO", "-05:30"),
        ("2024-03-05 07:08 [Asia/Tokyo]", "yyyy-MM-dd HH:mm '['VV']'", "+09:00"),
        ("2024-03-05 07:08 UTC+03:00", "yyyy-MM-dd HH:mm VV", "+03:00"),
        ("2024-03-05 07:08 PST", "yyyy-MM-dd HH:mm z", "-08:00"),
        ("2024-03-05 07:08 Eastern Standard Time", "yyyy-MM-dd HH:mm zzzz", "-05:00"),
        ("2024-03-05 07:08 UTC", "yyyy-MM-dd HH:mm z", "Z"),
    ],
)
def test_zones_are_read_in_every_form(text: str, format_: str, offset: str) -> None:
    assert read(text, format_, zone="Asia/Kolkata") == f"2024-03-05T07:08:00.000{offset}"


def test_a_text_without_a_zone_takes_the_default() -> None:
    assert read("2024-03-05 07:08", "yyyy-MM-dd HH:mm", "Asia/Tokyo").endswith("+09:00")


def test_a_zone_without_a_full_time_is_ignored_as_in_java() -> None:
    assert read("2024-03-05 Z", "yyyy-MM-dd X", "Asia/Tokyo") == "2024-03-05T00:00:00.000+09:00"


def test_an_hour_of_a_half_day_alone_gives_the_start_of_the_day() -> None:
    assert read("2024-03-05 07:08", "yyyy-MM-dd hh:mm") == "2024-03-05T00:00:00.000Z"


@pytest.mark.parametrize(
    ("text", "format_"),
    [
        ("", "yyyy"),
        ("not a date", "yyyy-MM-dd"),
        ("2024-3-5", "yyyy-MM-dd"),
        ("24-03-05", "yyyy-MM-dd"),
        ("12024-03-05", "yyyy-MM-dd"),
        ("2024-03-05 ", "yyyy-MM-dd"),
        ("2024-03-05", "yyyy-MM-dd "),
        ("07:08", "HH:mm"),
        ("2024-03", "yyyy-MM"),
        ("tue, 5 Mar 2024", "EEE, d MMM yyyy"),
        ("5 mars 2024", "d MMMM yyyy"),
        ("2024-03-05 7:08 pm", "yyyy-MM-dd h:mm a"),
        ("2024-03-05 07:08 +02:00", "yyyy-MM-dd HH:mm Z"),
        ("2024-03-05 07:08 +0200", "yyyy-MM-dd HH:mm XXX"),
        ("2024-03-05 07:08 +24:00", "yyyy-MM-dd HH:mm XXX"),
        ("2024-03-05 07:08 Mars/Phobos", "yyyy-MM-dd HH:mm VV"),
        ("2024-03-05 07:08 GMT-5:30", "yyyy-MM-dd HH:mm OOOO"),
        ("2024-03-05 2024-03-06", "yyyy-MM-dd yyyy-MM-dd"),
        ("२०२४-03-05", "yyyy-MM-dd"),
        ("2024-03-05T07:08:09Z", "iso_instant"),
    ],
)
def test_what_does_not_fit_is_refused(text: str, format_: str) -> None:
    with pytest.raises(EvaluationError):
        read(text, format_)


def test_an_invalid_format_is_reported_as_such() -> None:
    with pytest.raises(EvaluationError, match="Unknown pattern letter: J"):
        read("2024", "JJ")


def test_a_long_text_is_no_zone() -> None:
    with pytest.raises(EvaluationError):
        read("x" * 100_000, "VV")


moments = st.builds(
    Moment.of_epoch,
    # 2000 to 2099 in every zone: a year of two digits means one of these.
    st.integers(946_684_800, 4_102_358_400),
    st.integers(0, 999).map(lambda milli: milli * 1_000_000),
    st.sampled_from([zone_of(name) for name in ("UTC", "Europe/Paris", "Asia/Kolkata", "+02:00")]),
)
DATES = ["yyyy-MM-dd", "yyyyMMdd", "d.M.yy", "EEE d MMM yyyy", "YYYY-'W'ww-e", "yyyy-DDD", "g"]
TIMES = ["HH:mm:ss.SSS", "HHmmssSSS", "h:mm:ss.SSS a", "A", "N", "H:m:s.n", "kk:mm:ss,SSS"]
ZONES = ["XXX", "xx", "ZZZZZ", "'['VV']'XXX", "OOOO", "Z", "X'['VV']'"]


@given(moments, st.sampled_from(DATES), st.sampled_from(TIMES), st.sampled_from(ZONES))
def test_what_was_written_reads_back(moment: Moment, day: str, time: str, zone: str) -> None:
    format_ = f"{day}'T'{time} {zone}"
    back = parse_date(formatter(format_, "en_US").write(moment), format_, "en_US", zone_of("UTC"))
    assert (back.epoch_second, back.nano) == (moment.epoch_second, moment.nano)
    if "VV" in zone:
        assert zone_id(back.zone) == zone_id(moment.zone)


@given(
    st.text(alphabet="0123456789-:/TZ +.APMarue", max_size=24),
    st.sampled_from([f"{day} {time}{zone}" for day in DATES for time in TIMES for zone in ZONES]),
)
def test_any_text_is_read_or_refused(text: str, format_: str) -> None:
    with suppress(EvaluationError):
        assert isinstance(parse_date(text, format_, "en_US", zone_of("UTC")), Moment)
