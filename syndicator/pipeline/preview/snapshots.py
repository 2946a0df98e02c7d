"""Snapshots: a source's documents in a folder with the result of reading them, a test case for its selectors.

    DIR/snapshot.json     which source, when, and for each document: addresses, status, headers, file
    DIR/documents/001.…   the documents as received, decompressed
    DIR/expected.json     the result of reading them: lists, popular box, articles field by field

The folder holds no secrets and can be committed: only harmless headers are stored, and tokens in addresses
are redacted.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from syndicator.egress.request_hooks import Gate, open_gate
from syndicator.errors import SyndicatorError
from syndicator.model.article import Candidate, ListedItem, PopularItem
from syndicator.model.fetch import Fetched, FetchFailed, FetchResult, Reason, Redirect
from syndicator.model.source import Source
from syndicator.observe.redact import hide_secrets
from syndicator.pipeline.preview.comparison import ChangeKind, FieldChange, compare, fields_of
from syndicator.pipeline.preview.dry_run_context import Fetcher
from syndicator.pipeline.preview.preview import Preview
from syndicator.rules.identity.addresses import clean_url

FORMAT = 1
_KEPT_HEADERS = frozenset(
    {
        "cache-control",
        "content-language",
        "content-type",
        "date",
        "etag",
        "expires",
        "last-modified",
        "link",
        "retry-after",
    }
)
_SUFFIXES = (("json", ".json"), ("xml", ".xml"), ("rss", ".xml"), ("atom", ".xml"), ("html", ".html"))

Fields = dict[str, str]
_T = TypeVar("_T")


class SnapshotFault(SyndicatorError):
    """A folder cannot be used as a snapshot; the message gives the reason."""


class KeptDocument(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One stored response, or failure."""

    requested_url: str
    fetched_at: datetime
    url: str = ""
    status: int | None = None
    headers: Mapping[str, str] = {}
    redirects: tuple[Redirect, ...] = ()
    file: str = ""
    """Name in `documents/`; empty for a failure."""
    reason: str = ""
    detail: str = ""


class Contents(Struct, frozen=True, kw_only=True):
    """`snapshot.json`."""

    format: int = FORMAT
    source: str
    saved_at: datetime
    articles: int
    """The limit for article pages when it was saved."""
    documents: tuple[KeptDocument, ...]


class Expected(Struct, frozen=True, kw_only=True):
    """`expected.json`: fields by address, in the order in which they were read."""

    format: int = FORMAT
    listed: dict[str, Fields] = {}
    next_url: str = ""
    popular: dict[str, Fields] = {}
    articles: dict[str, Fields] = {}


class Difference(Struct, frozen=True, kw_only=True):
    """One item or article that is read differently than expected."""

    part: str
    """`listed`, `popular`, `article` or `next`."""
    url: str
    kind: ChangeKind
    changes: tuple[FieldChange, ...] = ()

    @property
    def is_loss(self) -> bool:
        """Whether values were lost or changed, not only gained."""
        if self.changes:
            return any(change.kind is not ChangeKind.GAINED for change in self.changes)
        return self.kind is not ChangeKind.GAINED


class Recorder:
    """Passes requests on, and records every answer."""

    def __init__(self, fetch: Fetcher) -> None:
        self._fetch = fetch
        self.answers: dict[str, FetchResult] = {}

    async def fetch(self, source: Source, url: str, *, gate: Gate = open_gate) -> FetchResult:
        result = await self._fetch(source, url, gate=gate)
        self.answers[url] = result
        return result


class Snapshot:
    """A saved snapshot; its `fetch` replaces the network in a preview."""

    def __init__(self, folder: Path, contents: Contents) -> None:
        self.contents = contents
        self._folder = folder
        self._documents = {document.requested_url: document for document in contents.documents}

    async def fetch(self, source: Source, url: str, *, gate: Gate = open_gate) -> FetchResult:
        """Return the stored answer of an address; a failure for an address that is not in the snapshot."""
        del source
        document = self._documents.get(hide_secrets(url))
        if document is None:
            # A robots.txt that was not requested when the snapshot was saved disallows nothing.
            is_robots = urlsplit(url).path == "/robots.txt"
            return FetchFailed(
                requested_url=url,
                reason=Reason.HTTP if is_robots else Reason.CONNECT,
                detail="It is not in the snapshot.",
                fetched_at=self.contents.saved_at,
                status=404 if is_robots else None,
            )
        if not document.file:
            return FetchFailed(
                requested_url=url,
                reason=Reason(document.reason),
                detail=document.detail,
                fetched_at=document.fetched_at,
                status=document.status,
            )
        for step in document.redirects:
            async with gate(step.url) as refusal:
                if refusal is not None:
                    return refusal
        path = self._folder / "documents" / Path(document.file).name
        try:
            body = path.read_bytes()
        except OSError as error:
            raise SnapshotFault(f"{path} cannot be read: {error.strerror}") from error
        return Fetched(
            requested_url=url,
            url=document.url,
            status=document.status or 200,
            headers=document.headers,
            body=body,
            fetched_at=document.fetched_at,
            redirects=document.redirects,
        )

    def expected(self) -> Expected:
        return _decoded(self._folder / "expected.json", Expected)


def load_snapshot(folder: Path) -> Snapshot:
    """Return the snapshot in a folder; raise SnapshotFault where it is none."""
    contents = _decoded(folder / "snapshot.json", Contents)
    if contents.format != FORMAT:
        raise SnapshotFault(f"{folder} has format {contents.format}; this program reads {FORMAT}")
    return Snapshot(folder, contents)


