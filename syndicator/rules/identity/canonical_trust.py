"""When a page is believed that it has another address than the one it was found at.

`rel=canonical` and `og:url` are written by templates, and templates are wrong: they name the front page, the
section, or one article on the pages of all. So such a name is believed only inside the portal (its
registrable domain, or one that the source's table names under `domains`), never where it is the front page or
a list, and never where pages of different headlines have the same.
"""

from collections import defaultdict
from collections.abc import Sequence
from urllib.parse import urlsplit

from syndicator.model.article import Candidate
from syndicator.model.source import Source
from syndicator.rules.identity.addresses import canonical_url, is_article_path
from syndicator.rules.identity.recognition import titles_agree
from syndicator.rules.politeness_scope import registrable_domain, same_owner


def is_believed(name: str, url: str, source: Source) -> bool:
    """Return whether a page of `source` at `url` can be called `name`."""
    path, own_path = _path(name), _path(url)
    if not _host(name) or not path or not _is_of_portal(name, url, source):
        return False
    lists = (source.url, source.home_url, source.popular.url if source.popular else None)
    if any(one and canonical_url(one) == canonical_url(name) for one in lists):
        return False
    return is_article_path(path) or not is_article_path(own_path)


def is_first_party(url: str, source: Source) -> bool:
    """Return whether an address belongs to the portal of `source`, by its configuration.

    That is the registrable domain of the source's own address, and those under `domains`. `home_url` does not
    count: imported lists of feeds fill it with what a feed says of itself.
    """
    # The host is that of the page, where an AMP cache holds it. Without a path, hosts are remembered.
    host, slash, _ = canonical_url(url).partition("/")
    return _is_of_portal(f"//{host}{slash}", source.url, source)


def shared_names(candidates: Sequence[Candidate]) -> frozenset[str]:
    """Return the canonical addresses that pages of different headlines claim: a template gave them to all."""
    by_name: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        if candidate.canonical_url:
            by_name[candidate.canonical_url].append(candidate)
    return frozenset(name for name, some in by_name.items() if len(some) > 1 and _differ(some))


def _is_of_portal(url: str, own: str, source: Source) -> bool:
    """Return whether an address is of the registrable domain of the portal's `own`, or of one it names."""
    return same_owner(url, own) or registrable_domain(_host(url)) in source.domains


def _differ(candidates: Sequence[Candidate]) -> bool:
    first = candidates[0]
    return any(one.url != first.url and not titles_agree(one.title, first.title) for one in candidates[1:])


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _path(url: str) -> list[str]:
    try:
        return [part for part in urlsplit(url).path.split("/") if part]
    except ValueError:
        return []
