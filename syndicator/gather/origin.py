"""Where a document's candidates come from: computed once for all that are in it."""

from syndicator.gather.documents.text import MAX_NAME, plain_text
from syndicator.model.article import Change, Provenance
from syndicator.model.fetch import Fetched
from syndicator.model.source import Source
from syndicator.rules.identity.identity import spec_hash


class ProvenanceBuilder:
    """Makes the provenance of each candidate of one document."""

    def __init__(self, source: Source, fetched: Fetched) -> None:
        self._source = source
        self._fetched = fetched
        self._rules = spec_hash(source)
        self._url = fetched.url if fetched.url != fetched.requested_url else ""
        self._etag = _header(fetched, "etag")
        self._last_modified = _header(fetched, "last-modified")

    def provenance(
        self, *, claimed: str, claimed_at: str | None, rule: str, changes: tuple[Change, ...] = ()
    ) -> Provenance:
        """Return the provenance of a candidate that claims a date."""
        return Provenance(
            source=self._source.id,
            requested_url=self._fetched.requested_url,
            fetched_at=self._fetched.fetched_at,
            status=self._fetched.status,
            url=self._url,
            etag=self._etag,
            last_modified=self._last_modified,
            rules=self._rules,
            images=self._source.images,
            claimed_date=plain_text(claimed, MAX_NAME) or None,
            claimed_at=claimed_at,
            date_rule=rule,
            changes=changes,
        )


def _header(fetched: Fetched, name: str) -> str | None:
    return plain_text(fetched.headers.get(name, ""), MAX_NAME) or None
