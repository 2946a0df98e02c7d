"""What the part of a URL behind the `?` asks for, as values; what cannot be understood is a problem."""

from collections.abc import Mapping, Sequence

from aiohttp import web

from syndicator.model.feed import Filter
from syndicator.rules.filters import FilterError, filter_from
from syndicator.web.problems import ProblemRaised, bad_request


def values_of(request: web.Request) -> dict[str, list[str]]:
    """Give the texts of each parameter, in their order."""
    return {key: request.query.getall(key) for key in request.query}


def read_filter(values: Mapping[str, Sequence[str]]) -> Filter:
    """Read a filter. Raise a 400 that names the parameter, and says what to write."""
    try:
        return filter_from(values)
    except FilterError as error:
        raise refused(error) from error


def refused(error: FilterError) -> ProblemRaised:
    remedy = f": {error.remedy}" if error.remedy else ""
    return bad_request(f'The parameter "{error.key}" {error.reason}{remedy}.')
