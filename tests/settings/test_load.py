"""What a good configuration becomes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from syndicator.errors import ConfigError
from syndicator.model.delivery import Secret
from syndicator.model.event import ARTICLE_EVENTS, EventType
from syndicator.model.feed import Filter, Order, Window
from syndicator.model.ids import EndpointId, FeedId, SourceId
from syndicator.model.schedule import Adaptive, Cron, Every, Schedule
from syndicator.model.source import (
    ArticleRule,
    FetchLimits,
    ImagePolicy,
    ListRule,
    Politeness,
    PopularRule,
    SourceKind,
    SourceScope,
)
from syndicator.settings import Settings, config_folder, load, read_environment

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SMALLEST = """
[source.wire]
title = "Wire"
kind = "feed"
url = "https://wire.example/rss"
schedule = { every = "5m" }
"""
PAGE = """
[source.berita]
title = "Berita"
kind = "page"
url = "https://berita.example/terbaru"
timezone = "Asia/Jakarta"
language = "id"
schedule = { cron = "*/10 6-22 * * mon-fri", jitter = "30s" }
[source.berita.list]
item = "li.news"
title = "h2"
next = "a.next"
[source.berita.article]
title = "h1"
body = "div.text"
photo = "figure img@data-src"
[source.berita.popular]
item = "ol.top > li"
url = "https://berita.example/populer"
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_files(**files: str) -> Path:
        for name, text in files.items():
            path = tmp_path / f"{name.replace('__', '/')}.toml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return write_files


def read(write: Write, text: str, **environ: str) -> Settings:
    return load(write(all=text), environ)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ('every = "1h"', Every(interval_s=3600, sooner_s=30)),
        ('every = "5s"', Every(interval_s=5, sooner_s=0.5)),
        ('every = "5m", jitter = "0s"', Every(interval_s=300)),
        ('every = "5m", jitter = "1m"', Every(interval_s=300, jitter_s=60)),
        ('cron = "0 6 * * *"', Cron(expression="0 6 * * *", timezone="UTC")),
        ("adaptive = true", Adaptive()),
    ],
)
def test_rounds_of_many_sources_part_unless_a_jitter_is_given(
    write: Write, form: str, expected: Schedule
) -> None:
    (source,) = read(write, SMALLEST.replace('every = "5m"', form)).sources.values()
    assert source.schedule == expected


def test_the_smallest_configuration_gets_every_default(write: Write) -> None:
    settings = read(write, SMALLEST)
    assert settings.site.public_url == "http://127.0.0.1:8080"
    assert (settings.site.title, settings.site.language, settings.site.timezone) == (
        "Syndicator",
        "en",
        "UTC",
    )
    assert (settings.server.port, settings.server.ops_port, settings.server.processes) == (8080, 8089, 1)
    assert settings.store.redis_url is None
    assert settings.store.data_dir == Path("data")
    assert settings.retention.articles == timedelta(days=90)
    assert settings.sample.enabled is False
    assert settings.egress.allow == ()
    source = settings.sources[SourceId("wire")]
    assert source.kind is SourceKind.FEED
    assert source.schedule == Every(interval_s=300.0, sooner_s=30.0)
    assert source.limits == FetchLimits()
    assert settings.feeds == {}
    assert settings.endpoints == {}
    assert settings.user_agent.startswith("syndicator/")


def test_a_page_source_gets_its_selectors_and_its_cron_the_zone_of_the_source(write: Write) -> None:
    source = read(write, PAGE).sources[SourceId("berita")]
    assert source.schedule == Cron(expression="*/10 6-22 * * mon-fri", timezone="Asia/Jakarta", jitter_s=30.0)
    assert source.list == ListRule(item="li.news", title="h2", next="a.next")
    assert source.article == ArticleRule(title="h1", body="div.text", photo="figure img@data-src")
    assert source.popular == PopularRule(item="ol.top > li", url="https://berita.example/populer")
    assert (source.language, source.timezone) == ("id", "Asia/Jakarta")


