"""A made-up world of feeds: RSS documents that report the same topics of one day.

Every text is made of a vocabulary of a few hundred words, so that many articles are near each other and
stories grow to hundreds of members. 15 % of the items are near copies: the text of an item of another feed
with some words changed, under a URL of its own. All is drawn from one seed; only the dates depend on the
clock.
"""

import random
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime

from msgspec import Struct
from wordfreq import get_frequency_dict

ITEMS = 20
"""Items of one feed document."""
COPIES = 0.15
_COMMON, _FIELD = 150, 300
"""Words of the vocabulary: those of every text, and those of which each topic has some."""
_FIELD_OF_TOPIC = 5
_TOPIC_WORDS = 20
_SENTENCES = 13
_SENTENCE_WORDS = 16
_TOPIC_WORDS_IN_SENTENCE = 5
_EDITED_WORDS = 4
_REMEMBERED = 3000
"""Texts that may be copied."""
_CATEGORIES = ("Kota", "Ekonomi", "Olahraga", "Politik", "Budaya")
_AUTHORS = ("Sari Dewi", "Budi Santoso", "Rina Hartati", "Agus Wijaya", "Maya Lestari")
_SYLLABLES = [first + vowel for first in "bcdghjklmnprstwy" for vowel in "aiueo"]
_FIELD_RANGE = (10**-6.2, 10**-4.6)
"""How frequent a word of some topic is in Indonesian: rare enough to tell topics apart."""


class _Text(Struct, frozen=True):
    title: str
    paragraphs: tuple[str, ...]


class _Feed:
    """The items of one feed, rendered, the newest first."""

    def __init__(self) -> None:
        self.items: deque[bytes] = deque(maxlen=ITEMS)
        self.version = 0
        self.made = 0
        self.fresh: list[str] = []
        """URLs of items that nobody was sent yet."""


class Answer(Struct, frozen=True):
    """What the origin sends for a feed, with headers."""

    etag: bytes
    whole: bytes
    unchanged: bytes


class World:
    """All feeds, as their origin serves them."""

    def __init__(self, feeds: int, topics: int, seed: int, now: datetime, port: int) -> None:
        self._rng = random.Random(seed)
        self._now = now
        self._port = port
        self._common, field = _vocabulary(topics, self._rng)
        self._topics = [tuple(self._rng.sample(field, _TOPIC_WORDS)) for _ in range(topics)]
        self._told: deque[_Text] = deque(maxlen=_REMEMBERED)
        self._feeds = [_Feed() for _ in range(feeds)]
        # By turns, so that what is copied is of another feed.
        for place in range(ITEMS):
            for number in range(feeds):
                self._add(number, now - timedelta(hours=20) + timedelta(hours=place, seconds=number))
        self.answers = [self._answer(number) for number in range(feeds)]

    def change(self, numbers: Sequence[int]) -> list[str]:
        """Put a new item at the top of each of these feeds, drop the oldest; return the new URLs."""
        urls = []
        for number in numbers:
            urls.append(self._add(number, self._now))
            self._feeds[number].fresh.append(urls[-1])
            self._feeds[number].version += 1
            self.answers[number] = self._answer(number)
        return urls

    def sent(self, number: int) -> list[str]:
        """Return the URLs of items that the document of a feed now holds and was not sent with before."""
        feed = self._feeds[number]
        fresh, feed.fresh = feed.fresh, []
        return fresh

    def _add(self, number: int, at: datetime) -> str:
        feed, rng = self._feeds[number], self._rng
        copied = len(self._told) > ITEMS and rng.random() < COPIES
        text = self._edited(rng.choice(self._told)) if copied else self._written()
        self._told.append(text)
        url = f"{home_of(number, self._port)}/berita/{feed.made}/{'-'.join(text.title.lower().split()[:5])}"
        feed.made += 1
        feed.items.appendleft(_item(text, url, at, rng))
        return url

    def _written(self) -> _Text:
        rng, topic = self._rng, self._rng.choice(self._topics)
        title = [*rng.sample(topic, 4), *rng.choices(self._common, k=3)]
        rng.shuffle(title)
        sentences = [self._sentence(topic) for _ in range(_SENTENCES)]
        paragraphs = tuple(" ".join(sentences[start : start + 3]) for start in range(0, _SENTENCES, 3))
        return _Text(" ".join(title).capitalize(), paragraphs)

    def _sentence(self, topic: Sequence[str]) -> str:
        rng = self._rng
        words = rng.choices(self._common, k=_SENTENCE_WORDS - _TOPIC_WORDS_IN_SENTENCE)
        words += rng.sample(topic, _TOPIC_WORDS_IN_SENTENCE)
        rng.shuffle(words)
        return " ".join(words).capitalize() + "."

    def _edited(self, text: _Text) -> _Text:
        """Return the text with a few words changed and a line at its end."""
        rng = self._rng
        paragraphs = [paragraph.split() for paragraph in text.paragraphs]
        for _ in range(_EDITED_WORDS):
            words = rng.choice(paragraphs)
            words[rng.randrange(len(words))] = rng.choice(self._common)
        edited = [" ".join(words) for words in paragraphs]
        return _Text(text.title, (*edited, f"Laporan {rng.choice(_AUTHORS)}."))

    def _answer(self, number: int) -> Answer:
        feed = self._feeds[number]
        home = home_of(number, self._port)
        head = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"'
            ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
            ' xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"<channel><title>Portal {number}</title><link>{home}/</link>"
            f"<description>Berita portal {number}</description><language>id</language>"
        )
        body = b"".join((head.encode(), *feed.items, b"</channel></rss>"))
        etag = b'"%d-%d"' % (number, feed.version)
        whole = (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml; charset=utf-8\r\n"
            b"ETag: %b\r\nContent-Length: %d\r\n\r\n%b" % (etag, len(body), body)
        )
        return Answer(etag, whole, b"HTTP/1.1 304 Not Modified\r\nETag: %b\r\n\r\n" % etag)


