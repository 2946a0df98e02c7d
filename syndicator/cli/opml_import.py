"""From a list of feeds to sources: named, without those that are gathered already, each checked by itself."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from msgspec import Struct
from pydantic import ValidationError

from syndicator.errors import Fault
from syndicator.gather.listings.opml import FeedList, Outline
from syndicator.pipeline.preview.toml_blocks import feed_block, free_name
from syndicator.rules.filter_language import language_fault
from syndicator.rules.identity.identity import url_key
from syndicator.settings import Settings
from syndicator.settings.fault_messages import faults_of
from syndicator.settings.tables.sources import SourceForm


class Imported(Struct, frozen=True, kw_only=True):
    """A source that was made of an outline."""

    id: str
    title: str
    url: str
    section: str | None = None
    language: str | None = None
    block: str
    """As the configuration holds it."""


class Skipped(Struct, frozen=True, kw_only=True):
    title: str
    url: str
    reason: str


class Import(Struct, frozen=True, kw_only=True):
    """The result of an import: sources to add, feeds left out, and faults."""

    sources: tuple[Imported, ...]
    skipped: tuple[Skipped, ...]
    faults: tuple[Fault, ...]


def planned(listed: FeedList, settings: Settings, file: str) -> Import:
    """Return the sources of a list, with a fault for each feed that cannot be imported."""
    importing = _Importing(settings, file)
    for outline in listed.outlines:
        importing.take(outline)
    faults = [importing.fault(one.line, one.reason) for one in listed.faults] + importing.faults
    return Import(sources=tuple(importing.sources), skipped=tuple(importing.skipped), faults=tuple(faults))


class _Importing:
    def __init__(self, settings: Settings, file: str) -> None:
        self._file = file
        self._own = settings.site.public_url + "/"
        self._taken = {*settings.sources, *settings.feeds, *settings.retired_feeds}
        self._gathered = {
            url_key(one.url): f"is gathered already, as [source.{one.id}]"
            for one in settings.sources.values()
        }
        self.sources: list[Imported] = []
        self.skipped: list[Skipped] = []
        self.faults: list[Fault] = []

    def fault(self, line: int, reason: str, remedy: str = "") -> Fault:
        return Fault(file=self._file, key=f"line {line}", reason=reason, remedy=remedy, line=line)

    def take(self, outline: Outline) -> None:
        url = _web_address(outline.url)
        title = outline.title or urlsplit(url).hostname or url
        fields = _fields(outline, title, url)
        try:
            form = SourceForm.model_validate({**fields, "kind": "feed", "schedule": {"adaptive": True}})
        except ValidationError as error:
            self.faults += [
                self.fault(outline.line, f"{title}: {one.path[0]} {one.reason}", one.remedy)
                for one in faults_of(SourceForm, error)
            ]
            return
        if reason := self._why_not(form.url):
            self.skipped.append(Skipped(title=title, url=form.url, reason=reason))
            return
        name = free_name(title, form.url, self._taken)
        self._taken.add(name)
        self._gathered[url_key(form.url)] = f"stands there twice: it is [source.{name}]"
        self.sources.append(
            Imported(
                id=name,
                title=title,
                url=form.url,
                section=form.section,
                language=form.language,
                block=feed_block(name, fields),
            )
        )

    def _why_not(self, url: str) -> str | None:
        if url.startswith(self._own):
            return "is a feed of our own"
        return self._gathered.get(url_key(url))


def _fields(outline: Outline, title: str, url: str) -> Mapping[str, str]:
    home_url = outline.home_url if outline.home_url.startswith(("http://", "https://")) else ""
    language = outline.language if outline.language and not language_fault(outline.language) else ""
    fields = {
        "title": title,
        "url": url,
        "home_url": home_url,
        "language": language,
        "section": outline.folder,
    }
    return {key: value for key, value in fields.items() if value}


def _web_address(url: str) -> str:
    """Undo the scheme by which browsers handed feeds to readers: `feed://host`, `feed:https://host`."""
    scheme, _, rest = url.partition(":")
    if scheme.lower() != "feed":
        return url
    return f"http:{rest}" if rest.startswith("//") else rest
