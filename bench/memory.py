"""What an article takes of Redis, by kind of key: while it is new, later, and when its text has left.

    python -m bench memory                               2,000 articles of invented texts
    python -m bench memory --texts FILE                  of those of a file: JSON lines, `title` and `body`
    python -m bench memory --articles 10000 --packed 64  of a Redis that packs hashes as it does unless told
    python -m bench memory --partitions 16               with texts in so many partitions

Articles are as pages of a portal give them: a text of 2.7 KB or more, three related links, five tags, a
picture; a fifth has an earlier revision. A service admits them, assigns them to stories and fans them out.
Sizes are those of `MEMORY USAGE`; `used_memory` also has what Redis takes for the table of keys, and what it
has not given back. Without its text, an article is all but `text` and the earlier revisions.
"""

import argparse
import json
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from bench.stories.cost import used_bytes
from bench.stories.grouped import grouping_admitter
from bench.stories.news import pieces
from syndicator.model.article import Candidate, Photo, Placement, Provenance, RelatedLink
from syndicator.model.ids import ArticleId, FeedId, SourceId
from syndicator.opening import open_service
from syndicator.schedule.runner import Runner
from syndicator.service import Service
from syndicator.settings import load
from syndicator.store.connection import pairs
from syndicator.store.connection import pieces as parts
from syndicator.store.keys.partitions import Spread
from syndicator.store.keys.table import Keys

BATCH = 20
REVISED = 0.2
PORTALS = 20
_BEGAN = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)
_SECTIONS = ("Nasional", "Ekonomi", "Olahraga", "Hiburan", "Teknologi", "Internasional", "Daerah", "Otomotif")
_AUTHORS = ("Sari Dewi", "Budi Santoso", "Rina Hartati", "Agus Wijaya", "Maya Lestari")
_READ_FROM = {
    "title": "json-ld", "lead": "opengraph", "body_html": "text density", "authors": "json-ld",
    "photos": "opengraph", "section": "address", "tags": "meta", "language": "words",
    "published_at": "json-ld", "related": "text density",
}  # fmt: skip
_TEXT_BYTES = 2700
_TAGS, _KNOWN_TAGS = 5, 400
_FEED = FeedId("latest")
_KEYS = Keys("main")
_NAMED = frozenset({"articles:rewritten", "events:log", "events:requeued", "feeds:version"})
"""Keys whose names have several parts, and nothing of an article in them."""
_READ, _TURNS = 500, 15
_CONFIG = """
[store]
data_dir = "{folder}/data"
[defaults]
kind = "feed"
schedule = {{ every = "1d" }}
[store.partitions]
texts = {texts}
[retention]
hot = "7d"
[feed.latest]
title = "Terbaru"
size = 50
"""


def _configuration(folder: str, partitions: int) -> str:
    sources = (
        f'[source.portal-{number}]\ntitle = "Portal {number}"\nurl = "https://www.portal{number}.co.id/rss"\n'
        for number in range(PORTALS)
    )
    return "".join((_CONFIG.format(folder=folder, texts=partitions), *sources))


class Clock:
    """Stands still until it is set on."""

    def __init__(self) -> None:
        self.now = _BEGAN

    def __call__(self) -> datetime:
        return self.now


async def run(*words: str) -> None:
    """Measure and print."""
    options = _options(words)
    clock = Clock()
    with tempfile.TemporaryDirectory(prefix="memory-") as folder:
        config = Path(folder) / "config"
        config.mkdir()
        (config / "all.toml").write_text(_configuration(folder, options.partitions), "utf-8")
        async with open_service(load(config, {}), clock, wall=clock) as service:
            await service.sync_configuration()
            if options.packed is not None:
                await service.store.connection.call(
                    "CONFIG", "SET", "hash-max-listpack-value", str(options.packed)
                )
            await _course(service, clock, _candidates(options))


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench memory")
    parser.add_argument("--articles", type=int, default=2000)
    parser.add_argument("--texts", type=Path, help="JSON lines with `title` and `body`, or pairs `a` and `b`")
    parser.add_argument("--packed", type=int, help="hash-max-listpack-value; ours is 1024, that of Redis 64")
    parser.add_argument("--partitions", type=int, default=1, help="over how many texts are spread")
    return parser.parse_args(words)


async def _course(service: Service, clock: Clock, candidates: Sequence[Candidate]) -> None:
    before = await used_bytes(service.store)
    began = time.process_time()
    articles = await _admit(service, clock, candidates)
    admitting = (time.process_time() - began) / len(articles) / (1 + REVISED)
    print(f"to admit one: {1000 * admitting:.2f} ms of a processor")
    await _done(service, "deliver")
    await _tell(service, "new", articles, before)
    await _tell_costs(service, articles)
    clock.now += timedelta(days=4)
    # What is written later trims the log of stories.
    await _admit(service, clock, candidates[:1], "lagi")
    await _tell(service, "after four days", articles, before)
    clock.now += timedelta(days=7)
    await _done(service, "offload")
    await _tell(service, "its text has left", articles, before)


