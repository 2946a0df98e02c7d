"""What may be shown of sources and of where articles come from: no secret in it.

What is an article's own public link stays as it is: readers get it.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from msgspec.structs import replace

from syndicator.model.article import Provenance
from syndicator.model.source import Source, SourceState
from syndicator.observe.redact import HIDDEN, hide_secrets


def without_secrets(source: Source) -> Source:
    """Return a source that may be shown.

    Hidden are what is sent along with requests, names and passwords in addresses, and queries: whoever has a
    feed of his own from a portal has it by a token there, whatever the parameter is called.
    """
    popular = source.popular
    if popular is not None and popular.url is not None:
        popular = replace(popular, url=bare(popular.url))
    return replace(
        source,
        url=bare(source.url),
        home_url=bare(source.home_url) if source.home_url else None,
        headers=dict.fromkeys(source.headers, HIDDEN),
        proxy=bare(source.proxy) if source.proxy else None,
        popular=popular,
    )


def state_without_secrets(source: Source, state: SourceState) -> SourceState:
    """Return what is remembered of a source as it may be shown.

    In sentences the source's own addresses lose their queries, and all others what looks like a secret:
    without its query many an article could not be told from the next.
    """
    result = teller(source, state.move.target if state.move else None)
    return replace(
        state,
        failure=replace(state.failure, detail=result(state.failure.detail)) if state.failure else None,
        warnings=tuple(map(result, state.warnings)),
        own_warnings=tuple(map(result, state.own_warnings)),
        validators_of=bare(state.validators_of) if state.validators_of else None,
        move=replace(state.move, target=bare(state.move.target)) if state.move else None,
    )


def provenance_without_secrets(told: Provenance) -> Provenance:
    """Return what is told of where an article comes from.

    Of a feed, a sitemap or a push the address is bare: it is the source's. That of an article's own page
    loses only what looks like a secret.
    """
    shown = hide_secrets if told.read_from else bare
    return replace(
        told,
        requested_url=shown(told.requested_url),
        url=shown(told.url),
        changes=tuple(
            replace(change, received=hide_secrets(change.received), why=hide_secrets(change.why))
            for change in told.changes
        ),
    )


def bare(url: str) -> str:
    """Hide in an address what may be secret: name, password and query."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    return parts._replace(
        netloc=f"{HIDDEN}{at}{host}" if user else host, query=HIDDEN if parts.query else "", fragment=""
    ).geturl()


def teller(source: Source, *more: str | None) -> Callable[[str], str]:
    """Return what hides queries of a source's own addresses, and what looks like a secret, in sentences."""
    own = (source.url, source.popular and source.popular.url, *more)
    queries = [f"?{query}" for url in own if url and (query := urlsplit(url).query)]

    def told(text: str) -> str:
        for query in queries:
            text = text.replace(query, f"?{HIDDEN}")
        return hide_secrets(text)

    return told
