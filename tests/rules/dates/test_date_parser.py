"""Dates as sources write them, read back as instants; and what becomes of a claim."""

from datetime import UTC, datetime, timedelta
from datetime import timezone as fixed_zone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicator.rules.dates.claimed_dates import (
    believable,
    claimed_instant,
    listed_at,
    published_at,
    read_claim,
)
from syndicator.rules.dates.date_parser import MAX_TEXT, Precision, read_date
from syndicator.rules.dates.labels import parted_by_label

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
JAKARTA = "Asia/Jakarta"

INSTANTS = {
    # RFC 822 and its common faults
    "Thu, 05 Nov 2026 10:11:12 GMT": "2026-11-05T10:11:12",
    "Thu, 05 Nov 2026 10:11:12 +0000": "2026-11-05T10:11:12",
    "Thu,05 Nov 2026 10:11:12 GMT": "2026-11-05T10:11:12",
    "05 Nov 2026 10:11 -0500": "2026-11-05T15:11:00",
    "Thu, 5 Nov 26 10:11 GMT": "2026-11-05T10:11:00",
    "Thu, 05 Nov 2026 10:11:12 EST": "2026-11-05T15:11:12",
    "Thu, 05 Nov 2026 10:11 CEST": "2026-11-05T08:11:00",
    "Do, 05 Nov 2026 10:11:00 +0100": "2026-11-05T09:11:00",
    "Mon, 05 Nov 2026 10:11:12 GMT": "2026-11-05T10:11:12",
    "Thursday, 05-Nov-2026 10:11:12 UTC": "2026-11-05T10:11:12",
    "Thu, 05 November 2026 10:11:12 Z": "2026-11-05T10:11:12",
    "Thu, 05 Nov 2026 10:11:12 +07:00": "2026-11-05T03:11:12",
    "Thu, 05 Nov 2026 10:11:12 GMT+7": "2026-11-05T03:11:12",
    "Thu, 05 Nov 2026 10:11:12 GMT+0700": "2026-11-05T03:11:12",
    "Thu, 05 Nov 2026 10:11:12 +0700 (WIB)": "2026-11-05T03:11:12",
    "Thu, 05 Nov 2026 10:11:12 (UTC)": "2026-11-05T10:11:12",
    "Thu, 05 Nov 2026 10:11:12": "2026-11-05T03:11:12",
    "Thu, 05 Nov 2026 10:11:12 XYZQ": "2026-11-05T03:11:12",
    "Thu, 05 Nov 2026 24:00:00 GMT": "2026-11-06T00:00:00",
    "Thu, 05 Nov 2026 23:59:60 GMT": "2026-11-06T00:00:00",
    "Thu Feb  6 14:50:00 2025": "2025-02-06T07:50:00",
    "Thu Feb  6 14:50:00 WIB 2025": "2025-02-06T07:50:00",
    "05-Nov-2026 10:11 pm EST": "2026-11-06T03:11:00",
    "8 Mar 2025 3:05 PM ET": "2025-03-08T20:05:00",
    "8 Jul 2025 12:05 a.m. ET": "2025-07-08T04:05:00",
    "Thu Nov 05 2026 10:11:12 GMT+0700 (Western Indonesia Time)": "2026-11-05T03:11:12",
    "Thu, 05 Nov 2026 10:11:12 Asia/Makassar": "2026-11-05T02:11:12",
    "Thu, 05 Nov 2026 10:11:12 Eastern Standard Time": "2026-11-05T15:11:12",
    "Thu, 05 Nov 2026 10:11:12 Waktu Indonesia Timur": "2026-11-05T01:11:12",
    "Thu, 05 Nov 2026 10:11:12 Central European Time": "2026-11-05T09:11:12",
    "Thu, 05 Nov 2026 10:11:12 +07.00": "2026-11-05T03:11:12",
    "Thu, 05 Nov 2026 10:11:12 GMT+7:00": "2026-11-05T03:11:12",
    "Thu, 05 Nov 2026 10:11:12 UTC+07:00": "2026-11-05T03:11:12",
    "Thu, 05 Nov 2026 10:11:12 +7": "2026-11-05T03:11:12",
    "Thu, 05 Nov 2026 10:11:12 -0000": "2026-11-05T10:11:12",
    'Thu, 05 Nov 2026 10:11:12 "GMT"': "2026-11-05T10:11:12",
    "Thu, 05 Nov 2026, 10:11:12 GMT": "2026-11-05T10:11:12",
    "Tues, Nov 05 2026 10:11:12 UT": "2026-11-05T10:11:12",
    "5 Nov 2026 10:11:12 AM GMT": "2026-11-05T10:11:12",
    "Kam, 05 Nop 2026 24:00 +0700": "2026-11-05T17:00:00",
    # RFC 3339 and its common faults
    "2026-11-05T10:11:12Z": "2026-11-05T10:11:12",
    "2026-11-05T10:11:12.5Z": "2026-11-05T10:11:12.500000",
    "2026-11-05T10:11:12.123456789+07:00": "2026-11-05T03:11:12.123456",
    "2026-11-05t10:11:12z": "2026-11-05T10:11:12",
    "2026-11-05T10:11:12+0700": "2026-11-05T03:11:12",
    "2026-11-05 10:11:12+07": "2026-11-05T03:11:12",
    "2026-11-05 10:11:12 -03:30": "2026-11-05T13:41:12",
    "2026-11-05T10:11Z": "2026-11-05T10:11:00",
    "2026-11-5 10:11": "2026-11-05T03:11:00",
    "2026-11-05T10:11:12+07:00[Asia/Jakarta]": "2026-11-05T03:11:12",
    "2026/11/05 10:11:12 UTC": "2026-11-05T10:11:12",
    " 2026-11-05T10:11:12Z\n": "2026-11-05T10:11:12",
    "\u200e2026-11-05\u00a010:11:12 WIB": "2026-11-05T03:11:12",
    "２０２６-11-05 10:11 WIB": "2026-11-05T03:11:00",
    "20261105101112": "2026-11-05T03:11:12",
    "20261105T101112Z": "2026-11-05T10:11:12",
    "2026-11-05T24:00:00Z": "2026-11-06T00:00:00",
    "2026-11-05T10:11:12,123Z": "2026-11-05T10:11:12.123",
    "2026-11-05T10.11.12+07.00": "2026-11-05T03:11:12",
    "2026-11-05T10:11:12−07:00": "2026-11-05T17:11:12",
    "2026-11-05 10:11:12 +0000 UTC": "2026-11-05T10:11:12",
    "2026-11-05 10:11:12 Asia/Jakarta": "2026-11-05T03:11:12",
    "20261105T1011Z": "2026-11-05T10:11:00",
    "20261105T101112+0800": "2026-11-05T02:11:12",
    "20261105 101112": "2026-11-05T03:11:12",
    "202611051011": "2026-11-05T03:11:00",
    "2026-W45-4T10:11:12Z": "2026-11-05T10:11:12",
    "2026W454 10:11": "2026-11-05T03:11:00",
    "2026-309T10:11:12+07:00": "2026-11-05T03:11:12",
    # Indonesian
    "Selasa, 01 Agustus 2023 18:20 WIB": "2023-08-01T11:20:00",
    "1 Agt 2023, 18.20 WITA": "2023-08-01T10:20:00",
    "1 Ags 2023 18.20 WIT": "2023-08-01T09:20:00",
    "Kamis, 06 Februari 2025 14:50 WIB": "2025-02-06T07:50:00",
    "06 Februari 2025 14:50": "2025-02-06T07:50:00",
    "Jum'at, 7 Nopember 2025 | 21.24 WIB": "2025-11-07T14:24:00",
    "Jum’at, 7 Nov 2025 - 21:24": "2025-11-07T14:24:00",
    "Ahad, 2 Peb 2025 pukul 08.05 WIB": "2025-02-02T01:05:00",
    "Minggu 4 Mei 2025 | 21:24": "2025-05-04T14:24:00",
    "Sabtu, 8 Nov. 2025 – 07:05": "2025-11-08T00:05:00",
    "Des 2, 2024 10:00 WIB": "2024-12-02T03:00:00",
    "Diterbitkan: 17 Okt 2024, 09:00 WIB oleh Redaksi": "2024-10-17T02:00:00",
    "14:50 WIB, 6 Februari 2025": "2025-02-06T07:50:00",
    "08/10/2026 14.20": "2026-10-08T07:20:00",
    "18.11.2024 18.20": "2024-11-18T11:20:00",
    "18-11-2024 07:00:05 WIT": "2024-11-17T22:00:05",
    "Senin, 18/11/2024 | 18:20": "2024-11-18T11:20:00",
    "Senin (18/11/2024) 18:20 WIB": "2024-11-18T11:20:00",
    "Rabu , 06 Nov 2024 , 10:11 WIB": "2024-11-06T03:11:00",
    "Kamis,6 Februari 2025,14:50 WIB": "2025-02-06T07:50:00",
    "Jum`at, 7 Pebruari 2025 pkl 14.50": "2025-02-07T07:50:00",
    "Pukul 14.50 WITA, Kamis 6 Februari 2025": "2025-02-06T06:50:00",
    "6 Februari 2025 | 14.50 | WIT": "2025-02-06T05:50:00",
    "6 Februari 2025 14:50 (UTC+8)": "2025-02-06T06:50:00",
    "21:24 -07.11.2025": "2025-11-07T14:24:00",
    "05.11.26, 20:15": "2026-11-05T13:15:00",
    "5 November 2026 pukul 09.15 WIB (diperbarui 6 November 2026)": "2026-11-05T02:15:00",
    "access_time 06 Februari 2025 14:50": "2025-02-06T07:50:00",
    # English words
    "Thursday, November 5, 2026 at 10:11 AM": "2026-11-05T03:11:00",
    "Nov. 5, 2026, 12:30 p.m. PST": "2026-11-05T20:30:00",
    "5th of November 2026 10:11 GMT": "2026-11-05T10:11:00",
    "June 7, 2026 at 9 a.m. ET": "2026-06-07T13:00:00",
    "7 Juni 2026, 9 pm": "2026-06-07T14:00:00",
    "yesterday at 5pm": "2026-11-22T10:00:00",
    "Updated 5:30 p.m. ET, Jan 3, 2024": "2024-01-03T22:30:00",
    # the last change beside it
    "Diperbarui: 3 Mei 2024 12:00 WIB | Diterbitkan: 2 Mei 2024 10:11 WIB": "2024-05-02T03:11:00",
    "Terbit: 2 Mei 2024 10:11 WIB, Update: 3 Mei 2024 12:00 WIB": "2024-05-02T03:11:00",
    "Updated Jan 3, 2024, 5:30 p.m. ET; Published Jan 2, 2024, 4:00 p.m. ET": "2024-01-02T21:00:00",
    "Updated: 12 minutes ago | Published: 3 Jan 2024 10:00": "2024-01-03T03:00:00",
    "Terakhir diperbarui 2 Mei 2024 10:11": "2024-05-02T03:11:00",
    # without a year: the last such day
    "6 Februari, 14:50": "2026-02-06T07:50:00",
    "25 Desember 08:00 WIB": "2025-12-25T01:00:00",
    # relative
    "3 jam lalu": "2026-11-23T09:00:00",
    "3 jam yang lalu": "2026-11-23T09:00:00",
    "5 menit lalu": "2026-11-23T11:55:00",
    "30 detik yg lalu": "2026-11-23T11:59:30",
    "sejam lalu": "2026-11-23T11:00:00",
    "setengah jam yang lalu": "2026-11-23T11:30:00",
    "2 hari lalu": "2026-11-21T12:00:00",
    "seminggu lalu": "2026-11-16T12:00:00",
    "an hour ago": "2026-11-23T11:00:00",
    "Updated 2 hours ago": "2026-11-23T10:00:00",
    "1 min ago": "2026-11-23T11:59:00",
    "baru saja": "2026-11-23T12:00:00",
    "Just now": "2026-11-23T12:00:00",
    "2 jam 5 menit yang lalu": "2026-11-23T09:55:00",
    "1 hour and 30 minutes ago": "2026-11-23T10:30:00",
    "dua jam lalu": "2026-11-23T10:00:00",
    "5 mnt lalu": "2026-11-23T11:55:00",
    "3h ago": "2026-11-23T09:00:00",
    "kemarin lusa 18:20": "2026-11-21T11:20:00",
    "hari ini, 09:30 WIB": "2026-11-23T02:30:00",
    "kemarin pukul 18.20": "2026-11-22T11:20:00",
    "Yesterday 18:20 UTC": "2026-11-22T18:20:00",
    "18:20 WIB": "2026-11-23T11:20:00",
    "23:59": "2026-11-22T16:59:00",
    # figures since 1970
    "1762337472": "2025-11-05T10:11:12",
    "1762337472000": "2025-11-05T10:11:12",
    "1762337472.25": "2025-11-05T10:11:12",
}

