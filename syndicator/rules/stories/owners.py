"""Whose an article is: reports of one owner are not independent of each other."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from syndicator.model.source import Source, SourceScope
from syndicator.rules.politeness_scope import scope_key

Owners = Mapping[str, str]
"""The configured owner of each registrable domain, where there is one."""
UNNAMED: Owners = MappingProxyType({})


def owners_of(sources: Iterable[Source]) -> Owners:
    """Return the owners that sources name, by all their domains."""
    owners: dict[str, str] = {}
    for source in sources:
        if source.owner is not None:
            own = (source.url, source.home_url, *map("https://{}/".format, source.domains))
            name = f"owner:{source.owner.casefold()}"
            owners |= {scope_key(SourceScope.DOMAIN, address): name for address in own if address}
    return owners


def owner_of(url: str, owners: Owners) -> str:
    """Return whose an article is, by its address: the configured owner, else the registrable domain."""
    domain = scope_key(SourceScope.DOMAIN, url)
    return owners.get(domain, domain)
