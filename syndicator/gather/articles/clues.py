"""By what the parts of news pages are recognised: words in their text, in their classes, in addresses."""
# ruff: noqa: SIM905 -- lists of names are easier to read as words

import re
from collections.abc import Iterable
from datetime import datetime
from unicodedata import category
from urllib.parse import parse_qsl, unquote, urlsplit

from syndicator.gather.documents.outline import Element
from syndicator.gather.figures import parse_count
from syndicator.rules.dates.date_parser import read_date


def _clue(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


DATE = _clue(r"date|time|tanggal|tgl|publish|waktu|posted|updated")
AUTHOR = _clue(r"author|reporter|penulis|writer|byline|wartawan|jurnalis|pewarta|kontributor|contributor")
AUTHOR_PATH = _clue(
    r"/(?:authors?|penulis|reporters?|writers?|wartawan|jurnalis|pewarta|kontributor|contributors?|by)/[^/]"
)
AUTHOR_LABEL = re.compile(
    r"(Reporter|Penulis|Wartawan|Pewarta|Jurnalis|Author|Writer|Oleh|By)(?:\s*+[:：])?\s++\S", re.IGNORECASE
)
EDITOR = _clue(r"editor|redaktur|penyunting")
VIEWS = _clue(r"view|hits?\b|dibaca|dilihat|pageview|read-?count|eye|counter")
VIEWS_TEXT = _clue(r"dibaca|dilihat|views?\b|kali|pembaca|reads?\b")
SECTION = _clue(r"badge|categor|kategori|kanal|rubrik|channel|section|label|topic|subtitle__")
SECTION_PATH = _clue(r"/(?:kategori|category|kanal|rubrik|channel|section|topik|tag)/[^/]+/?$")
TAGS = _clue(r"(?:^|[\s_-])tags?(?:$|[\s_-])|topik|keyword|tagging")
TAG_PATH = _clue(r"/(?:tags?|topik|topic|keyword)/|[?&](?:tag|q)=")
CREDIT = _clue(r"credit|copyright|photographer|fotografer|photo-?source|sumber|image-?info|img-?info")
CREDIT_TEXT = re.compile(r"[(\[]?(?:foto|photo|dok|sumber|doc)\b\.?\s*[:：/]?", re.IGNORECASE)
CAPTION = _clue(r"caption|keterangan|ket-?foto|desc-?(?:foto|photo|image)")
INLINE_RELATED = _clue(r"read-?also|baca-?juga|also-?read|linksisip|lihat-?juga|related|terkait")
INLINE_LABEL = re.compile(r"(baca|lihat|simak|read|see)\s+(juga|also|too|pula)|also read", re.IGNORECASE)
RELATED_HEADING = re.compile(
    r"(?:berita|artikel|konten|kabar)?\s*(?:terkait|lainnya|serupa)|related.{0,20}"
    r"|(?:baca|lihat|simak) juga\s*:?|you may also like|read also|see also",
    re.IGNORECASE,
)
POPULAR_HEADING = re.compile(
    r"(?:berita|artikel|kabar)?\s*(?:ter)?popul[ea]r.{0,20}|terbanyak dibaca|hot news"
    r"|(?:paling|banyak)\s+(?:banyak\s+)?(?:dibaca|populer|dicari).{0,20}"
    r"|most\s+(?:popular|read|viewed).{0,20}|trending.{0,20}",
    re.IGNORECASE,
)
POPULAR = _clue(r"popul[ea]r|trending|most-?(?:read|viewed|popular)|terbaca|mostpop")
BREADCRUMB = _clue(r"breadcrumb")
LEAD = _clue(
    r"(?:^|[\s_-])(?:lead|sapo|ringkasan|summary|excerpt|standfirst|teaser|sinopsis|deck)(?:$|[\s_-])"
)
UNWANTED = _clue(
    r"(?:^|[\s_-])(?:ads?|iklan|advert\w*|banner|parallax|sponsor\w*|newsletter|share)(?:$|[\s_-])"
)
ASIDE = _clue(
    r"(?:^|[\s_-])(?:nav\w*|menu|footer|foot|breadcrumbs?|sidebar|side|aside|widget|related|terkait|popul[ea]r\w*"
    r"|trending|share|sosmed|social|comments?|komentar|banner|ads?|iklan|cookie|modal|popup|login|search"
    r"|recommend\w*|rekomendasi)(?:$|[\s_-])"
)
NEXT_TEXT = re.compile(
    r"[«‹←<\s]*(?:(?:halaman|laman|berita|artikel) )?"
    r"(?:next|berikut(?:nya)?|selanjutnya|lebih lama|older|lanjut|(?:muat|lihat) lebih(?: banyak)?|load more"
    r"|siguiente|suivante?|weiter|nächste|pr[óo]xim[ao]|seguinte|volgende|avanti|następna|далее|следующая"
    r"|अगला|次へ|下一页|다음|ถัดไป|›|»|→|>)"
    r"(?: (?:page|posts|entries|stories|news|halaman|seite|p[áa]gina))?[\s›»→>]*",
    re.IGNORECASE,
)
NEXT = _clue(r"(?:^|[\s_-])next(?:$|[\s_-])|older|berikut")
PAGES = _clue(r"pagination|paging|pager|halaman|page-?nav")
PAGE_ADDRESS = _clue(
    r"[?&](?:p|pg|page|paged|page_?no|hal|halaman|seite|pagina|start|offset)=\d+|/(?:page|halaman|p|seite)/\d+"
)
EMBEDDED = _clue(r"twitter|instagram|tiktok|facebook|embed")
NO_PICTURE = _clue(r"logo|icon|avatar|profile|sprite|blank|pixel|loading|banner|/ads?/|1x1")

_NOT_ARTICLES = frozenset(
    [
        "tag", "tags", "topik", "topic", "kategori", "category", "author", "penulis", "search", "cari",
        "page",
        "halaman", "indeks", "index", "login", "register", "about", "tentang", "tentang-kami", "privacy",
        "kebijakan", "redaksi", "pedoman", "kontak", "contact", "iklan", "rss", "feed", "sitemap", "user",
        "profile", "help", "bantuan", "karir", "terms", "disclaimer", "subscribe", "amp", "wp-content",
        "pedoman-media-siber", "kebijakan-privasi", "syarat-dan-ketentuan", "privacy-policy",
    ]
)  # fmt: skip
_FILE = re.compile(r"\.(?:html?|php|aspx?|jsp)$", re.IGNORECASE)
_INDEX_FILE = re.compile(r"index\.(?:html?|php|aspx?|jsp)", re.IGNORECASE)
_NUMBER = re.compile(r"\d{4,}")
_DAY = re.compile(r"/(?:19|20)\d\d/\d{1,2}(?:/\d{1,2})?/|/(?:19|20)\d{6}/")
_WORD = re.compile(r"[^\W\d_]{2,}")
_DATE_LIKE = re.compile(r"(?=.*\d).{6,80}")
_PROGRAM = re.compile(r"(?:^|/)(?:index)?$|\.(?:php|aspx?|jsp|cgi|do)$", re.IGNORECASE)
"""Paths at which a program serves many pages, by their query."""
_NAMES_OF_LISTS = frozenset(
    "kanal kategori category cat rubrik channel section tag topik topic q s search cari author penulis page "
    "hal halaman".split()
)
_NAMES_OF_ARTICLES = frozenset(
    "id baca read berita news artikel article post nid aid idberita id_berita newsid berita_id article_id "
    "content".split()
)
_NUMBERED = re.compile(r"\d+(?:$|[-_])")
_MAX_QUERY = 2000
_SLUG_WORDS = 4
_SHORT_SLUG_WORDS = 2
_BELOW_A_SECTION = 3
_ARTICLES = frozenset("read baca artikel article articles post".split())
"""Segments that come before articles alone: there, a slug may be short."""
_JOINING = frozenset("dan and y und et e".split())
"""Words in names of sections: "hukum-dan-kriminal"."""


def is_article(url: str) -> bool:
    """Return whether a URL looks like that of one article: a long slug, or a short one with an id or date.

    Where one program gives many pages (`/index.php?baca=4711`), the query decides.
    """
    parts = urlsplit(url)
    path = unquote(parts.path)
    if parts.query and _PROGRAM.search(path):
        name = _FILE.sub("", path.rpartition("/")[2]).lower()
        return (name == "index" or name not in _NOT_ARTICLES) and _asks_for_an_article(parts.query)
    segments = [segment for segment in path.split("/") if segment]
    if segments and _INDEX_FILE.fullmatch(segments[-1]):
        segments.pop()
    if not segments or any(segment.lower() in _NOT_ARTICLES for segment in segments[:-1]):
        return False
    last = _FILE.sub("", segments[-1])
    if last.lower() in _NOT_ARTICLES or re.search(r"\.(?:xml|jpe?g|png|pdf|apk|mp4|json)$", last):
        return False
    words = _count_words(last)
    numbered = bool(_NUMBER.search(path) or _DAY.search(f"{path}/"))
    below = segments[-2] if len(segments) > 1 else ""
    short = _SHORT_SLUG_WORDS if numbered or below.lower() in _ARTICLES else _SLUG_WORDS
    if words >= short or (
        below and words == _BELOW_A_SECTION and _JOINING.isdisjoint(last.lower().split("-"))
    ):
        return True
    long_before = _count_words(below) >= _SLUG_WORDS
    return long_before or (numbered and len(segments) > 1 and bool(_NUMBER.fullmatch(last)))


def _count_words(slug: str) -> int:
    """Count the words of two letters or more; signs of vowels, as of Devanagari, are letters here."""
    if not slug.isascii():
        slug = "".join("a" if category(each).startswith("M") else each for each in slug)
    return len(_WORD.findall(re.sub(r"[-_+]", " ", slug)))


def _asks_for_an_article(query: str) -> bool:
    """Return whether a query names one article by its number or slug, and no list."""
    asked = [(name.lower(), value) for name, value in parse_qsl(query[:_MAX_QUERY])]
    if any(name in _NAMES_OF_ARTICLES and _NUMBERED.match(value) for name, value in asked):
        return True
    if any(name in _NAMES_OF_LISTS for name, _ in asked):
        return False
    return any(
        _count_words(value) >= _SLUG_WORDS
        or (name == "p" and _NUMBER.fullmatch(value) is not None)  # of few digits it is the page of a list
        for name, value in asked
    )


def pattern_of(url: str) -> str:
    """Return the form of an address: numbers as #, long words as ~, so that those of one kind are equal."""
    parts = urlsplit(url)
    text = "/".join(map(_form, parts.path.strip("/").split("/")))
    if parts.query and _PROGRAM.search(parts.path):
        asked = sorted(parse_qsl(parts.query[:_MAX_QUERY]))
        text += "?" + "&".join(f"{name}={_form(value)}" for name, value in asked)
    return f"{parts.hostname}/{text}"


def _form(segment: str) -> str:
    if re.fullmatch(r"\d+", segment):
        return "#"
    return "~" if _count_words(unquote(segment)) > 1 else "*"


class Clock:
    """Reads dates as the source would: its zone, and the time at which the page came."""

    def __init__(self, timezone: str, now: datetime) -> None:
        self._timezone = timezone
        self._now = now

    def reads(self, text: str | None) -> bool:
        """Return whether a short text is a date."""
        return self.instant(text) is not None

    def instant(self, text: str | None) -> datetime | None:
        """Return the instant that a short text names; midnight for a bare day, None for what is no date."""
        if not text or not _DATE_LIKE.fullmatch(text) or parse_count(text) is not None:
            return None
        read = read_date(text, timezone=self._timezone, now=self._now)
        return read.at if read else None


def in_aside(element: Element, root: Element | None = None) -> bool:
    """Return whether something stands in navigation, in a side column, in a box of other things."""
    for each in (element, *element.ancestors()):
        if each is root or each.tag == "body":
            return False
        if each.tag in {"nav", "footer", "aside"} or ASIDE.search(each.named):
            return True
    return False


def in_frame(element: Element) -> bool:
    """Return whether something stands in what frames every page: its head, its menu, its foot."""
    return any(
        each.tag in {"nav", "footer"} or (each.tag == "header" and each.depth <= 3)  # noqa: PLR2004  the page's own
        for each in (element, *element.ancestors())
    )


def first_label(texts: Iterable[str]) -> str:
    """Return the word by which a byline says what it is, as it is written, where all say it alike."""
    labels = {match[1] for text in texts if (match := AUTHOR_LABEL.match(text))}
    return labels.pop() if len(labels) == 1 else ""
