"""Whatever is wrong is said: all at once, with file, key, reason and remedy."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from settings.as_toml import toml

from syndicator.errors import ConfigError, Fault
from syndicator.settings import load

GOOD = """
[source.wire]
title = "Wire"
kind = "feed"
url = "https://wire.example/rss"
schedule = { every = "5m" }
"""
PAGE = GOOD.replace('"feed"', '"page"') + 'list = { item = "li" }\narticle = { title = "h1", body = "p" }\n'
ENDPOINT = '[endpoint.p]\nurl = "https://p.example/"\nsecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"\n'


def faults_of(folder: Path, **environ: str) -> tuple[Fault, ...]:
    with pytest.raises(ConfigError) as caught:
        load(folder, environ)
    return caught.value.faults


def only_fault(folder: Path, text: str, **environ: str) -> Fault:
    (folder / "all.toml").write_text(text, encoding="utf-8")
    faults = faults_of(folder, **environ)
    assert len(faults) == 1, faults
    return faults[0]


@pytest.mark.parametrize(
    ("text", "key", "reason", "remedy"),
    [
        (GOOD + '[site]\ntitel = "x"', "site.titel", "not known", "did you mean title?"),
        (GOOD + '[site]\nqqq = "x"', "site.qqq", "not known", "known here: title, public_url"),
        (GOOD + "[sit]\nx = 1", "sit", "not known", "did you mean site?"),
        (GOOD + "[stor]\nx = 1", "stor", "not known", "did you mean store?"),
        (GOOD + 'proxy_file = "a\\nb"', "source.wire.proxy_file", "must be the path of a file", ""),
        (GOOD + '[server]\ntrusted-proxies = ["::1"]', "server.trusted-proxies", "not known", "trusted_proxies"),
        (GOOD + "site = 5", "source.wire.site", "not known", ""),
        ("site = 5\n" + GOOD, "site", "must be a table", ""),
        (GOOD + '[site]\npublic_url = "https://x.example/?a=1"', "site.public_url", "query", "path prefix"),
        (GOOD + '[site]\npublic_url = "//x.example"', "site.public_url", "not an http or https URL", "in full"),
        (GOOD + '[site]\ntimezone = "Asia/Jakart"', "site.timezone", "time zone", "Asia/Jakarta"),
        (GOOD + '[site]\ntimezone = "Asia/Jakatra"', "site.timezone", "time zone", "did you mean Asia/Jakarta?"),
        (GOOD + '[site]\ntimezone = "europe/amsterdam"', "site.timezone", "time zone", "did you mean Europe/Amsterdam?"),
        (GOOD + '[site]\ntimezone = "WITA"', "site.timezone", "time zone", "did you mean Asia/Makassar?"),
        (GOOD + '[site]\ntimezone = "../../etc/passwd"', "site.timezone", "time zone", "Asia/Jakarta"),
        (GOOD + '[site]\nlanguage = "indonesian!"', "site.language", "language tag", "BCP 47"),
        (GOOD + '[site]\ntag_authority = "x.example"', "site.tag_authority", "not a domain with a date", "2026"),
        (GOOD + "rights = { excerpt = 0 }", "source.wire.rights.excerpt", "at least 1", ""),
        (GOOD + 'rights = { content = "ful" }', "source.wire.rights.content", "one of", "full"),
        (GOOD + '[hub]\nmin_lease = "2h"\nmax_lease = "1h"', "hub.max_lease", "shorter", "lower min_lease"),
        (GOOD + '[hub]\ndefault_lease = "1s"', "hub.default_lease", "not between", "one that is"),
        (GOOD + '[hub]\nexternal = ["hub.example"]', "hub.external[0]", "not an http or https URL", "in full"),
        (GOOD + '[hub]\nsignature = "md5"', "hub.signature", "one of sha1, sha256", ""),
        (GOOD + "[hub]\nmax_in_flight = 0", "hub.max_in_flight", "at least 1", ""),
        (GOOD + '[site]\ntitle = ""', "site.title", "empty", ""),
        (GOOD + '[site]\ntitle = "a\\nb"', "site.title", "line breaks", "one line"),
        (GOOD + '[server]\nport = "80"', "server.port", "whole number", ""),
        (GOOD + '[server]\nops_hosts = ["http://ops.example/"]', "server.ops_hosts[0]", "not a host name", "alone"),
        (GOOD + "[server]\nport = true", "server.port", "whole number", ""),
        (GOOD + "[server]\nport = 70000", "server.port", "at most 65535", "another value"),
        (GOOD + "[server]\nport = 90\nops_port = 90", "server.ops_port", "server's own port", "another"),
        (GOOD + '[server]\nhost = "a b"', "server.host", "not an address", "127.0.0.1"),
        (GOOD + '[server]\ntrusted_proxies = ["10.0.0.1/8"]', "server.trusted_proxies[0]", "host", '"10.0.0.0/8"'),
        (GOOD + '[store]\nurl = "redis://x"\n[retention]\nhot = "4d"', "retention.hot", "needs a place where texts go", "set [store] cold"),
        (GOOD + '[egress]\nallow = ["ten"]', "egress.allow[0]", "not an address range", "10.0.0.0/8"),
        (GOOD + '[egress]\nallow = ["localhost:80"]', "egress.allow[0]", "not an address range", "127.0.0.1:8081"),
        (GOOD + '[egress]\nallow = ["http://10.0.0.1/"]', "egress.allow[0]", "not an address range", "10.0.0.0/8"),
        (GOOD + '[egress]\nallow = ["10.0.0.1/8:80"]', "egress.allow[0]", "host inside", '"10.0.0.0/8:80"'),
        (GOOD + '[egress]\nallow = ["[fd00::1/8]:80"]', "egress.allow[0]", "host inside", '"[fd00::/8]:80"'),
        (GOOD + '[egress]\nallow_callbacks = ["10.0.0.1:0"]', "egress.allow_callbacks[0]", "no port 0", "65535"),
        (GOOD + '[egress]\nallow_subscribers = ["10.0.0.1:70000"]', "egress.allow_subscribers[0]", "no port 70000", "65535"),
        (GOOD + '[egress]\nproxy = "socks5://x/"', "egress.proxy", "http or https", "http://proxy"),
        (GOOD + '[egress]\nproxy = "http://x/"\nproxy_file = "p"', "egress.proxy_file", "cannot be read", "secret"),
        (GOOD + "[egress]\ntimeout = 30", "egress.timeout", "text in quotes", '"90s"'),
        (GOOD + '[egress]\ntimeout = "30"', "egress.timeout", "not a duration", '"90s"'),
        (GOOD + '[egress]\ntimeout = "0s"', "egress.timeout", "longer than 0 s", ""),
        (GOOD + '[egress]\ntimeout = "900000000d"', "egress.timeout", "hundred years", ""),
        (GOOD + "[egress]\nmax_body = 1000", "egress.max_body", "needs a unit", '"1000B"'),
        (GOOD + '[egress]\nmax_body = "10 MB"', "egress.max_body", "not a size", '"10MiB"'),
        (GOOD + '[retention]\nidentities = "10d"', "retention.identities", "come back as new", "articles"),
        (GOOD + '[retention]\nattempts = "1h"', "retention.attempts", "is shorter than a day", "a day at least"),
        (GOOD + '[retention]\nbodies = "100d"', "retention.bodies", "outlive", "articles"),
        (GOOD + '[store]\nurl = "http://redis"', "store.url", "not the URL of a Redis", "redis://"),
        (GOOD + '[store]\nurl = "redis://"', "store.url", "where the Redis is", "redis://"),
        (GOOD + '[store]\nurl = "cluster://a:7000,:7001"', "store.url", "a node without a host", "cluster://"),
        (GOOD + '[store]\nurl = "cluster://a:b,c"', "store.url", "port that is not a number", "cluster://"),
        (GOOD + '[store]\nurl = "cluster://a,b/1"', "store.url", "names a database", "cluster://"),
        (GOOD + '[store]\nurl = "sentinel://a,b"', "store.url", "which master", "sentinel://host:26379"),
        (GOOD + '[store]\nurl = "sentinel://a:x/kabar"', "store.url", "port", "sentinel://host:26379"),
        (GOOD + '[store]\nengine = "no-such-server"', "store.engine", "not a program", "bundled"),
        (GOOD + '[store]\nnamespace = "A b"', "store.namespace", "not a plain name", "lower-case"),
        (GOOD + "[sample]\nports = [1, 1, 2]", "sample.ports", "twice", "three"),
        (GOOD + "[sample]\nenabled = true\nports = [8080, 1, 2]", "sample.ports", "8080", "another"),
        (GOOD + '[sample]\nenabled = "yes"', "sample.enabled", "true or false", ""),
        (GOOD.replace("wire]", "Wire_1]"), "source.Wire_1", "not an id", '"wire-1"'),
        (GOOD.replace("wire]", "list]") + "foo = 1", "source.list.foo", "not known", "known here: title"),
        (GOOD.replace('"feed"', '"rss"'), "source.wire.kind", "one of feed, sitemap or page", ""),
        (GOOD + "full_text = 1", "source.wire.full_text", "true or false", ""),
        (PAGE + "full_text = false", "source.wire.full_text", "nothing but article pages", "remove"),
        (GOOD + 'images = "inline"', "source.wire.images", "link, none or cache", ""),
        (GOOD + 'article = { title = "h1" }', "source.wire.article", "not read", "full_text = true"),
        (GOOD + 'popular = { item = "li" }', "source.wire.popular", "needs a url of its own", "page that holds the box"),
        (PAGE.replace('item = "li"', 'item = "li", url = "re:("'), "source.wire.list.url", "regular", "re:"),
        (
            PAGE.replace(
                'body = "p"', 'body = "p", replace = [{ field = "body", find = "(", regex = true }]'
            ),
            "source.wire.article.replace[0].find",
            "cannot be used",
            "mend",
        ),
        (
            PAGE.replace('body = "p"', 'body = "p", replace = [{ field = "url", find = "a" }]'),
            "source.wire.article.replace[0].field",
            "title, lead",
            "",
        ),
        (GOOD + 'cookies = { "a b" = "1" }', "source.wire.cookies.a b", "not a valid cookie name", "remove"),
        (GOOD + 'cookies = { a = "1;2" }', "source.wire.cookies.a", "a cookie cannot", "encode"),
        (GOOD + 'headers = { Cookie = "a=1" }\ncookies = { a = "1" }', "source.wire.cookies", "header Cookie", "one of them"),
        (GOOD + 'auth = { user = "a" }', "source.wire.auth", "either a user with a password", "bearer_file"),
        (GOOD + 'auth = { user = "a", password = "b", bearer = "c" }', "source.wire.auth", "or a token", ""),
        (GOOD + 'auth = { user = "a:b", password = "b" }', "source.wire.auth.user", "colon", ""),
        (GOOD + 'headers = { authorization = "x" }\nauth = { bearer = "c" }', "source.wire.auth", "header Authorization", "one of them"),
        (GOOD + 'politeness = { scope = "world" }', "source.wire.politeness.scope", "url, host or domain", ""),
        (GOOD + "politeness = { in_flight = 0 }", "source.wire.politeness.in_flight", "at least 1", ""),
        (GOOD + "politeness = { per_minute = 0 }", "source.wire.politeness.per_minute", "0", ""),
        (GOOD.replace('kind = "feed"', ""), "source.wire.kind", "is missing", "add kind"),
        (GOOD.replace("https://wire", "https://u:pw@wire"), "source.wire.url", "password", "Authorization_file"),
        (GOOD.replace("https://wire.example/rss", "https://["), "source.wire.url", "not a URL", "in full"),
        (GOOD.replace("https://wire.example/rss", "file:///etc/passwd"), "source.wire.url", "http or https", ""),
        (GOOD.replace('{ every = "5m" }', "{}"), "source.wire.schedule", "neither every, cron nor adaptive", "every ="),
        (GOOD.replace('"5m"', '"5m", cron = "* * * * *"'), "source.wire.schedule.cron", "combined with every", "one"),
        (GOOD.replace('every = "5m"', 'cron = "* * * *"'), "source.wire.schedule.cron", "has 4 fields", "five fields"),
        (GOOD.replace('"5m"', '"5m", adaptive = true'), "source.wire.schedule.adaptive", "combined with every", "one"),
        (GOOD.replace('every = "5m"', 'adaptive = true, min = "2h", max = "1h"'), "source.wire.schedule.max", "shorter than min", "raise"),
        (GOOD.replace('every = "5m"', "adaptive = false"), "source.wire.schedule.adaptive", "must be true", ""),
        (GOOD.replace('"5m"', '"5m", jitter = "5m"'), "source.wire.schedule.jitter", "not shorter", ""),
        (GOOD + 'list = { item = "a" }', "source.wire.list", "no use in a feed", "page"),
        (GOOD + "headers = { Host = 'x' }", "source.wire.headers.Host", "itself sets", "remove"),
        (GOOD + 'headers = { A = "x\\r\\nB: y" }', "source.wire.headers.A", "one line", ""),
        (GOOD + 'headers = { A = "1", a = "2" }', "source.wire.headers.a", "twice", "remove"),
        (GOOD + 'headers = { "A b" = "1" }', "source.wire.headers.A b", "not a valid header name", "remove"),
        (GOOD + 'headers = { A_file = "gone" }', "source.wire.headers.A_file", "cannot be read", "into that file"),
        (PAGE.replace('"li"', '"li >"'), "source.wire.list.item", '"li >" is not a CSS selector', "h2 > a"),
        (
            PAGE.replace('"li"', '"li:contains(x)"'),
            "source.wire.list.item",
            '"li:contains(x)" is not a CSS selector',
            'no :contains(); write :lexbor-contains("text")',
        ),
        (PAGE.replace('"h1"', '"re:/x/"'), "source.wire.article.title", '"re:/x/" is not a CSS selector', "only list.url takes re:"),
        (PAGE.replace('"li"', '"li@id"'), "source.wire.list.item", "whole elements", "@"),
        (PAGE.replace('"li"', '" "'), "source.wire.list.item", "is empty", "h2 > a"),
        (PAGE.replace('item = "li"', ""), "source.wire.list.item", "is missing", "add item"),
        (PAGE.replace('list = { item = "li" }', ""), "source.wire.list", "is missing", ""),
        (GOOD + "[defaults]\ntitle = 'x'", "defaults.title", "one source alone", "[source.…]"),
        (GOOD + "[defaults]\ntimezone = 'x'", "defaults.timezone", "time zone", ""),
        (GOOD + "[defaults]\nfoo = 'x'", "defaults.foo", "not known", ""),
        (GOOD + "[feed.x]\nsize = 5", "feed.x.title", "is missing", "add title"),
        (GOOD + '[feed.x]\ntitle = "x"\nsize = 0', "feed.x.size", "at least 1", ""),
        (GOOD + '[feed.x]\ntitle = "x"\nper = "topic"', "feed.x.per", "article or story", ""),
        (GOOD + '[feed.x]\ntitle = "x"\nannounce = { top = 5 }', "feed.x.announce", "without a ranking", 'order = "popular"'),
        (GOOD + '[feed.x]\ntitle = "x"\norder = "popular"\nsize = 3\nannounce = { top = 5 }', "feed.x.announce", "holds 3", "raise size"),
        (GOOD + '[feed.x]\ntitle = "x"\norder = "popular"\nannounce = {}', "feed.x.announce", "no threshold", "top, score and views"),
        (GOOD + '[feed.x]\ntitle = "x"\nformer_ids = ["y"]\n[feed.y]\ntitle = "y"', "feed.x.former_ids", "published as [feed.y]", "remove [feed.y]"),
        (GOOD + '[feed.x]\ntitle = "x"\nformer_ids = ["x"]', "feed.x.former_ids", "published as [feed.x]", "take the name out"),
        (
            GOOD + '[feed.x]\ntitle = "x"\nformer_ids = ["z"]\n[feed.y]\ntitle = "y"\nformer_ids = "z"',
            "feed.y.former_ids",
            "as [feed.x] does",
            "one of them",
        ),
        (GOOD + '[feed.x]\ntitle = "x"\nformer_ids = ["A b"]', "feed.x.former_ids", "never an id", "ids that it had"),
        (GOOD + 'former_ids = ["wire"]', "source.wire.former_ids", "gathered as [source.wire]", "take the name out"),
        (
            GOOD + 'former_ids = ["w"]' + GOOD.replace("wire]", "other]") + 'former_ids = ["w"]',
            "source.other.former_ids",
            "as [source.wire] does",
            "one of them",
        ),
        (
            GOOD + 'former_ids = ["ap"]\n[feed.x]\ntitle = "x"\nfilter = { source = "ap" }',
            "feed.x.filter.source",
            "'ap', which is [source.wire] now",
            'write "wire"',
        ),
        (GOOD + '[feed.x]\ntitle = "x"\nprivate = 1', "feed.x.private", "must be true or false", ""),
        (GOOD + '[feed.x]\ntitle = "x"\norder = "newest"', "feed.x.order", "latest or popular", ""),
        (GOOD + '[feed.x]\ntitle = "x"\nfilter = { query = "banjir OR" }', "feed.x.filter.query", "misses a word at character 10", "write one here"),
        (
            GOOD + '[feed.x]\ntitle = "x"\nfilter = { source = ["wyre"] }',
            "feed.x.filter.source",
            "'wyre', which is not a source",
            "did you mean wire?",
        ),
        (GOOD + '[feed.x]\ntitle = "x"\nfilter = { since = 2026-11-01T00:00:00 }', "feed.x.filter.since", "no offset", "+07:00"),
        (
            GOOD + '[feed.x]\ntitle = "x"\nfilter = { language = ["id", "bahasa indonesia"] }',
            "feed.x.filter.language[1]",
            "not a language tag",
            "BCP 47",
        ),
        (GOOD + '[endpoint.p]\nurl = "https://p.example/"', "endpoint.p.secret", "is missing", "whsec_"),
        (GOOD + ENDPOINT.replace("whsec_", "whsk_"), "endpoint.p.secret", "holds 24 bytes, not 32", "whsk_"),
        (GOOD + ENDPOINT + 'rate = "fast"', "endpoint.p.rate", "is not a rate", '"10/s"'),
        (GOOD + ENDPOINT + 'max_age = "15d"', "endpoint.p.max_age", "longer than events are kept", '"14d"'),
        (GOOD + ENDPOINT.replace("whsec_", "x"), "endpoint.p.secret", "begin with whsec_", "openssl"),
        (GOOD + ENDPOINT.replace("whsec_MfKQ", "whsec_!!"), "endpoint.p.secret", "not base64", "openssl"),
        (GOOD + ENDPOINT.replace("r8GKYqrTwjUPD8ILPZIo2LaLaSw", "r8="), "endpoint.p.secret", "bytes", "openssl"),
        (GOOD + ENDPOINT + 'secret_file = "gone"', "endpoint.p.secret_file", "cannot be read", "into that"),
        (GOOD + ENDPOINT + "events = []", "endpoint.p.events", "is empty", "at least one"),
        (GOOD + ENDPOINT + 'events = ["story.shrunk"]', "endpoint.p.events[0]", "not an event type", "article.created"),
        (GOOD + ENDPOINT + 'events = ["article.create"]', "endpoint.p.events[0]", "not an event type", "did you mean article.created?"),
        (GOOD + '[feed.latest]\ntitle = "x"\n' + ENDPOINT + 'feeds = ["lastest"]', "endpoint.p.feeds", "'lastest', which is not a feed", "did you mean latest?"),
        (GOOD + 'group = "natinal"\n[group.national]', "source.wire.group", "not a group", "did you mean national?"),
        (GOOD + ENDPOINT + 'payload = "tiny"', "endpoint.p.payload", "", "thin"),
        (GOOD + ENDPOINT + "digest = { items = 1 }", "endpoint.p.digest.items", "at least 2", ""),
        (GOOD + ENDPOINT + 'digest = { every = "2d" }', "endpoint.p.digest.every", "longer than 24 h", "24h"),
        (GOOD + ENDPOINT + 'digest = { every = "1h" }\nmax_age = "30m"', "endpoint.p.max_age", "before a digest", "digest.every"),
        (GOOD + ENDPOINT + "headers = { webhook-id = '1' }", "endpoint.p.headers.webhook-id", "itself", "remove"),
        (GOOD + 'max_pages = "three"', "source.wire.max_pages", "whole number", "write max_pages = 3"),
        (GOOD + 'full_text = "yes"', "source.wire.full_text", "true or false", "write full_text = true"),
        (GOOD + "[site]\ntimezone = 7", "site.timezone", "text in quotes", 'write timezone = "…"'),
        (GOOD + '[egress]\nallow = "127.0.0.1"', "egress.allow", "a list", 'write allow = ["…"]'),
        (GOOD.replace('{ every = "5m" }', '"5m"'), "source.wire.schedule", "must be a table", 'write schedule = { every = "5m" }'),
        ("feed = []\n" + GOOD, "feed", "must hold tables", "write [feed.ID]"),
        (GOOD.replace('every = "5m"', 'cron = "0 0 31 2 *"'), "source.wire.schedule.cron", "never comes", "a day that the month has"),
        (GOOD.replace('every = "5m"', 'cron = "0 25 * * *"'), "source.wire.schedule.cron", "wrong hour: '25'", "the hour takes 0 to 23"),
        ("[site]\ntitle = 'x'", "source", "is missing", "syndicator preview"),
        ("[source]", "source", "must hold at least 1", ""),
    ],
)  # fmt: skip
def test_each_fault_is_told_with_its_key_reason_and_remedy(
    tmp_path: Path, text: str, key: str, reason: str, remedy: str
) -> None:
    fault = only_fault(tmp_path, text)
    assert fault.key == key
    assert reason in fault.reason
    assert remedy in fault.remedy
    assert fault.remedy, "each fault comes with what to do"
    assert fault.file in {str(tmp_path / "all.toml"), str(tmp_path)}


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD + "foo = 1\n[site]\ntimezone = 'x'\ntitle = 'A'\n")
    (tmp_path / "b.toml").write_text("[site]\ntitle = 'B'\n[feed.x]\nsize = 'a'\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.toml").write_text("[endpoint.p]\nurl = 'x'\n")
    told = {(Path(fault.file).name, fault.key) for fault in faults_of(tmp_path, SYNDICATOR__SERVER__PORT="x")}
    assert told == {
        ("b.toml", "site.title"),
        ("a.toml", "site.timezone"),
        ("a.toml", "source.wire.foo"),
        ("b.toml", "feed.x.title"),
        ("b.toml", "feed.x.size"),
        ("c.toml", "endpoint.p.url"),
        ("c.toml", "endpoint.p.secret"),
        ("environment (SYNDICATOR__SERVER__PORT)", "server.port"),
    }


def test_the_same_key_in_two_files_names_both(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD)
    (tmp_path / "b.toml").write_text("[source.wire]\ntitle = 'Other'\n")
    (fault,) = faults_of(tmp_path)
    assert fault.file == str(tmp_path / "b.toml")
    assert fault.reason == f"is set in {tmp_path / 'a.toml'} as well"


def test_each_fault_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD + "\nfoo = 1\n\n[site]\ntimezone = 'x'\ntitle = 'A'\n")
    (tmp_path / "b.toml").write_text("[site]\ntitle = 'B'\n\n[feed.x]\nsize = [\n'a']\n")
    lines = {
        (Path(fault.file).name, fault.key): fault.line
        for fault in faults_of(tmp_path, SYNDICATOR__SERVER__PORT="x")
    }
    assert lines == {
        ("a.toml", "source.wire.foo"): 8,
        ("a.toml", "site.timezone"): 11,
        ("b.toml", "site.title"): 2,
        ("b.toml", "feed.x.title"): 4,
        ("b.toml", "feed.x.size"): 5,
        ("environment (SYNDICATOR__SERVER__PORT)", "server.port"): None,
    }


def test_a_fault_is_written_as_compilers_do() -> None:
    assert Fault(file="a.toml", key="site.title", reason="is empty", line=3).where == "a.toml:3: site.title"
    assert Fault(file="a.toml", key="line 3", reason="is not TOML", line=3).where == "a.toml:3"
    assert Fault(file="a.toml", key="(file)", reason="is a folder").where == "a.toml: (file)"
    assert Fault(file="", key="site.title", reason="is empty").where == "site.title"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"[site]\ntitle = \n", "line 2"),
        (b"[site]\ntitle = 'a'\ntitle = 'b'\n", "line 3"),
        (b"[site]\n\ntitle = [1,\n", "line 3"),
        (b"[site]\ntitle = '\xff'\n", "line 2"),
    ],
)
def test_a_file_that_is_no_toml_is_told_by_line_and_hides_no_other_fault(
    tmp_path: Path, content: bytes, line: str
) -> None:
    (tmp_path / "broken.toml").write_bytes(content)
    (tmp_path / "good.toml").write_text(GOOD + "[server]\nport = -1\n")
    told = {(Path(fault.file).name, fault.key, fault.line) for fault in faults_of(tmp_path)}
    server = GOOD.count("\n") + 2
    assert told == {("broken.toml", line, int(line.split()[1])), ("good.toml", "server.port", server)}


def test_what_may_stand_in_an_unreadable_file_is_not_called_missing(tmp_path: Path) -> None:
    (tmp_path / "sources.toml").write_text("[source.wire]\ntitle =\n")
    (tmp_path / "feeds.toml").write_text("[feed.x]\ntitle = 'x'\nfilter = { source = ['wire'] }\n")
    (fault,) = faults_of(tmp_path)
    assert fault.file == str(tmp_path / "sources.toml")


def test_a_wrong_default_is_told_once_not_for_each_source(tmp_path: Path) -> None:
    text = "[defaults]\nschedule = { every = 'x' }\n" + "".join(
        f"[source.s{n}]\ntitle = 'x'\nkind = 'feed'\nurl = 'https://x.example/'\n" for n in range(5)
    )
    assert only_fault(tmp_path, text).key == "defaults.schedule.every"


def test_a_default_that_does_not_fit_a_source_is_told_there(tmp_path: Path) -> None:
    text = "[defaults]\nschedule = { jitter = '10m' }\n" + GOOD
    assert only_fault(tmp_path, text).key == "source.wire.schedule.jitter"


@pytest.mark.parametrize("files", [{}, {"a.toml": ""}, {"a.toml": "# nothing\n", "b.toml": "\n"}])
def test_an_empty_configuration_is_a_fault(tmp_path: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (fault,) = faults_of(tmp_path)
    assert "empty" in fault.reason or "no *.toml file" in fault.reason
    assert fault.remedy


def test_a_missing_folder_is_a_fault(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path / "none")
    assert (fault.file, fault.reason) == (str(tmp_path / "none"), "there is no such folder")


def test_a_file_in_the_place_of_the_folder_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Hello\n")
    (fault,) = faults_of(tmp_path / "README.md")
    assert fault.reason == "is a file, not a folder"


def test_a_variable_that_names_no_key_is_a_fault(tmp_path: Path) -> None:
    fault = only_fault(tmp_path, GOOD, SYNDICATOR__PORT="80")
    assert (fault.file, fault.key) == ("environment", "SYNDICATOR__PORT")


def test_a_variable_with_an_unknown_key_is_told_by_its_name(tmp_path: Path) -> None:
    fault = only_fault(tmp_path, GOOD, SYNDICATOR__SERVER__PROT="80")
    assert fault.file == "environment (SYNDICATOR__SERVER__PROT)"
    assert fault.remedy == "did you mean port?"


def test_faults_never_show_a_secret(tmp_path: Path) -> None:
    (tmp_path / "redis").write_text("http://:hunter2@redis/")
    (tmp_path / "key").write_text("whsec_hunter2")
    text = (
        GOOD.replace("https://wire", "https://me:hunter2@wire")
        + "[store]\nurl = 'redis://:hunter2@h:port'\n"
        + "[endpoint.p]\nurl = 'https://p.example'\nsecret = 'hunter2'\n"
        + "[endpoint.q]\nurl = 'https://p.example'\nsecret_file = 'key'\nheaders = { A_file = 5, B = ['hunter2'] }\n"
    )
    (tmp_path / "all.toml").write_text(text)
    faults = faults_of(tmp_path, SYNDICATOR__STORE__URL_FILE="redis")
    assert len(faults) >= 6
    assert "hunter2" not in "\n".join(map(str, faults))


@settings(max_examples=150)
@given(
    st.recursive(
        st.one_of(st.text(max_size=8), st.integers(), st.booleans(), st.floats(), st.none()),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(
                    [
                        "source", "feed", "endpoint", "defaults", "site", "store", "headers", "schedule",
                        "every", "cron", "list", "article", "title", "url", "kind", "filter", "secret",
                        "secret_file", "x",
                    ]
                ),
                inner,
                max_size=4,
            ),
        ),
        max_leaves=20,
    ).filter(lambda tree: isinstance(tree, dict))
)  # fmt: skip
def test_whatever_stands_in_the_file_ends_in_faults_not_in_a_crash(
    tmp_path_factory: pytest.TempPathFactory, tree: dict[str, object]
) -> None:
    folder = tmp_path_factory.mktemp("config")
    (folder / "all.toml").write_text(toml(tree), encoding="utf-8")
    faults = faults_of(folder)
    assert all(fault.file and fault.reason and fault.remedy and "\n" not in str(fault) for fault in faults)


TOKEN = f'[token.ops]\nsha256 = "{"0" * 64}"\n'


@pytest.mark.parametrize(
    ("text", "key", "reason", "remedy"),
    [
        ("", "token.ops.scopes", "allows nothing", 'scopes = ["read"]'),
        ('scopes = ["write"]', "token.ops.scopes[0]", "one of", ""),
        ('scopes = ["read"]\nexpires = 2027-01-01T00:00:00', "token.ops.expires", "no offset", "+07:00"),
        ('scopes = ["read"]\nowner = "operators"', "token.ops.owner", "run this service", "another"),
        ('feeds = ["premium"]', "token.ops.feeds", "not a feed", "known here"),
        ('feeds = ["premum"]\n[feed.premium]\ntitle = "x"', "token.ops.feeds", "not a feed", "did you mean premium?"),
        ('scopes = ["read"]\nowner = "A b"', "token.ops.owner", "not a plain name", "lower-case"),
        (f'scopes = ["read"]\n[token.two]\nscopes = ["read"]\nsha256 = "{"0" * 64}"', "token.two.sha256", "that of [token.ops]", "another value"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_token(tmp_path: Path, text: str, key: str, reason: str, remedy: str) -> None:
    fault = only_fault(tmp_path, f"{GOOD}\n{TOKEN}{text}")
    assert fault.key == key
    assert reason in fault.reason
    assert remedy in fault.remedy


@pytest.mark.parametrize("value", ["synd_" + "ab" * 24, "0" * 63])
def test_a_token_itself_is_not_what_is_configured(tmp_path: Path, value: str) -> None:
    fault = only_fault(tmp_path, f'{GOOD}\n[token.ops]\nscopes = ["read"]\nsha256 = "{value}"')
    assert fault.key == "token.ops.sha256"
    assert value not in f"{fault.reason} {fault.remedy}"