def home_of(number: int, port: int) -> str:
    """Return the portal of a feed: each has a loopback address of its own, so that no host is shared."""
    return f"http://127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}:{port}"


def feed_of(number: int, port: int) -> str:
    """Return the URL of a feed."""
    return f"{home_of(number, port)}/{number}.rss"


def _item(text: _Text, url: str, at: datetime, rng: random.Random) -> bytes:
    first, *others = text.paragraphs
    home = url.split("/berita/", 1)[0]
    body = f'<p>{first} <a href="{home}/topik">Baca juga</a></p>'
    body += f'<figure><img src="{home}/foto.jpg" alt="Foto" width="640" height="360"/></figure>'
    body += "".join(f"<p>{paragraph}</p>" for paragraph in others)
    return (
        f'<item><title>{text.title}</title><link>{url}</link><guid isPermaLink="true">{url}</guid>'
        f"<pubDate>{format_datetime(at)}</pubDate><dc:creator>{rng.choice(_AUTHORS)}</dc:creator>"
        f"<category>{rng.choice(_CATEGORIES)}</category><description>{first[:180]}</description>"
        f"<content:encoded><![CDATA[{body}]]></content:encoded></item>"
    ).encode()


def _vocabulary(topics: int, rng: random.Random) -> tuple[list[str], list[str]]:
    """Return the words of every text, and those of topics: Indonesian, by their frequency.

    Where there are more topics than real words can tell apart, names are made up: five words for each topic.
    """
    table = get_frequency_dict("id", wordlist="small")
    usable = sorted(
        (word for word in table if word.isalpha() and len(word) > 2), key=lambda word: -table[word]
    )
    low, high = _FIELD_RANGE
    field = [word for word in usable if low <= table[word] <= high]
    field = field[:: max(1, len(field) // _FIELD)][:_FIELD]
    more = {"".join(rng.choices(_SYLLABLES, k=4)) for _ in range(_FIELD_OF_TOPIC * topics - len(field))}
    return usable[:_COMMON], [*field, *sorted(more - set(usable))]