def test_files_and_one_level_of_folders_are_read_together(write: Write) -> None:
    folder = write(
        site='[site]\ntitle = "Kantor Berita"',
        portals__wire=SMALLEST,
        portals__more='[site]\nlanguage = "id"',
    )
    (folder / "portals" / "deeper").mkdir()
    (folder / "portals" / "deeper" / "x.toml").write_text("no toml at all")
    (folder / ".hidden.toml").write_text("no toml at all")
    settings = load(folder, {})
    assert (settings.site.title, settings.site.language) == ("Kantor Berita", "id")
    assert list(settings.sources) == ["wire"]


def test_sources_inherit_defaults_key_by_key_and_their_own_win(write: Write) -> None:
    text = """
    [defaults]
    language = "id"
    timeout = "7s"
    schedule = { every = "10m", jitter = "1m" }
    headers = { Accept = "text/html", X-Ours = "a" }
    article = { title = "h1", body = "article" }
    list = { item = "li" }
    [source.a]
    title = "A"
    kind = "page"
    url = "https://a.example/"
    headers = { X-Ours = "b" }
    article = { body = "main" }
    schedule = { jitter = "5s" }
    [source.b]
    title = "B"
    kind = "feed"
    url = "https://b.example/rss"
    language = "en"
    schedule = { cron = "0 6 * * *" }
    """
    settings = read(write, text)
    a, b = settings.sources[SourceId("a")], settings.sources[SourceId("b")]
    assert a.schedule == Every(interval_s=600.0, jitter_s=5.0)
    assert a.headers == {"Accept": "text/html", "X-Ours": "b"}
    assert a.article == ArticleRule(title="h1", body="main")
    assert (a.language, b.language) == ("id", "en")
    assert b.schedule == Cron(expression="0 6 * * *", timezone="UTC", jitter_s=60.0)
    assert (b.list, b.article) == (None, None)
    assert a.limits.timeout_s == b.limits.timeout_s == 7.0


def test_what_a_source_of_another_kind_has_no_use_for_is_not_inherited(write: Write) -> None:
    text = """
    [defaults]
    schedule = { every = "10m" }
    article = { title = "h1", body = "article" }
    list = { item = "li" }
    popular = { item = "li" }
    [source.feed]
    title = "Feed"
    kind = "feed"
    url = "https://a.example/"
    [source.whole]
    title = "Feed with texts"
    kind = "feed"
    url = "https://a.example/"
    full_text = true
    [source.map]
    title = "Map"
    kind = "sitemap"
    url = "https://a.example/sitemap.xml"
    """
    sources = read(write, text).sources
    feed, whole, sitemap = (sources[SourceId(name)] for name in ("feed", "whole", "map"))
    assert (feed.list, feed.article, feed.popular, feed.full_text) == (None, None, None, False)
    assert (whole.list, whole.popular, whole.full_text) == (None, None, True)
    assert whole.article == sitemap.article == ArticleRule(title="h1", body="article")
    assert sitemap.full_text


def test_a_source_without_a_zone_has_that_of_the_site(write: Write) -> None:
    text = SMALLEST + '[site]\ntimezone = "Asia/Makassar"\n'
    assert read(write, text).sources[SourceId("wire")].timezone == "Asia/Makassar"
    own = SMALLEST + 'timezone = "Asia/Jayapura"\n[site]\ntimezone = "Asia/Makassar"\n'
    assert read(write, own).sources[SourceId("wire")].timezone == "Asia/Jayapura"


