"""Article pages, by CSS selectors and by what the page says of itself. The pool's work: sync and picklable.

What stands on a page once arrives once. A link between the paragraphs becomes a related link and leaves the
body; a pull quote that repeats words of the body leaves it too, one that says something of its own stays.
"""

from msgspec import Struct
from msgspec.structs import replace
from selectolax.lexbor import LexborNode

from syndicator.errors import NotReadable
from syndicator.gather.article_status import cancelled, corrected
from syndicator.gather.articles.article_body import (
    DENSITY,
    BodyParts,
    body_offers,
    first_paragraph,
    pointed,
    take_body_apart,
    without_read_also,
)
from syndicator.gather.articles.article_dates import ArticleDates
from syndicator.gather.articles.article_photos import IN_FIGURE, claimed_photos, completed, figures, photos
from syndicator.gather.articles.article_provenance import (
    credentials_left_out,
    date_rule,
    dates_passed_over,
    taken_out,
    written,
)
from syndicator.gather.articles.byline_region import (
    NEAR_HEADLINE,
    Lines,
    editors_near,
    lines_near,
    reporters_near,
)
from syndicator.gather.articles.claim_merge import (
    Dated,
    FieldChoice,
    authors,
    best_date,
    contradictory_dates,
    disagreements,
    language_code,
    leads,
    sections,
    site_of,
)
from syndicator.gather.articles.headlines import Headline, contradiction, headlines
from syndicator.gather.articles.metadata import SaidOfItself, addresses_of, leads_home, read_metadata
from syndicator.gather.articles.replacements import replaced
from syndicator.gather.bylines import reporters, tags_in
from syndicator.gather.documents.html_cleaning import to_text
from syndicator.gather.documents.selectors import Page, Picked, Selector, empty, selector
from syndicator.gather.documents.text import MAX_LEAD, MAX_NAME, MAX_TAGS, folded, plain_text
from syndicator.gather.figures import first_count
from syndicator.gather.language import MAX_CHARS, NAMES, contradicted, language_of
from syndicator.model.article import Candidate, Change, ListedItem, Photo, Provenance
from syndicator.model.fetch import Fetched, Reason
from syndicator.model.source import ArticleRule, Source
from syndicator.rules.articles.same_picture import merged
from syndicator.rules.identity.canonical_trust import is_believed
from syndicator.rules.identity.identity import spec_hash

_TEXT_PARTS = (
    "title", "body", "date", "authors", "lead", "quote", "caption", "credit", "section", "tags", "views",
    "embargo",
)  # fmt: skip
_COUNTED = (
    "title", "body", "date", "authors", "lead", "quote", "photo", "caption", "credit", "section", "tags",
    "related", "views",
)  # fmt: skip
"""Parts whose selectors are reported when they find nothing; an embargo is rare by its nature."""
_EMPTY_RULE = ArticleRule()


class ArticleReading(Struct, frozen=True, kw_only=True):
    """One article page as it was read."""

    candidate: Candidate
    found: tuple[str, ...] = ()
    """The selectors of the rule (`article.quote`) that found something that they are for."""
    missing: tuple[str, ...] = ()
    """Those that found nothing on this page: a fall-back may have."""
    warnings: tuple[str, ...] = ()
    """Where the page contradicts itself, or could not be read in full; a sentence each."""


def read_article(source: Source, fetched: Fetched, listed: ListedItem | None = None) -> ArticleReading:
    """Read one article page; what the list says of it fills what the page itself leaves open.

    A source without a rule for articles is read by what its pages say of themselves alone.
    NotReadable("empty") where there is no article: it names the selector of the headline, or of the body
    where there is nothing else to read either.
    """
    if leads_home(fetched):
        raise NotReadable(Reason.EMPTY, "it leads to the front page")
    rule = source.article or _EMPTY_RULE
    page = Page(fetched)
    unwanted = selector("article.remove", rule.remove)
    doomed = page.doomed(unwanted)
    picked = page.pick(doomed, _parts(rule))
    said, bodies = read_metadata(page, doomed, addresses_of(fetched, listed))
    cut = _Cut(page=page, picked=picked, said=said, gone=taken_out(page.find(unwanted)))
    doomed.cut()
    return _Reader(source, fetched, listed, cut).reading(bodies)