DAYS = {
    "18-11-2024": "2024-11-18",
    "08-10-2026": "2026-10-08",
    "8/10/26": "2026-10-08",
    "2026-11-05": "2026-11-05",
    "2026.11.05": "2026-11-05",
    "20261105": "2026-11-05",
    "05 Nov 2026": "2026-11-05",
    "Nov 5, 2026": "2026-11-05",
    "5 November '26": "2026-11-05",
    "11/25/2024": "2024-11-25",
    "Rabu, 12 Maret 2025": "2025-03-12",
    "18Nov2024": "2024-11-18",
    "18 Nop 24": "2024-11-18",
    "2026-W45-4": "2026-11-05",
    "2026-W45": "2026-11-02",
    "2026-309": "2026-11-05",
    "2024-366": "2024-12-31",
    "kemarin": "2026-11-22",
    "Today": "2026-11-23",
    "2026-11-05 25:11:00": "2026-11-05",
    "Posted on November 5, 2026 by admin": "2026-11-05",
    "1 Jan 70": "1970-01-01",
}

NOTHING = [
    "", "   ", "no date", "Kamis (6/2)", "31 Februari 2025", "2025-02-30", "2025-13-01T00:00:00Z",
    "00 Jan 2025", "version 1.2.3", "12 ways to peel an orange", "0001-01-01T00:00:00Z", "9999-12-31", "5",
    "١٢", "May", "2026-11", "2025-366", "2026-W54-1", "Senin, 1 Muharram 1445",
    "Mon, 30 Nov -0001 00:00:00 +0000", "0000-00-00 00:00:00", "Invalid date", "minggu lalu", "tadi pagi",
    "\ud800",
]  # fmt: skip


