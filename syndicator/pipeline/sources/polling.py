"""Requests the main document of a round, conditionally as long as the source's validators are trusted.

conditional request → unchanged (sometimes verified), or a document to read
"""

import random
from datetime import timedelta

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.clock import Clock
from syndicator.model.fetch import Fetched, NotModified, moved_to
from syndicator.model.source import Round, Source, SourceState
from syndicator.pipeline.sources.polite_client import PoliteClient
from syndicator.pipeline.sources.round_result import Outcome, address, body_hash, fetched
from syndicator.rules.sources.validator_trust import is_check_due, trusts

READ_WHOLE_EVERY = timedelta(days=1)
"""A document is read at least this often, even if it is unchanged, so that what it lists stays known."""


class PolledDocument(Struct, frozen=True, kw_only=True):
    """A document that a round reads: it has changed, or was last read more than a day ago."""

    document: Fetched
    digest: str
    is_same: bool
    """Whether the body is the one that was read last."""
    checked: bool
    """Whether the server said that the document is unchanged."""

    @property
    def validators_of(self) -> str | None:
        """See `SourceState.validators_of`."""
        return _where(self.document)

    def held_news(self, counts: Round) -> bool | None:
        """Return the `held_news` of an outcome, given what the document brought.

        New articles in an identical document were left over from an earlier round: the validators were right.
        The new validators are not compared: some servers answer 304 to any validator and send a different one
        with each document.
        """
        return counts.new + counts.changed > 0 and not self.is_same if self.checked else None


class Polling:
    """Polls with validators (RFC 9110, 13.1), and verifies now and then that they are honest."""

    def __init__(self, polite_client: PoliteClient, clock: Clock, rng: random.Random) -> None:
        self._polite_client = polite_client
        self._clock = clock
        self._rng = rng

    async def poll(
        self, source: Source, state: SourceState, *, patient: bool = False
    ) -> PolledDocument | Outcome:
        """Return the document of a source; if it is unchanged, the outcome of the round.

        Sends one request, or two where a 304 answer is verified. `patient`: see `PoliteClient.fetch`. Raises
        RoundFailed or NotReadable where there is no document.
        """
        asked = self._with_validators(state)
        result = await self._polite_client.fetch(source, address(source, state), asked, patient=patient)
        if not isinstance(result, NotModified):
            document = fetched(result)
            return await self._judge(state, document, checked=_says_unchanged(state, document))
        if (asked.etag is None and asked.last_modified is None) or asked.validators_of != _where(result):
            fetched(result)  # raises: the request was not conditional
        if is_check_due(state, self._rng):
            checked = await self._polite_client.fetch(source, address(source, state))
            if isinstance(checked, Fetched):
                return await self._judge(state, checked, checked=True)
        return _unchanged(state, result)

    def _is_fresh(self, state: SourceState) -> bool:
        return state.read_at is not None and self._clock() - state.read_at <= READ_WHOLE_EVERY

    def _with_validators(self, state: SourceState) -> SourceState:
        """Return the state with the validators to send.

        It has none where they are not trusted, or the last full reading is more than a day old.
        """
        if self._is_fresh(state) and trusts(state.honesty, self._clock()):
            return state
        return replace(state, etag=None, last_modified=None)

    async def _judge(
        self, state: SourceState, document: Fetched, *, checked: bool
    ) -> PolledDocument | Outcome:
        """Return a document to read unless its body is the same and was read lately."""
        digest = await body_hash(document)
        is_same = digest == state.body_hash
        if is_same and self._is_fresh(state):
            return replace(_unchanged(state, document), held_news=False if checked else None)
        return PolledDocument(document=document, digest=digest, is_same=is_same, checked=checked)


def _unchanged(state: SourceState, result: Fetched | NotModified) -> Outcome:
    known = state if state.validators_of == _where(result) else SourceState()
    return Outcome(
        not_modified=True,
        etag=result.headers.get("etag", known.etag),
        last_modified=result.headers.get("last-modified", known.last_modified),
        validators_of=_where(result),
        body_hash=state.body_hash,
        headers=result.headers,
        moved_to=moved_to(result.redirects),
    )


def _where(result: Fetched | NotModified) -> str | None:
    """Return the last address of the redirects; None without redirects."""
    return result.redirects[-1].url if result.redirects else None


def _says_unchanged(state: SourceState, document: Fetched) -> bool:
    """Return whether a document carries the validators of the state: then nothing in it may be new."""
    if state.validators_of != _where(document):
        return False
    if state.etag:
        return document.headers.get("etag") == state.etag
    return bool(state.last_modified) and document.headers.get("last-modified") == state.last_modified
