"""Dates as the portals write them. The city lives in Western Indonesian Time (WIB), UTC+7."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

WIB = timezone(timedelta(hours=7), "WIB")

_DAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
_MONTHS = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni",
    "Juli", "Agustus", "September", "Oktober", "November", "Desember",
)  # fmt: skip
_ENGLISH_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ENGLISH_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def long_date(at: datetime) -> str:
    """Return `Kamis, 06 Februari 2025 14:50 WIB`."""
    local = at.astimezone(WIB)
    return f"{_DAYS[local.weekday()]}, {local.day:02} {month(local)} {local.year} {local:%H:%M} WIB"


def short_date(at: datetime) -> str:
    """Return `06-02-2025`, the form of the popular box."""
    return f"{at.astimezone(WIB):%d-%m-%Y}"


def body_date(at: datetime) -> str:
    """Return `Kamis (6/2)`, the form inside an article's text."""
    local = at.astimezone(WIB)
    return f"{_DAYS[local.weekday()]} ({local.day}/{local.month})"


def month(at: datetime, months: int = 0) -> str:
    """Return the name of the local month, or of one that many months later (or earlier)."""
    return _MONTHS[(at.astimezone(WIB).month - 1 + months) % 12]


def english_weekday(at: datetime) -> str:
    return _ENGLISH_DAYS[at.astimezone(WIB).weekday()]


def english_month(at: datetime, months: int = 0) -> str:
    return _ENGLISH_MONTHS[(at.astimezone(WIB).month - 1 + months) % 12]


def english_date(at: datetime) -> str:
    """Return `6 February 2025, 14:50 WIB`."""
    local = at.astimezone(WIB)
    return f"{local.day} {english_month(local)} {local.year}, {local:%H:%M} WIB"


def rfc_822(at: datetime) -> str:
    """Return the date form of RSS 2.0, with the portal's own offset."""
    return format_datetime(at.astimezone(WIB).replace(microsecond=0))


def rfc_3339(at: datetime) -> str:
    """Return the date form of Atom and JSON Feed, in UTC."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def http_date(at: datetime) -> str:
    """Return the date form of HTTP headers (RFC 9110, 5.6.7)."""
    return format_datetime(at.astimezone(UTC).replace(microsecond=0), usegmt=True)
