"""Public holidays of countries and their parts, as the package `holidays` knows them."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from syndicator.rules.suggestions import suggestion

_YEARS_REMEMBERED = 1024


@lru_cache(maxsize=_YEARS_REMEMBERED)
def national_holidays(country: str, subdivision: str | None, year: int) -> Mapping[date, str]:
    """Return the names of the public holidays of one year.

    Raises NotImplementedError where the country or its part is not known.
    """
    from holidays import country_holidays  # noqa: PLC0415 -- few configure holidays, and none else pays for it

    return dict(country_holidays(country, subdiv=subdivision, years=year, expand=False))


@lru_cache(maxsize=_YEARS_REMEMBERED)
def country_fault(country: str, subdivision: str | None) -> tuple[str, str, str] | None:
    """Return the key that is wrong, why, and what to write; None where the package knows both."""
    from holidays import list_supported_countries  # noqa: PLC0415 -- as above

    known = list_supported_countries(include_aliases=False)
    parts = known.get(country.upper())
    if parts is None:
        near = suggestion(country.upper(), known)
        remedy = f"did you mean {near}?" if near else 'write a code of two letters (ISO 3166-1), as "ID"'
        return "country", f"names {country!r}, whose holidays are not known", remedy
    if subdivision is None or subdivision in parts:
        return None
    near = suggestion(subdivision, parts)
    remedy = f"did you mean {near}?" if near else f"known here: {', '.join(parts) or 'none, so remove it'}"
    return "subdivision", f"names {subdivision!r}, which is no part of {country.upper()}", remedy