def parse_date(text: str, *, timezone: str, now: datetime) -> datetime | None:
    read = read_date(text, timezone=timezone, now=now)
    return read.at if read else None


@pytest.mark.parametrize(("text", "expected"), INSTANTS.items())
def test_instants_are_read(text: str, expected: str) -> None:
    read = read_date(text, timezone=JAKARTA, now=NOW)
    assert read is not None
    assert read.at == datetime.fromisoformat(expected + "+00:00")
    assert read.at.tzinfo is UTC
    assert read.precision is Precision.INSTANT


@pytest.mark.parametrize(("text", "expected"), DAYS.items())
def test_days_are_midnight_in_the_sources_zone(text: str, expected: str) -> None:
    read = read_date(text, timezone=JAKARTA, now=NOW)
    assert read is not None
    assert read.at == datetime.fromisoformat(expected + "T00:00:00+07:00")
    assert read.precision is Precision.DAY


@pytest.mark.parametrize("text", NOTHING)
def test_no_date_is_none(text: str) -> None:
    assert parse_date(text, timezone=JAKARTA, now=NOW) is None


def test_a_zone_in_the_text_wins_over_the_sources_own() -> None:
    assert parse_date("2025-02-06 14:50 WIB", timezone="America/New_York", now=NOW) == datetime(
        2025, 2, 6, 7, 50, tzinfo=UTC
    )
    assert parse_date("2025-07-06 14:50", timezone="America/New_York", now=NOW) == datetime(
        2025, 7, 6, 18, 50, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("name", "timezone", "hours"),
    [
        ("CST", "Asia/Shanghai", 8),
        ("CST", "America/Chicago", -6),
        ("CST", JAKARTA, -6),
        ("IST", "Europe/Dublin", 1),
        ("IST", "Asia/Jerusalem", 2),
        ("IST", "Asia/Kolkata", 5.5),
        ("PST", "Asia/Manila", 8),
        ("EST", "America/New_York", -5),
        ("EDT", "America/New_York", -4),
    ],
)
def test_a_zones_name_of_several_meanings_is_the_sources_own(name: str, timezone: str, hours: float) -> None:
    read = parse_date(f"Jul 3, 2024 5:30 PM {name}", timezone=timezone, now=NOW)
    assert read == datetime(2024, 7, 3, 17, 30, tzinfo=UTC) - timedelta(hours=hours)


