"""What the part of a URL behind the `?` asks for, as values; what cannot be understood is a problem."""

from collections.abc import Mapping, Sequence

from aiohttp import web
from msgspec.structs import replace

from syndicator.model.feed import Filter
from syndicator.model.ids import SourceId
from syndicator.rules.filter_language import FilterError, filter_from
from syndicator.rules.suggestions import suggestion
from syndicator.web.http.problems import ProblemRaised, bad_request


def values_of(request: web.Request) -> dict[str, list[str]]:
    """Return the texts of each parameter, in their order."""
    values: dict[str, list[str]] = {}
    for key, value in request.query.items():  # once: `getall` of each would look at all for each
        values.setdefault(key, []).append(value)
    return values


def read_filter(values: Mapping[str, Sequence[str]], sources: Mapping[SourceId, SourceId]) -> Filter:
    """Read a filter. Raise a 400 that names the parameter, and says what to write.

    `sources`: the names that are known, and what each is called now.
    """
    try:
        return called_now(filter_from(values), sources)
    except FilterError as error:
        raise refused(error) from error


def called_now(wanted: Filter, known: Mapping[SourceId, SourceId]) -> Filter:
    """Return a filter with the names that its sources have now.

    Raise FilterError for a source of which there never were articles: nothing could match.
    """
    for source in wanted.source:
        if source not in known:
            near = suggestion(source, known)
            remedy = (
                f"did you mean {near}"
                if near
                else "write its id, which entries in JSON Feed have as _syndicator.source.id"
            )
            raise FilterError("source", f"names {source!r}, which is not a source", remedy)
    named = tuple(dict.fromkeys(known[SourceId(source)] for source in wanted.source))
    return wanted if named == wanted.source else replace(wanted, source=named)


def refused(error: FilterError) -> ProblemRaised:
    remedy = f": {error.remedy}" if error.remedy else ""
    return bad_request(f'The parameter "{error.key}" {error.reason}{remedy}.')