def test_how_a_source_is_asked(write: Write, tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("s3cret\n")
    text = (
        SMALLEST
        + """
    cookies = { consent = "yes", session_file = "pw" }
    auth = { user = "ani", password_file = "pw" }
    proxy = "http://proxy.example:3128"
    politeness = { scope = "domain", in_flight = 1, per_minute = 30, robots = false }
    images = "cache"
    future_dates = true
    websub = false
    """
    )
    source = read(write, text).sources[SourceId("wire")]
    assert source.headers == {
        "Cookie": "consent=yes; session=s3cret",
        "Authorization": "Basic YW5pOnMzY3JldA==",
    }
    assert source.proxy == "http://proxy.example:3128"
    assert source.politeness == Politeness(
        scope=SourceScope.DOMAIN, max_in_flight=1, per_minute=30.0, robots=False
    )
    assert (source.images, source.future_dates, source.websub) == (ImagePolicy.CACHE, True, False)


def test_a_schedule_may_learn(write: Write) -> None:
    text = SMALLEST.replace('every = "5m"', 'adaptive = true, max = "1h", jitter = "10s"')
    schedule = read(write, text).sources[SourceId("wire")].schedule
    assert schedule == Adaptive(min_s=120.0, max_s=3600.0, jitter_s=10.0)


def test_limits_of_egress_hold_where_a_source_sets_none(write: Write) -> None:
    text = SMALLEST + 'max_body = "512KiB"\n[egress]\ntimeout = "1m"\nmax_body = "2MiB"\n'
    limits = read(write, text).sources[SourceId("wire")].limits
    assert (limits.timeout_s, limits.max_body_bytes) == (60.0, 512 * 1024)


def test_feeds_become_specifications(write: Write) -> None:
    text = (
        SMALLEST
        + """
    [feed.top]
    title = "Top"
    filter = { source = "wire", language = ["id", "en"], since = 2026-11-01T00:00:00+07:00 }
    order = "popular"
    window = "7d"
    size = 10
    """
    )
    feed = read(write, text).feeds[FeedId("top")]
    since = datetime(2026, 10, 31, 17, tzinfo=UTC)
    assert feed.filter == Filter(source=("wire",), language=("id", "en"), since=since)
    assert (feed.order, feed.window, feed.size) == (Order.POPULAR, Window.WEEK, 10)


def test_endpoints_sign_with_all_their_secrets(write: Write, tmp_path: Path) -> None:
    other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
    (tmp_path / "key").write_text(f"{other}\n{SECRET}\n")
    (tmp_path / "bearer").write_text("Bearer abc\n")
    text = (
        SMALLEST
        + f"""
    [endpoint.one]
    url = "https://one.example/hook"
    secret = ["{SECRET}", "{other}"]
    events = ["article.created"]
    retry = {{ delays = ["1s", "500ms"], jitter = 0 }}
    max_age = "1h"
    [endpoint.two]
    url = "https://two.example/hook"
    secret_file = "key"
    headers = {{ Authorization_file = "bearer" }}
    """
    )
    endpoints = read(write, text).endpoints
    one, two = endpoints[EndpointId("one")], endpoints[EndpointId("two")]
    assert one.secrets == (Secret(SECRET), Secret(other))
    assert one.events == (EventType.ARTICLE_CREATED,)
    assert (one.retry.delays_s, one.retry.jitter, one.retry.max_age_s) == ((1.0, 0.5), 0.0, 3600.0)
    assert two.secrets == (Secret(other), Secret(SECRET))
    assert two.headers == {"Authorization": "Bearer abc"}
    assert two.events == ARTICLE_EVENTS


def test_a_redis_of_your_own_may_have_its_url_in_a_file(write: Write, tmp_path: Path) -> None:
    (tmp_path / "redis").write_text("rediss://:s3cret@redis.example:6380/1\n")
    settings = read(write, SMALLEST + '[store]\nurl_file = "redis"\n')
    assert settings.store.redis_url == "rediss://:s3cret@redis.example:6380/1"
    assert "s3cret" not in repr(settings)


def test_the_environment_wins_over_files_and_reaches_ids_with_dashes(write: Write) -> None:
    text = SMALLEST.replace("source.wire", "source.city-wire")
    settings = read(
        write,
        text,
        SYNDICATOR__SERVER__PORT="9090",
        SYNDICATOR__SITE__TITLE="Kota = besar",
        SYNDICATOR__SERVER__TRUSTED_PROXIES='["10.0.0.0/8"]',
        SYNDICATOR__SOURCE__CITY_WIRE__SCHEDULE__EVERY="90s",
        SYNDICATOR__SOURCE__CITY_WIRE__HEADERS__X_OURS="yes",
        SYNDICATOR__FEED__LATEST_ALL__TITLE='"2026"',
        SYNDICATOR_CONFIG="elsewhere",
        PATH="/bin",
    )
    assert settings.server.port == 9090
    assert settings.site.title == "Kota = besar"
    assert settings.server.trusted_proxies == (ip_network("10.0.0.0/8"),)
    source = settings.sources[SourceId("city-wire")]
    assert source.schedule == Every(interval_s=90.0, sooner_s=9.0)
    assert source.headers == {"x-ours": "yes"}
    assert settings.feeds[FeedId("latest-all")].title == "2026"


def test_a_value_in_the_environment_cannot_bring_other_keys_along(write: Write) -> None:
    settings = read(write, SMALLEST, SYNDICATOR__SITE__CONTACT='"a"')
    assert settings.site.contact == "a"
    two_lines = "1\n[server]\nport = 1"
    with pytest.raises(ConfigError) as caught:
        read(write, SMALLEST, SYNDICATOR__SITE__CONTACT=two_lines)
    assert [fault.key for fault in caught.value.faults] == ["site.contact"]


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:5000"),
        ("0.0.0.0", "http://localhost:5000"),  # noqa: S104  only read, nothing listens
        ("::", "http://localhost:5000"),
        ("[::1]", "http://[::1]:5000"),
        ("news.local", "http://news.local:5000"),
    ],
)
def test_the_public_url_follows_the_port_that_the_server_got(write: Write, host: str, url: str) -> None:
    settings = read(write, SMALLEST + f'[server]\nhost = "{host}"\nport = 0\n').with_port(5000)
    assert settings.site.public_url == url
    assert settings.server.port == 5000