@pytest.mark.parametrize(
    ("line", "published", "changed"),
    [
        ("2 Mei 2024", "2 Mei 2024", ""),
        ("Tayang: 2 Mei 2024", "2 Mei 2024", ""),
        ("2 Mei 2024 (diperbarui 3 Mei 2024)", "2 Mei 2024", "3 Mei 2024"),
        ("Last updated: 3 May 2024 | Published: 2 May 2024", "2 May 2024", "3 May 2024"),
        ("Berita terbitan 2 Mei 2024", "Berita terbitan 2 Mei 2024", ""),
    ],
)
def test_a_line_is_parted_by_what_it_says_of_its_dates(line: str, published: str, changed: str) -> None:
    assert parted_by_label(line) == (published, changed)


def test_only_the_beginning_of_a_text_is_looked_at() -> None:
    assert parse_date("x" * MAX_TEXT + " 5 Nov 2026", timezone="UTC", now=NOW) is None
    assert parse_date("5 Nov 2026 " + "9" * 100_000, timezone="UTC", now=NOW) == datetime(
        2026, 11, 5, tzinfo=UTC
    )


INSTANT = st.datetimes(datetime(1970, 1, 2), datetime(2099, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 -- given its zone by the strategy
OFFSET = st.integers(-14 * 60, 14 * 60).map(lambda minutes: fixed_zone(timedelta(minutes=minutes)))
MONTHS_ID = [
    "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober",
    "November", "Desember",
]  # fmt: skip
DAYS_ID = ["Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"]


@given(INSTANT, OFFSET)
def test_rfc_3339_comes_back(instant: datetime, zone: fixed_zone) -> None:
    assert parse_date(instant.astimezone(zone).isoformat(), timezone=JAKARTA, now=NOW) == instant


@given(INSTANT, OFFSET)
def test_rfc_822_comes_back(instant: datetime, zone: fixed_zone) -> None:
    text = format_datetime(instant.astimezone(zone))
    assert parse_date(text, timezone=JAKARTA, now=NOW) == instant.replace(microsecond=0)


@given(INSTANT, st.sampled_from([("WIB", 7), ("WITA", 8), ("WIT", 9)]), st.sampled_from(":."))
def test_indonesian_comes_back(instant: datetime, zone: tuple[str, int], colon: str) -> None:
    name, hours = zone
    local = instant.astimezone(fixed_zone(timedelta(hours=hours)))
    text = (
        f"{DAYS_ID[local.weekday()]}, {local.day:02d} {MONTHS_ID[local.month - 1]} {local.year} "
        f"{local.hour:02d}{colon}{local.minute:02d} {name}"
    )
    assert parse_date(text, timezone="UTC", now=NOW) == instant.replace(second=0, microsecond=0)


@given(INSTANT.filter(lambda instant: instant.year > 1989))  # figures of less may be 202611051011
def test_milliseconds_since_1970_come_back(instant: datetime) -> None:
    milliseconds = int(instant.timestamp()) * 1000
    read = parse_date(f"{milliseconds:012d}", timezone=JAKARTA, now=NOW)
    assert read == instant.replace(microsecond=0)


def test_a_bare_day_that_is_not_over_claims_no_instant() -> None:
    # 12:00 UTC on the 23rd is 19:00 in Jakarta
    assert claimed_instant("23-11-2026", timezone=JAKARTA, now=NOW) is None
    assert claimed_instant("24-11-2026", timezone=JAKARTA, now=NOW) is None
    assert claimed_instant("22-11-2026", timezone=JAKARTA, now=NOW) == datetime(2026, 11, 21, 17, tzinfo=UTC)
    assert claimed_instant("23-11-2026 00:00", timezone=JAKARTA, now=NOW) == datetime(
        2026, 11, 22, 17, tzinfo=UTC
    )
    assert claimed_instant("nothing", timezone=JAKARTA, now=NOW) is None


CLAIMS = {
    "": (None, "no date given: the time of first sight counts"),
    " \n": (None, "no date given: the time of first sight counts"),
    "Kamis (6/2)": (None, "not understood: the time of first sight counts"),
    "23-11-2026": (None, "a bare day that is not over: the time of first sight counts"),
    "22-11-2026": (
        "2026-11-21T17:00:00",
        "as claimed, the midnight with which the day began, zone Asia/Jakarta applied",
    ),
    "Sun, 22 Nov 2026 10:11:12 GMT": ("2026-11-22T10:11:12", "as claimed"),
    "2026-11-22 10:11": ("2026-11-22T03:11:00", "as claimed, zone Asia/Jakarta applied"),
    "2026-11-22 10:11 WITA": ("2026-11-22T02:11:00", "as claimed"),
    "2026-11-22 10:11 XYZ": ("2026-11-22T03:11:00", "as claimed, zone Asia/Jakarta applied"),
    "3 jam lalu": ("2026-11-23T09:00:00", "as claimed, counted from the time of the request"),
    "18:20 WIB": ("2026-11-23T11:20:00", "as claimed, no day given: the last such hour"),
    "6 Februari, 14:50 WIB": ("2026-02-06T07:50:00", "as claimed, no year given: the last such day"),
    "1762337472": ("2025-11-05T10:11:12", "as claimed, counted in seconds since 1970"),
    "1762337472000": ("2025-11-05T10:11:12", "as claimed, counted in milliseconds since 1970"),
    "2026-11-23T12:30:00Z": (
        "2026-11-23T12:30:00",
        "ahead by less than an hour, as clocks are: the time of first sight counts",
    ),
    "2026-11-23T13:00:01Z": (
        "2026-11-23T13:00:01",
        "over an hour in the future: the time of first sight counts",
    ),
    "1 Jan 1970 00:00 UTC": (
        "1970-01-01T00:00:00",
        "before 1990, which is older than the web: the time of first sight counts",
    ),
}


@pytest.mark.parametrize(("text", "claim"), CLAIMS.items())
def test_what_is_made_of_a_claim_is_told(text: str, claim: tuple[str | None, str]) -> None:
    at, rule = claim
    read = read_claim(text, timezone=JAKARTA, now=NOW)
    assert read.rule == rule
    assert read.at == (at and datetime.fromisoformat(at + "+00:00"))
    assert claimed_instant(text, timezone=JAKARTA, now=NOW) == read.at


EVENTS = {
    "2026-12-24T18:00:00Z": ("2026-12-24T18:00:00", "in the future, as the dates of this source may be"),
    "23-11-2026": ("2026-11-22T17:00:00", "the midnight with which the day began"),
    "6 Februari, 14:50 WIB": ("2027-02-06T07:50:00", "no year given: the nearest such day"),
    "6 Oktober, 14:50 WIB": ("2026-10-06T07:50:00", "no year given: the nearest such day"),
    "besok pukul 19.00": ("2026-11-24T12:00:00", "counted from the time of the request"),
    "2028-11-23T12:00:01Z": ("2028-11-23T12:00:01", "over two years in the future"),
    "1989-12-31": ("1989-12-30T17:00:00", "before 1990"),
}


@pytest.mark.parametrize(("text", "claim"), EVENTS.items())
def test_dates_of_events_may_be_ahead(text: str, claim: tuple[str, str]) -> None:
    at, rule = claim
    read = read_claim(text, timezone=JAKARTA, now=NOW, future=True)
    assert read.at == datetime.fromisoformat(at + "+00:00")
    assert rule in read.rule


HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("claimed", "expected"),
    [
        (NOW - HOUR, NOW - HOUR),
        (NOW, NOW),
        (NOW + SECOND, NOW),
        (NOW + HOUR, NOW),
        (NOW + HOUR + SECOND, None),
        (datetime(2061, 1, 1, tzinfo=UTC), None),
        (datetime(1990, 1, 1, tzinfo=UTC), datetime(1990, 1, 1, tzinfo=UTC)),
        (datetime(1989, 12, 31, 23, 59, tzinfo=UTC), None),
        (datetime(1970, 1, 1, tzinfo=UTC), None),
    ],
)
def test_what_is_believable(claimed: datetime, expected: datetime | None) -> None:
    assert believable(claimed, NOW) == expected
    assert published_at(claimed, first_seen=NOW) == (expected or NOW)


def test_no_claim_is_published_when_first_seen() -> None:
    assert published_at(None, first_seen=NOW) == NOW


@given(INSTANT, st.booleans())
def test_publication_is_never_in_the_future_and_listing_never_before_it(
    claimed: datetime, backfill: bool
) -> None:
    published = published_at(claimed, first_seen=NOW)
    listed = listed_at(published, NOW, backfill=backfill)
    assert published <= listed <= NOW


@pytest.mark.parametrize(
    ("claimed", "expected"),
    [
        (NOW - HOUR, NOW - HOUR),
        (NOW + timedelta(days=90), NOW + timedelta(days=90)),
        (NOW + timedelta(days=2 * 365), NOW + timedelta(days=2 * 365)),
        (NOW + timedelta(days=2 * 365, seconds=1), None),
        (datetime(1989, 1, 1, tzinfo=UTC), None),
    ],
)
def test_what_is_believable_of_an_event(claimed: datetime, expected: datetime | None) -> None:
    assert believable(claimed, NOW, future=True) == expected
    assert published_at(claimed, first_seen=NOW, future=True) == (expected or NOW)


@given(INSTANT, st.booleans())
def test_an_event_ahead_is_listed_when_it_was_first_seen(claimed: datetime, backfill: bool) -> None:
    published = published_at(claimed, first_seen=NOW, future=True)
    listed = listed_at(published, NOW, backfill=backfill)
    assert listed <= NOW
    assert listed == NOW or published <= listed
    if published > NOW:
        assert listed == NOW


def test_late_finds_are_listed_where_readers_still_look() -> None:
    last_week = NOW - timedelta(days=7)
    assert listed_at(last_week, NOW, backfill=False) == NOW - HOUR
    assert listed_at(last_week, NOW, backfill=True) == last_week
    assert listed_at(NOW - SECOND, NOW, backfill=False) == NOW - SECOND
