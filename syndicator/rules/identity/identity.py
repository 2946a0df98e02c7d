"""Identity keys of articles.

Addresses are normalised by `rules.identity.addresses` before they are hashed. Hashes are keyed BLAKE2b, 80
bits in lower-case base32, so that a collision cannot be constructed.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from syndicator.model.article import Candidate, Identity
from syndicator.model.event import Details, Event, EventType
from syndicator.model.ids import ArticleId, EventId, SourceId
from syndicator.model.rights import Rights
from syndicator.model.schedule import ALWAYS_OPEN
from syndicator.model.source import IdentityPolicy, Source, Way
from syndicator.rules.hashing import base32, hashed
from syndicator.rules.identity.addresses import canonical_url, former_url, is_article_path, url_path
from syndicator.rules.identity.content_fingerprint import content_hash

MAX_SEARCHED = 2048
"""Characters of an address in which a pattern is searched."""


def identify(candidates: Sequence[Candidate]) -> list[Identity]:
    """Return the identity of each candidate of one document, in order.

    A guid that several entries of the document share identifies none of them. Nor does a link that entries
    with guids of their own share, as in change logs and status feeds: there only the guid identifies them.
    """
    shared_guids = _repeated(candidate.guid for candidate in candidates if candidate.guid)
    with_keys = [(candidate, _url_keys(candidate)) for candidate in candidates]
    shared_links = _repeated(
        key
        for key, guid in {(key, candidate.guid) for candidate, keys in with_keys for key in keys.values()}
        if guid and guid not in shared_guids
    )
    return [_identity(candidate, keys, shared_guids, shared_links) for candidate, keys in with_keys]


def identified_by(candidate: Candidate, policy: IdentityPolicy) -> Candidate:
    return candidate if candidate.identified_by == policy else replace(candidate, identified_by=policy)


def narrowed(identity: Identity, anothers: Collection[str]) -> Identity:
    """Return an identity without keys that stand for another article; never without all of them."""
    keys = tuple(key for key in identity.keys if key not in anothers) or identity.keys
    own = [key for key in keys if key not in identity.foreign]
    return replace(identity, keys=keys, article_id=_article_id(own or keys))


def url_key(url: str) -> str:
    return _address_key(canonical_url(url))


def listed_key(source: Source, url: str) -> str:
    """Return the identity key of an address that a source lists, before its page is read."""
    return _own_key(source.identity, source.identity.scope or source.id, url) or url_key(url)


def guid_key(scope: str, guid: str) -> str:
    """Return the identity key of a guid, which is valid within its own source only.

    `scope`: the id of that source, or the first that it had (`IdentityPolicy.scope`).
    """
    return "g:" + _digest("guid", scope, guid)


def event_id(subject: str, revision: int, kind: EventType, *more: str) -> EventId:
    """Return the id of an event: the same change has the same id, however often it is announced.

    `more`: further values that distinguish events of one subject with revisions of their own.
    """
    text = "\x1f".join((subject, str(revision), kind, *more))
    digest = hashlib.blake2b(text.encode(), digest_size=16, person=b"event").digest()
    return EventId("evt_" + base32(digest))


def new_event(
    kind: EventType,
    subject: str,
    revision: int,
    at: datetime,
    *more: str,
    follows: int | None = None,
    reason: str | None = None,
    details: Details | None = None,
) -> Event:
    """Return an event with the id that its subject, revision and type give it, and `more` if there is any."""
    return Event(
        id=event_id(subject, revision, kind, *more),
        type=kind,
        subject=subject,
        revision=revision,
        follows=follows,
        at=at,
        reason=reason,
        details=details,
    )


def spec_hash(source: Source) -> str:
    """Return the digest of a source's configuration; after a change, parts of its state are invalid."""
    # Rights, names and objectives do not affect reading.
    identity = msgspec.structs.replace(source.identity, scope="")
    # Left out where it says nothing: the digest of such a source is that of versions without calendars.
    calendar = UNSET if source.calendar == ALWAYS_OPEN else source.calendar
    read_by = msgspec.structs.replace(
        source,
        id=SourceId(""),
        former_ids=(),
        rights=Rights(),
        identity=identity,
        calendar=calendar,
        group=UNSET,
        tags=UNSET,
        owner=UNSET,
        fresh_within_s=UNSET,
        completeness=UNSET,
    )
    return hashlib.blake2b(msgspec.msgpack.encode(read_by), digest_size=12).hexdigest()