def test_a_given_public_url_stays(write: Write) -> None:
    text = SMALLEST + '[site]\npublic_url = "https://news.example/syndicator/"\n[server]\nport = 0\n'
    settings = read(write, text).with_port(5000)
    assert settings.site.public_url == "https://news.example/syndicator"
    assert "+https://news.example/syndicator" in settings.user_agent


def test_settings_do_not_change(write: Write) -> None:
    settings = read(write, SMALLEST)
    with pytest.raises(AttributeError):
        settings.site = settings.site  # type: ignore[misc]  # the very thing that must fail
    with pytest.raises(ValueError, match="frozen"):
        settings.server.port = 1


def test_the_folder_comes_from_the_option_then_the_environment_then_the_default() -> None:
    environ = {"SYNDICATOR_CONFIG": "/etc/news"}
    assert config_folder(Path("mine"), environ) == Path("mine")
    assert config_folder(None, environ) == Path("/etc/news")
    assert config_folder(None, {}) == Path("config")


def test_the_environment_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    environ = read_environment()
    monkeypatch.setenv("SYNDICATOR__SITE__TITLE", "later")
    assert "SYNDICATOR__SITE__TITLE" not in environ


def test_feeds_that_moved_and_feeds_that_ended(write: Write) -> None:
    settings = read(
        write,
        SMALLEST
        + """
[feed.new]
title = "New"
former_ids = ["old", "older"]
[feed.cup]
title = "Cup"
retired = true
filter = { source = "left-long-ago" }
[token.a]
sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
feeds = ["old"]
""",
    )
    assert settings.feeds[FeedId("new")].names == ("new", "old", "older")
    assert list(settings.feeds) == ["new"]
    assert settings.retired_feeds[FeedId("cup")].title == "Cup"
