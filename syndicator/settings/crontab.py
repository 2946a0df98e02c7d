"""Days of the week as crontab has them (0 and 7 are Sunday), in names, which no library reads otherwise.

APScheduler counts from Monday, so `1-5` would quietly mean Tuesday to Saturday.
"""

import re

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_WEEKDAY_FIELD = 4
_FIELDS = 5
_DAY = rf"[0-7]|{'|'.join(_DAYS)}"
_PART = re.compile(
    rf"(?:(?P<all>\*)|(?P<first>{_DAY})(?:-(?P<last>{_DAY}))?)(?:/(?P<step>[1-7]))?", re.IGNORECASE
)


def with_weekday_names(expression: str) -> str:
    """Write the weekdays of a five-field expression as names; what is not understood stays as it is."""
    fields = expression.split()
    if len(fields) != _FIELDS:
        return expression
    parts = fields[_WEEKDAY_FIELD].split(",")
    fields[_WEEKDAY_FIELD] = ",".join(_named(part) for part in parts)
    return " ".join(fields)


def _named(part: str) -> str:
    match = _PART.fullmatch(part)
    if match is None or part == "*":
        return part
    step = int(match["step"] or 1)
    first = _number(match["first"] or "0")
    until = match["last"] or ("6" if match["all"] or match["step"] else match["first"])
    last = _number(until)
    if last < first:
        last += 7  # over the end of the week, as in fri-mon and sat-7
    if step == 1 and 1 <= first < last <= 7:  # noqa: PLR2004  Monday to Sunday: a range for APScheduler too
        return f"{_DAYS[first]}-{_DAYS[last % 7]}"
    return ",".join(_DAYS[day % 7] for day in range(first, last + 1, step))


def _number(day: str) -> int:
    return int(day) if day.isdigit() else _DAYS.index(day.lower())