async def _admit(
    service: Service, clock: Clock, candidates: Sequence[Candidate], again: str = ""
) -> list[ArticleId]:
    """Admit articles in the order of a day, and a fifth of them once more."""
    admitter = grouping_admitter(service.store, clock, service.publisher.specs.values())
    ids = list[ArticleId]()
    for some in parts(candidates, BATCH):
        ids += [one.article_id for one in await admitter.admit([_changed(one, again) for one in some])]
    if not again:
        for some in parts(candidates[: round(len(candidates) * REVISED)], BATCH):
            await admitter.admit([_changed(one, "diperbarui") for one in some])
    return ids


def _changed(candidate: Candidate, word: str) -> Candidate:
    body = candidate.body_html + (f"<p>Berita ini {word} oleh redaksi.</p>" if word else "")
    return replace(candidate, body_html=body)


async def _done(service: Service, name: str) -> None:
    """Do what is due of a step."""
    step = next(step for step in service.steps if step.name == name)
    for _ in range(3):
        runner = Runner(step, capacity=8, clock=service.clock, on_report=lambda _: None)
        await runner.run(until_empty=True)


async def _tell(service: Service, when: str, articles: Sequence[ArticleId], before: int) -> None:
    """Print the bytes for each article, the largest kind of key first."""
    sizes, counts = await _sizes(service)
    fields, encodings = await _fields(service, articles)
    count = len(articles)
    whole = sum(sizes.values()) / count
    texts = (sizes["revisions"] + sizes["text"]) / count
    used = (await used_bytes(service.store) - before) / count
    told = f"{whole:,.0f} bytes an article, {whole - texts:,.0f} without its text"
    print(f"\n{when}: {told}; used_memory {used:,.0f}")
    for kind, size in sizes.most_common():
        if size >= count:
            print(f"  {kind:<24} {size / count:>8,.1f}   {counts[kind]:>7,} keys")
    print(
        "  fields of an article: " + ", ".join(f"{name} {size:,.0f}" for name, size in fields.most_common())
    )
    print("  its encoding: " + ", ".join(f"{name} {number:,}" for name, number in encodings.most_common()))


async def _sizes(service: Service) -> tuple[Counter[str], Counter[str]]:
    """Return bytes and keys of each kind of key."""
    sizes, counts = Counter[str](), Counter[str]()
    redis = service.store.connection
    for prefix in Keys("main", Spread(texts=service.settings.store.partitions.texts)).prefixes:
        async for names in redis.names(prefix):
            # This command names its key second, so it goes to the server of the namespace: here the only one.
            found = await redis.batch([("MEMORY", "USAGE", name, "SAMPLES", 0) for name in names])
            for name, size in zip(names, found, strict=True):
                kind = _kind(name.decode().removeprefix(prefix))
                sizes[kind] += int(size or 0)
                counts[kind] += 1
    return sizes, counts


def _kind(name: str) -> str:
    if name.startswith("timeline:"):
        return ":".join(name.split(":")[:2])
    return name if name in _NAMED else name.split(":", maxsplit=1)[0]


async def _fields(service: Service, articles: Sequence[ArticleId]) -> tuple[Counter[str], Counter[str]]:
    """Return the mean length of each field of the articles, and how Redis keeps them."""
    sums, encodings = Counter[str](), Counter[str]()
    for ids in parts(articles, 500):
        keys = [_KEYS.article(one) for one in ids]
        for row in await service.store.connection.batch([("HGETALL", key) for key in keys]):
            for name, value in pairs(row):
                sums[name.decode()] += len(value)
        found = await service.store.connection.batch([("OBJECT", "ENCODING", key) for key in keys])
        encodings.update(one.decode() for one in found if one is not None)
    return Counter({name: round(size / len(articles)) for name, size in sums.items()}), encodings


async def _tell_costs(service: Service, articles: Sequence[ArticleId]) -> None:
    """Print the processor time of reading a head, and of composing a feed of 50."""
    newest = articles[-_READ:]
    reading = await _cpu_seconds(lambda: service.store.articles.get_many(newest, bodies=False))
    composing = await _cpu_seconds(lambda: service.publisher.snapshot(_FEED))
    print(
        f"to read a head: {1e6 * reading / len(newest):.1f} us; to compose a feed: {1000 * composing:.2f} ms"
    )