def _parts(rule: ArticleRule) -> list[Selector | None]:
    texts = [selector(f"article.{name}", getattr(rule, name)) for name in _TEXT_PARTS]
    return [selector("article.photo", rule.photo), selector("article.related", rule.related, "href"), *texts]


def _nothing(what: str, name: str, css: str | None) -> NotReadable:
    """Make the error that says what an article lacks, and by which selector."""
    if css:
        return empty(Selector(name=name, css=css))
    return NotReadable(Reason.EMPTY, f"no {what} is found on the page: give {name} a selector")


class _Cut(Struct, frozen=True, kw_only=True):
    """A page from which all is taken that nobody reads, and what was found on it before."""

    page: Page
    picked: Picked
    said: SaidOfItself
    gone: list[Change]


class _Reader:
    """Reads one page that was cut already."""

    def __init__(self, source: Source, fetched: Fetched, listed: ListedItem | None, cut: _Cut) -> None:
        self._source = source
        self._fetched = fetched
        self._listed = listed
        self._page = cut.page
        self._picked = cut.picked
        self._said = cut.said
        self._rule = source.article or _EMPTY_RULE
        self._url = listed.url if listed else fetched.requested_url
        self._choice = FieldChoice()
        self._changes = cut.gone
        self._warnings = list(cut.said.warnings)
        self._near = Lines()
        self._dates = ArticleDates(source, fetched, listed, cut.picked.texts("article.date"))

    def reading(self, marked: list[LexborNode]) -> ArticleReading:
        """Read all of it; `marked` are the elements that the page itself marks as its body."""
        listed = (self._listed and self._listed.title) or ""
        offers = headlines(self._page, self._said.claims, self._fetched.url, listed)
        title = self._title(offers)
        self._check_that_it_is_one()
        self._near = lines_near(self._page, title)
        own = {self._url, self._fetched.requested_url, self._fetched.url}
        apart = take_body_apart(self._picked, marked, own)
        body_html = self._body(apart, title)
        self._changes += credentials_left_out(apart.nodes)
        date = self._dates.read(self._said.claims, self._near)
        candidate = self._candidate(title, body_html, apart, date)
        if not (candidate.body_html or candidate.lead or candidate.photos):
            raise _nothing("text", "article.body", self._rule.body)
        self._warn_of_missing(candidate, date)
        self._compare(offers)
        self._changes += dates_passed_over(self._dates.publications, date, self._choice.read_from)
        done = replaced(candidate, self._rule.replace, self._page.base)
        self._changes += done.changes
        missing = self._missing()
        return ArticleReading(
            candidate=replace(done.candidate, provenance=self._provenance(date)),
            found=tuple(name for name in self._configured() if name not in missing),
            missing=missing,
            warnings=(*self._warnings, *done.warnings),
        )

    def _candidate(self, title: str, body_html: str, apart: BodyParts, date: Dated | None) -> Candidate:
        take, listed, picked = self._choice.take, self._listed, self._picked
        claims = self._said.claims
        body_html, pointers = without_read_also(body_html)
        embargoes = ((one.read_from, self._dates.until(one.embargo)) for one in claims)
        lead = self._lead(title, body_html)
        return Candidate(
            source=self._source.id,
            url=self._url,
            title=title,
            canonical_url=self._canonical(),
            provenance=self._provenance(None),  # completed once all is read
            lead=lead,
            body_html=body_html,
            quote=take("quote", ("selector", apart.quote)),
            related=take(
                "related",
                (
                    apart.read_from if apart.related else self._choice.read_from.get("body", ""),
                    pointed(apart, pointers),
                ),
            )
            or (),
            authors=self._authors(),
            photos=self._photos(title),
            section=take(
                "section",
                ("selector", picked.text("article.section", MAX_NAME)),
                *sections(claims),
                ("list", listed.section if listed else None),
            ),
            tags=take(
                "tags",
                ("selector", tags_in(picked.texts("article.tags"))),
                *((one.read_from, one.tags[:MAX_TAGS]) for one in claims),
                ("list", listed.tags if listed else ()),
            )
            or (),
            language=self._language(f"{title}\n{lead}", body_html),
            published_at=take("published_at", *self._dates.published(date)),
            updated_at=take("updated_at", *self._dates.updated(claims)),
            views=take(
                "views",
                ("selector", first_count(picked.texts("article.views"))),
                *((one.read_from, one.views) for one in claims),
            ),
            comments=take("comments", *((one.read_from, one.comments) for one in claims)),
            correction=next((one.correction for one in claims if one.correction), None)
            or corrected(*(one.status for one in claims)),
            cancelled=cancelled(*(one.status for one in claims)),
            embargo_until=take(
                "embargo_until",
                ("selector", self._dates.until(picked.text("article.embargo"))),
                *embargoes,
                ("list", listed.embargo_until if listed else None),
            ),
        )

    def _authors(self) -> tuple[str, ...]:
        claims = self._said.claims
        near = () if self._rule.authors else reporters_near(self._near, site_of(claims))
        # Metadata of portals names the editor, too; where readers see who reported, that counts.
        editors = {folded(name) for name in editors_near(self._near)} if near else frozenset[str]()
        claimed = [
            (read_from, tuple(name for name in names if folded(name) not in editors))
            for read_from, names in authors(claims)
        ]
        taken = self._choice.take(
            "authors",
            ("selector", reporters(self._picked.texts("article.authors", MAX_NAME))),
            *claimed,
            (NEAR_HEADLINE, near),
        )
        return taken or ()

    def _title(self, offers: list[Headline]) -> str:
        listed = self._listed.title if self._listed else None
        title = self._choice.take(
            "title",
            ("selector", self._picked.text("article.title")),
            *((one.read_from, one.text) for one in offers if one.is_own),
            ("list", listed),
            *((one.read_from, one.text) for one in offers if not one.is_own),
        )
        if not title:
            raise _nothing("headline", "article.title", self._rule.title)
        taken = self._choice.read_from["title"]
        written = next((one.written for one in offers if (one.read_from, one.text) == (taken, title)), title)
        if written != title:
            self._changes.append(
                Change(field="title", received=written, why="cut or completed as the rest of the page says")
            )
        return title

    def _check_that_it_is_one(self) -> None:
        """Refuse a page on which neither headline nor body is found, unless it says that it is an article.

        Portals answer for pages that are gone with others that have a title too.
        """
        rule, picked = self._rule, self._picked
        wanted = [name for name in ("title", "body") if getattr(rule, name)]
        if wanted and not self._said.is_article and not any(picked.text(f"article.{one}") for one in wanted):
            raise empty(Selector(name=f"article.{wanted[0]}", css=getattr(rule, wanted[0])))

    def _body(self, apart: BodyParts, title: str) -> str:
        offers = body_offers(apart, self._page, title, self._said.claims, self._warnings)
        return self._choice.take_from("body", offers) or ""

    def _warn_of_missing(self, candidate: Candidate, date: Dated | None) -> None:
        if not candidate.body_html:
            self._warnings.append("no text of an article was found: give article.body a selector")
        if candidate.published_at is None and not (date and date.is_date):
            self._warnings.append("no date was found: the time of first sight counts")

    def _lead(self, title: str, body_html: str) -> str:
        whole, cut = leads(self._said.claims, title)
        guessed = bool(self._rule.body) and self._choice.read_from.get("body") == DENSITY
        return (
            self._choice.take(
                "lead",
                ("selector", self._picked.text("article.lead", MAX_LEAD)),
                *whole,
                (self._choice.read_from.get("body", ""), "" if guessed else first_paragraph(body_html)),
                *cut,
            )
            or ""
        )

    def _photos(self, title: str) -> tuple[Photo, ...]:
        """Return the photos, each once, with what any place of the page says of it."""
        claims = [(one.read_from, claimed_photos(one.photos)) for one in self._said.claims]
        claimed, _ = merged(claims)
        shown = () if self._rule.photo else completed(claimed, figures(self._page, title))
        image = self._listed.image_url if self._listed else None
        found, read_from = merged(
            [
                ("selector", photos(self._picked, title)),
                *claims,
                (IN_FIGURE, shown),
                ("list", (Photo(url=image),) if image else ()),
            ]
        )
        return self._choice.take("photos", (read_from, found)) or ()

    def _language(self, words: str, body_html: str) -> str | None:
        """Return the source's language, else what the page says, but that of its words where it is clear."""
        if self._source.language:
            return self._source.language
        said = [("meta", self._said.language), *((one.read_from, one.language) for one in self._said.claims)]
        said.append(("list", self._listed.language or "" if self._listed else ""))
        offers = [(read_from, language_code(text)) for read_from, text in said]
        claim = self._choice.take("language", *offers)
        text = f"{words}\n{to_text(body_html, MAX_CHARS)}"
        in_words = contradicted(claim, text) if claim else language_of(text)
        if in_words is None:
            return claim
        if claim:
            self._changes.append(
                Change(field="language", received=claim, why=f"its words are {NAMES[in_words]}")
            )
        return self._choice.take("language", ("words", in_words))

    def _canonical(self) -> str | None:
        """Return the page's own name for itself, else where a redirect led to, as far as it is believed."""
        for address in (*self._said.canonical, self._fetched.url):
            if is_believed(address, self._url, self._source):
                return address if address != self._url else None
        return None

    def _compare(self, offers: list[Headline]) -> None:
        dates = [date for date in self._dates.publications if not date.is_change]
        claimed = [date for date in dates if date.read_from != "selector"]
        self._warnings += disagreements(
            title=self._picked.text("article.title"),
            names=reporters(self._picked.texts("article.authors", MAX_NAME)),
            date=best_date([date for date in dates if date.read_from == "selector"]),
            headlines=[one for one in offers if one.is_own],
            claimed_names=authors(self._said.claims),
            claimed_dates=claimed,
        )
        self._warnings += filter(None, (contradiction(offers), contradictory_dates(claimed)))

    def _configured(self) -> list[str]:
        return [f"article.{name}" for name in _COUNTED if getattr(self._rule, name)]

    def _missing(self) -> tuple[str, ...]:
        """Return the selectors that found nothing that they are for."""
        picked = self._picked
        found = {
            "article.body": self._choice.read_from.get("body") == "selector",
            "article.date": any(
                date.is_date for date in self._dates.publications if date.read_from == "selector"
            ),
            "article.photo": bool(picked.images("article.photo")),
            "article.related": bool(picked.links("article.related")),
            "article.views": first_count(picked.texts("article.views")) is not None,
            "article.quote": "quote" in self._choice.read_from,
        }
        return tuple(
            name
            for name in self._configured()
            if not (found[name] if name in found else picked.text(name, MAX_NAME))
        )

    def _provenance(self, date: Dated | None) -> Provenance:
        fetched = self._fetched
        moved = fetched.url != fetched.requested_url
        return Provenance(
            source=self._source.id,
            requested_url=fetched.requested_url,
            url=fetched.url if moved else "",
            fetched_at=fetched.fetched_at,
            status=fetched.status,
            etag=fetched.headers.get("etag"),
            last_modified=fetched.headers.get("last-modified"),
            rules=spec_hash(self._source),
            claimed_date=plain_text(date.text, MAX_NAME) if date else None,
            claimed_at=written(date, self._listed, self._choice.read_from),
            date_rule=date_rule(date, self._choice.read_from),
            read_from=self._choice.read_from,
            changes=tuple(self._changes),
        )
