"""The digest of a source's description: after an upgrade it is what the former version stored.

Where it is another, the upgrade has all sources run at once and forget what they know of their documents.
A new field of `Source` is therefore left out of the digest where it says nothing: see `spec_hash`.
"""

from pathlib import Path

from syndicator.rules.identity.identity import spec_hash
from syndicator.settings import load

CONFIG = """
[defaults]
timezone = "Asia/Jakarta"

[group.region]
schedule = { every = "5m", catch_up = "skip" }
active = "05:00-23:30"
holidays = { country = "ID", then = "08:00-20:00" }
tags = ["kota"]

[source.plain]
title = "A"
kind = "feed"
url = "https://a.example/rss"
schedule = { every = "5m" }

[source.pages]
title = "B"
kind = "page"
url = "https://b.example/"
schedule = { cron = "*/10 6-22 * * mon-fri", jitter = "30s" }
headers = { X-A = "1" }
list = { item = ".x", url = "a", title = "h2" }
article = { body = ".b", remove = ".ad", replace = [{ field = "title", find = "x", by = "y" }] }
popular = { item = ".p" }

[source.sitemap]
title = "C"
kind = "sitemap"
url = "https://c.example/s.xml"
schedule = { adaptive = true, min = "2m", max = "1h" }
politeness = { scope = "domain", in_flight = 1, per_minute = 30 }
images = "cache"
rights = { excerpt = 300 }

[source.calendar]
title = "D"
kind = "feed"
url = "https://d.example/rss"
group = "region"
fresh_within = "10m"
full_text = true
identity = "guid"
blackouts = [{ from = 2027-03-10T00:00:00, until = 2027-03-11T06:00:00, reason = "x" }]
bursts = [{ from = 2027-02-14T19:00:00, until = 2027-02-14T21:00:00, every = "30s", reason = "y" }]
runs = [2027-02-15T06:00:00]
"""
STORED = {
    "plain": "0867e0ab23a81e29546801f9",
    "pages": "1737cab3c06ef2201a1a59c5",
    "sitemap": "bf000941d02885d672f1cb01",
    "calendar": "6e826c9c81d2357b72a5dfb0",
}


def test_descriptions_have_the_digests_that_former_versions_stored(tmp_path: Path) -> None:
    (tmp_path / "all.toml").write_text(CONFIG, "utf-8")
    sources = load(tmp_path, {}).sources
    assert {name: spec_hash(source) for name, source in sources.items()} == STORED