def check_free(folder: Path, *, force: bool) -> None:
    """Raise SnapshotFault where a folder already holds a snapshot, unless `force` is set."""
    if not force and (folder / "snapshot.json").exists():
        raise SnapshotFault(
            f"{folder} holds a snapshot already, with what is expected of it: name another folder, or --force"
        )


def save_snapshot(
    folder: Path,
    source: Source,
    answers: Mapping[str, FetchResult],
    expected: Expected,
    *,
    articles: int,
    now: datetime,
) -> None:
    """Write a snapshot, replacing an earlier one. Raise SnapshotFault where the folder holds other files."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "snapshot.json").exists():
        raise SnapshotFault(f"{folder} is not empty, and no snapshot: name another folder")
    try:
        (folder / "documents").mkdir(parents=True, exist_ok=True)
        for old in (folder / "documents").iterdir():
            old.unlink()
        documents = tuple(
            _kept(folder / "documents", number, hide_secrets(url), answer)
            for number, (url, answer) in enumerate(answers.items(), 1)
        )
        contents = Contents(source=source.id, saved_at=now, articles=articles, documents=documents)
        (folder / "snapshot.json").write_bytes(_encoded(contents))
        save_expected(folder, expected)
    except OSError as error:
        raise SnapshotFault(f"{folder} cannot be written: {error.strerror}") from error


def save_expected(folder: Path, expected: Expected) -> None:
    (folder / "expected.json").write_bytes(_encoded(expected))


def result_of(shown: Preview) -> Expected:
    """Return the result of a preview in the form that is stored and compared."""
    return Expected(
        listed={clean_url(item.url): _listed(item) for item in shown.listed},
        next_url=clean_url(shown.next_url or ""),
        popular={clean_url(item.url): _boxed(item) for item in shown.popular},
        articles={_key(candidate): _fields(candidate) for candidate in shown.candidates},
    )


def differences(expected: Expected, now: Expected) -> tuple[Difference, ...]:
    """Return the differences, part by part, in the order of `expected`."""
    found = [
        *_compared("article", expected.articles, now.articles),
        *_compared("listed", expected.listed, now.listed),
        *_compared("popular", expected.popular, now.popular),
    ]
    if expected.next_url != now.next_url:
        changes = compare({"url": expected.next_url}, {"url": now.next_url})
        url = now.next_url or expected.next_url
        found.append(Difference(part="next", url=url, kind=changes[0].kind, changes=changes))
    return tuple(found)


def _compared(part: str, before: Mapping[str, Fields], now: Mapping[str, Fields]) -> Sequence[Difference]:
    found = []
    for url in dict.fromkeys((*before, *now)):
        if url not in now:
            found.append(Difference(part=part, url=url, kind=ChangeKind.LOST))
        elif url not in before:
            found.append(Difference(part=part, url=url, kind=ChangeKind.GAINED))
        elif changes := compare(before[url], now[url]):
            found.append(Difference(part=part, url=url, kind=ChangeKind.CHANGED, changes=changes))
    return found


def _kept(folder: Path, number: int, url: str, answer: FetchResult) -> KeptDocument:
    if isinstance(answer, Fetched):
        name = f"{number:03}{_suffix(answer)}"
        (folder / name).write_bytes(answer.body)
        return KeptDocument(
            requested_url=url,
            url=hide_secrets(answer.url),
            status=answer.status,
            headers={key: value for key, value in answer.headers.items() if key in _KEPT_HEADERS},
            fetched_at=answer.fetched_at,
            redirects=tuple(
                Redirect(status=step.status, url=hide_secrets(step.url)) for step in answer.redirects
            ),
            file=name,
        )
    if isinstance(answer, FetchFailed):
        return KeptDocument(
            requested_url=url,
            fetched_at=answer.fetched_at,
            status=answer.status,
            reason=answer.reason.value,
            detail=hide_secrets(answer.detail),
        )
    detail = "The server said that nothing had changed."
    return KeptDocument(
        requested_url=url, fetched_at=answer.fetched_at, reason=Reason.PROTOCOL.value, detail=detail
    )


def _suffix(answer: Fetched) -> str:
    if urlsplit(answer.requested_url).path == "/robots.txt":
        return ".txt"
    media_type = answer.headers.get("content-type", "").partition(";")[0].lower()
    return next((suffix for word, suffix in _SUFFIXES if word in media_type), ".bin")


def _key(candidate: Candidate) -> str:
    return clean_url(candidate.url) or candidate.guid or candidate.title


def _fields(candidate: Candidate) -> Fields:
    more = {
        "guid": candidate.guid or "",
        "canonical": clean_url(candidate.canonical_url or ""),
        "updated": candidate.updated_at.isoformat() if candidate.updated_at else "",
        "embargo": candidate.embargo_until.isoformat() if candidate.embargo_until else "",
        "views": "" if candidate.views is None else str(candidate.views),
    }
    return {**fields_of(candidate), **{name: value for name, value in more.items() if value}}


def _listed(item: ListedItem) -> Fields:
    fields = {
        "title": item.title or "",
        "published": item.published_at.isoformat() if item.published_at else "",
        "section": item.section or "",
        "image": clean_url(item.image_url or ""),
    }
    return {name: value for name, value in fields.items() if value}


def _boxed(item: PopularItem) -> Fields:
    fields = {
        "rank": str(item.rank),
        "title": item.title,
        "published": item.published_at.isoformat() if item.published_at else "",
        "views": "" if item.views is None else str(item.views),
        "author": item.author or "",
    }
    return {name: value for name, value in fields.items() if value}


def _encoded(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def _decoded(path: Path, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        raise SnapshotFault(f"{path.parent} is not a snapshot: it has no {path.name}") from None
    except OSError as error:
        raise SnapshotFault(f"{path} cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise SnapshotFault(f"{path} cannot be understood: {error}") from error