async def _cpu_seconds(work: Callable[[], Awaitable[object]]) -> float:
    """Return the median processor time of one call."""
    spent = []
    for _ in range(_TURNS):
        began = time.process_time()
        await work()
        spent.append(time.process_time() - began)
    return statistics.median(spent)


def _candidates(options: argparse.Namespace) -> list[Candidate]:
    rng = random.Random(7)
    texts = (
        _texts(options.texts)
        if options.texts
        else [
            (one.candidate.title, one.candidate.body_html.replace("<p>", "").replace("</p>", " "))
            for one in pieces(options.articles, 7)
        ]
    )
    words = [f"{first} {second}" for first in _words(texts) for second in ("", "indonesia")][:_KNOWN_TAGS]
    return [_candidate(number, texts, words, rng) for number in range(options.articles)]


def _words(texts: Sequence[tuple[str, str]]) -> list[str]:
    counted = Counter(word.lower() for title, _ in texts for word in title.split() if len(word) > 3)
    return [word for word, _ in counted.most_common(_KNOWN_TAGS)]


def _texts(path: Path) -> list[tuple[str, str]]:
    found = list[tuple[str, str]]()
    for line in path.read_text("utf-8").rstrip("\n").split("\n"):
        row = json.loads(line)
        found += [
            (one["title"], one["body"])
            for one in (row.get("a"), row.get("b"), row)
            if one and one.get("body")
        ]
    return found


def _candidate(
    number: int, texts: Sequence[tuple[str, str]], tags: Sequence[str], rng: random.Random
) -> Candidate:
    title, text = texts[number % len(texts)]
    portal = rng.randrange(PORTALS)
    host = f"www.portal{portal}.co.id"
    section = _SECTIONS[min(int(rng.expovariate(0.4)), len(_SECTIONS) - 1)]
    at = _BEGAN - timedelta(minutes=rng.uniform(1, 1200))
    slug = "-".join("".join(c for c in word if c.isalnum()) for word in title.lower().split()[:9])
    url = f"https://{host}/{section.lower()}/{at:%Y/%m/%d}/{8_000_000 + number}/{slug}"
    body = _body(number, text, rng)
    related = tuple(
        RelatedLink(
            url=f"https://{host}/{section.lower()}/{at:%Y/%m/%d}/{rng.randrange(10**6, 10**7)}/"
            + "-".join(other.lower().split()[:8]),
            title=other,
            placement=rng.choice((Placement.INLINE, Placement.BOXED)),
        )
        for other, _ in rng.sample(texts, 3)
    )
    return Candidate(
        source=SourceId(f"portal-{portal}"),
        url=url,
        canonical_url=url,
        title=title,
        lead=text[:160],
        body_html=body,
        authors=(rng.choice(_AUTHORS),),
        photos=(
            Photo(
                url=f"https://cdn.portal{portal}.co.id/media/{at:%Y/%m/%d}/{rng.getrandbits(48):x}.jpeg?w=1200&q=90",
                caption=f"Ilustrasi {title[:50]}", credit="Antara/Budi Santoso", media_type="image/jpeg",
                width=1200, height=675,
            ),
        ),
        section=section,
        tags=_some_tags(tags, rng),
        language="id",
        published_at=at,
        is_first_party=True,
        related=related,
        provenance=Provenance(
            source=SourceId(f"portal-{portal}"),
            requested_url=url,
            fetched_at=_BEGAN,
            etag=f'W/"{rng.getrandbits(64):x}"',
            last_modified=f"{at:%a, %d %b %Y %H:%M:%S} GMT",
            rules=f"{rng.getrandbits(96):024x}",
            claimed_date=at.isoformat(),
            claimed_at=at.isoformat(),
            date_rule="taken as it came, in the source's time zone (Asia/Jakarta)",
            read_from=_READ_FROM,
        ),
    )  # fmt: skip


def _some_tags(known: Sequence[str], rng: random.Random) -> tuple[str, ...]:
    """Choose tags of an article: few are frequent, most are rare."""
    drawn = (min(int(rng.paretovariate(0.6)) - 1, len(known) - 1) for _ in range(3 * _TAGS))
    return tuple(dict.fromkeys(known[place] for place in drawn))[:_TAGS]


def _body(number: int, text: str, rng: random.Random) -> str:
    """Return paragraphs of a text; of one that is used again, with words in another order."""
    words = text.split()
    if number >= 100:
        start = rng.randrange(len(words))
        words = words[start:] + words[:start]
    whole = " ".join(words)
    while len(whole) < _TEXT_BYTES * rng.uniform(0.7, 1.3):
        whole += " " + " ".join(rng.sample(words, len(words)))
    sentences = whole.split(". ")
    return "".join(f"<p>{'. '.join(sentences[at : at + 3])}</p>" for at in range(0, len(sentences), 3))
