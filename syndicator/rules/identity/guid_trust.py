"""Decides when the guids of a source cannot be trusted any more.

Articles of a source with `identity = "auto"` are identified by guid and address. Guids are unreliable where
the same addresses come with new guids again and again, or where one guid stands for different articles, in
one document or over several rounds. Then the address alone counts, with a warning, until the configuration
is changed.

    guid and address ── new guids for a quarter of the known, in 3 rounds ──▶ address alone
                     ── one guid for different articles: 5 % of a document, or 2 rounds ──▶ address alone
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.article import Candidate
from syndicator.model.source import IdentityPolicy, Source, SourceState, Way
from syndicator.model.sources.source_findings import GuidRecord
from syndicator.rules.identity.addresses import canonical_url
from syndicator.rules.identity.recognition import Recognised, titles_agree

CHURN_SHARE = 1 / 4
CHURN_ROUNDS = 3
REUSE_SHARE = 1 / 20
REUSE_ROUNDS = 2


class GuidEvidence(Struct, frozen=True, kw_only=True):
    """The counts of one round that show whether guids are reliable."""

    known: int = 0
    """Articles with a guid, known by their address."""
    new: int = 0
    """Those of them whose guid was not known."""
    entries: int = 0
    """Candidates with a guid."""
    anothers: int = 0
    """Those whose guid stood for another article."""
    shared: int = 0
    """Those whose guid others of the document have, under another address and another headline."""


def evidence(admitted: Iterable[tuple[Candidate, Recognised]], document: Sequence[Candidate]) -> GuidEvidence:
    """Return the evidence of a round; `document`: all candidates as they were listed."""
    known = new = anothers = 0
    for candidate, recognised in admitted:
        if candidate.guid:
            link = recognised.identity.link
            known += bool(recognised.known is not None and link and link not in recognised.fresh)
            new += recognised.guid_is_new
            anothers += recognised.guid_is_anothers
    named = [candidate for candidate in document if candidate.guid]
    return GuidEvidence(known=known, new=new, entries=len(named), anothers=anothers, shared=_shared(named))


def with_unread(shown: GuidEvidence, named: int) -> GuidEvidence:
    """Return the evidence with `named` unchanged entries with a guid added, which were not parsed again."""
    return replace(shown, known=shown.known + named, entries=shown.entries + named)


def after_round(record: GuidRecord, shown: GuidEvidence, now: datetime) -> GuidRecord:
    """Return the record after a round; once guids are distrusted, it does not change."""
    if record.distrusted_since is not None or not shown.entries:
        return record
    churned, reused = record.churned, record.reused
    if shown.known:
        churned = churned + 1 if shown.new and shown.new >= CHURN_SHARE * shown.known else max(churned - 1, 0)
    reused += shown.anothers > 0
    why = ""
    if churned >= CHURN_ROUNDS:
        why = f"the same addresses came under new guids in {churned} rounds"
    elif shown.shared > REUSE_SHARE * shown.entries:
        why = f"{shown.shared} of {shown.entries} entries of one document had a guid of other articles"
    elif reused >= REUSE_ROUNDS:
        why = f"guids of earlier articles came with other ones in {reused} rounds"
    return replace(record, churned=churned, reused=reused, distrusted_since=now if why else None, why=why)


def policy_of(source: Source, state: SourceState) -> IdentityPolicy:
    """Return the identity policy of a round: the configured one, or address alone for unreliable guids."""
    if source.identity.way is Way.AUTO and state.guids.distrusted_since is not None:
        return replace(source.identity, way=Way.LINK)
    return source.identity


def sentence(source: Source, state: SourceState) -> str | None:
    """Return the warning that the guids of a source are not relied on; None where they are, or are unused."""
    since = state.guids.distrusted_since
    if source.identity.way is not Way.AUTO or since is None:
        return None
    return (
        f"its guids are not relied on since {since:%Y-%m-%d %H:%M} UTC: {state.guids.why}; its addresses "
        'alone identify articles (identity = "link" says so for good)'
    )


def identified_by(source: Source, state: SourceState) -> str:
    """Return in few words how the articles of a source are identified."""
    way = source.identity.way
    if way is not Way.AUTO:
        return way.value
    return "auto: guid, address" if state.guids.distrusted_since is None else "auto: address alone"


def _shared(candidates: Sequence[Candidate]) -> int:
    by_guid: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        by_guid[candidate.guid or ""].append(candidate)
    return sum(len(group) for group in by_guid.values() if len(group) > 1 and _differ(group))


def _differ(candidates: Sequence[Candidate]) -> bool:
    first = candidates[0]
    return any(
        canonical_url(other.url) != canonical_url(first.url) and not titles_agree(other.title, first.title)
        for other in candidates[1:]
    )
