"""Which program asks for a feed, by its `User-Agent`: one of a short list, whatever strangers write there."""

import re

OTHER, BROWSER, NONE = "other", "browser", "none"

_LONGEST = 500
_READERS = (
    # what stands in the header, in lower case → what it is called
    ("feedly", "Feedly"),
    ("inoreader", "Inoreader"),
    ("newsblur", "NewsBlur"),
    ("the old reader", "The Old Reader"),
    ("theoldreader", "The Old Reader"),
    ("bazqux", "BazQux"),
    ("feedbin", "Feedbin"),
    ("feeder.co", "Feeder"),
    ("miniflux", "Miniflux"),
    ("freshrss", "FreshRSS"),
    ("tiny tiny rss", "Tiny Tiny RSS"),
    ("commafeed", "CommaFeed"),
    ("yarr", "yarr"),
    ("nextcloud", "Nextcloud News"),
    ("netnewswire", "NetNewsWire"),
    ("reeder", "Reeder"),
    ("newsboat", "newsboat"),
    ("thunderbird", "Thunderbird"),
    ("liferea", "Liferea"),
    ("akregator", "Akregator"),
    ("quiterss", "QuiteRSS"),
    ("rssowl", "RSSOwl"),
    ("rss guard", "RSS Guard"),
    ("rssguard", "RSS Guard"),
    ("fluent reader", "Fluent Reader"),
    ("readyou", "Read You"),
    ("vivaldi", "Vivaldi"),
    ("feedparser", "feedparser"),
    ("superfeedr", "Superfeedr"),
    ("slackbot", "Slack"),
    ("discordbot", "Discord"),
    ("telegrambot", "Telegram"),
    ("googlebot", "Google"),
    ("feedfetcher", "Google"),
    ("bingbot", "Bing"),
    ("mastodon", "Mastodon"),
    ("wordpress", "WordPress"),
    ("syndicator", "syndicator"),
    ("curl", "curl"),
    ("wget", "wget"),
    ("python", "Python"),
    ("go-http-client", "Go"),
    ("okhttp", "Java"),
    ("java/", "Java"),
    ("axios", "JavaScript"),
    ("node", "JavaScript"),
)
_SUBSCRIBERS = re.compile(r"\b([0-9]{1,7}) (?:subscriber|reader)")


def reader_of(user_agent: str) -> str:
    """Return the name of a known reader, or `browser`, `other`, or `none` where nothing was said."""
    said = user_agent[:_LONGEST].lower()
    if not said.strip():
        return NONE
    for mark, name in _READERS:
        if mark in said:
            return name
    return BROWSER if said.startswith("mozilla/") else OTHER


def subscribers_of(user_agent: str) -> int | None:
    """Return for how many people a service asks, where it says so: `Feedly/1.0 (…; 16 subscribers)`."""
    found = _SUBSCRIBERS.search(user_agent[:_LONGEST].lower())
    return int(found[1]) if found else None