def _url_keys(candidate: Candidate) -> dict[str, str]:
    """Return the keys of an article's addresses by normalised address; those of former versions last."""
    urls = [url for url in (candidate.canonical_url, candidate.url) if url]
    addresses = [*map(canonical_url, urls), *filter(None, map(former_url, urls))]
    return {address: _address_key(address) for address in dict.fromkeys(addresses)}


def _address_key(address: str) -> str:
    return "u:" + _digest("url", address)


def _identity(
    candidate: Candidate, of_urls: dict[str, str], shared_guids: frozenset[str], shared_links: frozenset[str]
) -> Identity:
    way = candidate.identified_by.way
    has_guid = bool(candidate.guid) and candidate.guid not in shared_guids and way in {Way.AUTO, Way.GUID}
    keys = [guid_key(_scope(candidate), candidate.guid or "")] if has_guid else []
    keys += _declared(candidate)
    urls = [key for key in of_urls.values() if not keys or key not in shared_links]
    # With a configured guid or content identity, the address alone does not identify articles of this source.
    foreign = tuple(urls) if keys and way in {Way.GUID, Way.CONTENT} else ()
    keys += urls
    if way is Way.AUTO and urls and (path := _path_key(candidate)):
        keys.append(path)
    if not keys:
        keys.append("t:" + _digest("text", _scope(candidate), candidate.title, candidate.lead))
    link = of_urls[canonical_url(candidate.url)] if candidate.url else ""
    return Identity(
        keys=tuple(keys),
        article_id=_article_id([key for key in keys if key not in foreign]),
        content_hash=content_hash(candidate),
        link=link if link in urls and not foreign else "",
        foreign=foreign,
        is_first_party=candidate.is_first_party,
    )


def _scope(candidate: Candidate) -> str:
    return candidate.identified_by.scope or candidate.source


def _path_key(candidate: Candidate) -> str | None:
    """Return the key that finds an article after its portal has moved; see `rules.identity.recognition`."""
    path = url_path(candidate.url)
    return "s:" + _digest("site", _scope(candidate), path) if is_article_path([path]) else None


def _declared(candidate: Candidate) -> list[str]:
    """Return the keys of a source's own identity policy, if it has one."""
    policy, source = candidate.identified_by, _scope(candidate)
    if policy.way is Way.CONTENT:
        words = " ".join(f"{candidate.title} {candidate.lead}".casefold().split())
        return ["c:" + _digest("words", source, words)]
    return [key] if candidate.url and (key := _own_key(policy, source, candidate.url)) else []


def _own_key(policy: IdentityPolicy, source: str, url: str) -> str | None:
    if policy.way is Way.PATH:
        return "p:" + _digest("path", source, url_path(url))
    if policy.way is Way.PATTERN:
        match = re.search(policy.pattern, url[:MAX_SEARCHED])
        part = match.group(1) if match else None
        return "x:" + _digest("pattern", source, part) if part else None
    return None


def _article_id(keys: Sequence[str]) -> ArticleId:
    # Made of the address where there is one: so sources that list the same page agree on it, and it stays the
    # same after a loss of all data.
    first = next((key for key in keys if key.startswith("u:")), keys[0])
    return ArticleId(_digest("article", first))


def _repeated(values: Iterable[str]) -> frozenset[str]:
    return frozenset(value for value, times in Counter(values).items() if times > 1)


def _digest(kind: str, *parts: str) -> str:
    return hashed(kind, "\x1f".join(parts))
