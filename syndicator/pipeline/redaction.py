"""Removes secrets from sources and provenance before they are shown.

An article's own public link stays as it is: readers get it.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from msgspec.structs import replace

from syndicator.model.article import Provenance
from syndicator.model.source import Source, SourceState
from syndicator.observe.redact import HIDDEN, hide_secrets


def without_secrets(source: Source, *, for_operator: bool = False) -> Source:
    """Return a source without its headers, without users and passwords in addresses, and without queries.

    Portals give customers a feed of their own by a token in the query, under any parameter name. With
    `for_operator`, queries lose only the values of what looks like a secret, as in the log.
    """
    bare = hide_secrets if for_operator else without_query
    popular = source.popular
    if popular is not None and popular.url is not None:
        popular = replace(popular, url=bare(popular.url))
    rule = source.completeness
    if rule is not None and rule.sitemap is not None:
        rule = replace(rule, sitemap=bare(rule.sitemap))
    return replace(
        source,
        url=bare(source.url),
        completeness=rule,
        home_url=bare(source.home_url) if source.home_url else None,
        headers=dict.fromkeys(source.headers, HIDDEN),
        proxy=bare(source.proxy) if source.proxy else None,
        popular=popular,
    )


def state_without_secrets(source: Source, state: SourceState, *, for_operator: bool = False) -> SourceState:
    """Return the state of a source without secrets.

    In sentences, the source's own addresses lose their queries. Other addresses lose only what looks like a
    secret: without their queries, many articles could not be distinguished. With `for_operator`, this holds
    for all addresses.
    """
    bare = hide_secrets if for_operator else without_query
    redact = (
        hide_secrets if for_operator else text_redactor(source, state.move.target if state.move else None)
    )
    return replace(
        state,
        failure=replace(state.failure, detail=redact(state.failure.detail)) if state.failure else None,
        warnings=tuple(map(redact, state.warnings)),
        own_warnings=tuple(map(redact, state.own_warnings)),
        completeness=replace(
            state.completeness,
            sitemap=bare(state.completeness.sitemap) if state.completeness.sitemap else None,
            why=redact(state.completeness.why),
            examples=tuple(map(hide_secrets, state.completeness.examples)),
        ),
        validators_of=bare(state.validators_of) if state.validators_of else None,
        move=replace(state.move, target=bare(state.move.target)) if state.move else None,
    )


def provenance_without_secrets(provenance: Provenance) -> Provenance:
    """Return the provenance of an article without secrets.

    The address of a feed, a sitemap or a push is the source's, and loses its query. That of an article's own
    page loses only what looks like a secret.
    """
    redact = hide_secrets if provenance.read_from else without_query
    return replace(
        provenance,
        requested_url=redact(provenance.requested_url),
        url=redact(provenance.url),
        changes=tuple(
            replace(change, received=hide_secrets(change.received), why=hide_secrets(change.why))
            for change in provenance.changes
        ),
    )


def without_query(url: str) -> str:
    """Return an address with user, password and query hidden."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    return parts._replace(
        netloc=f"{HIDDEN}{at}{host}" if user else host, query=HIDDEN if parts.query else "", fragment=""
    ).geturl()


def text_redactor(source: Source, *more: str | None) -> Callable[[str], str]:
    """Return a function that hides, in a text, secrets and the queries of a source's own addresses.

    `more`: further addresses of the source.
    """
    compared = source.completeness and source.completeness.sitemap
    own = (source.url, source.popular and source.popular.url, compared, *more)
    queries = [f"?{query}" for url in own if url and (query := urlsplit(url).query)]

    def redact(text: str) -> str:
        for query in queries:
            text = text.replace(query, f"?{HIDDEN}")
        return hide_secrets(text)

    return redact
