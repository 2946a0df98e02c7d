"""Who counts as a reader of a link: people with browsers, a few of each network."""

import pytest
from msgspec.structs import replace

from syndicator.rules.popularity.visitors import (
    A_NETWORK,
    Visit,
    agent_family,
    household_key,
    household_of,
    is_reader,
    network_of,
    visitor_key,
)

KIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
CHROME = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KIT} Chrome/131.0.0.0 Safari/537.36"
ANDROID = f"Mozilla/5.0 (Linux; Android 10; K) {KIT} Chrome/131.0.0.0 Mobile Safari/537.36"
CUBOT = f"Mozilla/5.0 (Linux; Android 9; CUBOT_X19) {KIT} Chrome/88.0.4324.93 Mobile Safari/537.36"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Mobile/15E148 Safari/604.1"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"
EDGE = f"{CHROME} Edg/131.0.2903.51"
SAMSUNG = (
    f"Mozilla/5.0 (Linux; Android 10; K) {KIT} SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36"
)
OPERA_MINI = "Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; id) Presto/2.12.423 Version/12.16"
IN_FACEBOOK = f"{ANDROID} [FB_IAB/FB4A;FBAV/490.0.0.0.1;]"
YANDEX = f"{CHROME} YaBrowser/24.10.0.0"

PEOPLE = (
    CHROME, ANDROID, CUBOT, IPHONE, FIREFOX, EDGE, SAMSUNG, OPERA_MINI, IN_FACEBOOK, YANDEX,
)  # fmt: skip

MACHINES = (
    "",
    # robots
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    f"{ANDROID} (compatible; GoogleOther)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    f"Mozilla/5.0 (Linux; Android 5.0) {KIT} (compatible; Bytespider; spider-feedback@bytedance.com)",
    f"Mozilla/5.0 {KIT}; compatible; GPTBot/1.2; +https://openai.com/gptbot",
    "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
    "Mozilla/5.0 (compatible; YandexRenderResourcesBot/1.0)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0)",
    "CCBot/2.0 (https://commoncrawl.org/faq/)",
    "Mozilla/5.0 (Java) outbrain",
    # link previews
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) {KIT} facebookexternalhit/1.1 Facebot Twitterbot/1.0",
    "WhatsApp/2.23.20.0",
    "TelegramBot (like TwitterBot)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    f"Mozilla/5.0 (Windows NT 6.1; WOW64) {KIT} SkypeUriPreview Preview/0.5",
    f"{CHROME} BingPreview/1.0b",
    "http.rb/5.1.1 (Mastodon/4.2.0; +https://mastodon.social/) Bot",
    # what feed readers fetch
    "Feedly/1.0 (+http://www.feedly.com/fetcher.html; like FeedFetcher-Google)",
    "FreshRSS/1.24.1 (Linux; https://freshrss.org)",
    "Mozilla/5.0 (compatible; Miniflux/2.2.2; +https://miniflux.app)",
    "Tiny Tiny RSS/21.11 (https://tt-rss.org/)",
    "NetNewsWire (RSS Reader; https://netnewswire.com/)",
    "Mozilla/5.0 (Macintosh) NewsBlur Page Fetcher",
    "Mozilla/5.0 (Linux) Inoreader/1.0",
    "newsboat/2.36 (Linux x86_64)",
    # libraries, probes, browsers without a person
    "curl/8.5.0",
    "Wget/1.21.4",
    "python-requests/2.32.3",
    "Python/3.11 aiohttp/3.11.2",
    "Go-http-client/2.0",
    "okhttp/4.12.0",
    f"Mozilla/5.0 (X11; Linux x86_64) {KIT} HeadlessChrome/131.0.0.0 Safari/537.36",
    f"{ANDROID} Chrome-Lighthouse",
    "Mozilla/5.0 (compatible; UptimeRobot/2.0)",
)  # fmt: skip

SALT = b"a day's salt"


def visit(address: str = "203.0.113.9", agent: str = CHROME) -> Visit:
    return Visit(address=address, agent=agent)


@pytest.mark.parametrize("agent", PEOPLE)
def test_people_count(agent: str) -> None:
    assert is_reader(visit(agent=agent))


@pytest.mark.parametrize("agent", MACHINES)
def test_machines_do_not_count(agent: str) -> None:
    assert not is_reader(visit(agent=agent))


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({"method": "HEAD"}, False),
        ({"purpose": "prefetch"}, False),
        ({"purpose": "prefetch;prerender"}, False),
        ({"purpose": "   preview"}, False),
        ({"purpose": "   "}, True),
        ({"destination": "document"}, True),
        ({"destination": "image"}, False),
        ({"destination": "iframe"}, False),
        ({"destination": "empty"}, False),
    ],
)
def test_what_a_browser_says_of_its_request(changes: dict[str, str], counts: bool) -> None:
    assert is_reader(replace(visit(), **changes)) is counts


@pytest.mark.parametrize(
    ("address", "network", "household"),
    [
        ("203.0.113.9", "203.0.113.0/24", "203.0.113.9/32"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48", "2001:db8:1:2::/64"),
        ("unknown", "unknown", "unknown"),
        ("", "unknown", "unknown"),
    ],
)
def test_networks(address: str, network: str, household: str) -> None:
    assert (network_of(address), household_of(address)) == (network, household)


@pytest.mark.parametrize(
    ("agent", "family"),
    [
        (CHROME, "chrome windows"),
        (CHROME.replace("131", "97"), "chrome windows"),
        (EDGE, "edge windows"),
        (SAMSUNG, "samsung android"),
        (FIREFOX, "firefox linux"),
        (IPHONE, "safari iphone"),
        (OPERA_MINI, "opera android"),
        ("Mozilla/5.0 (x)", "other other"),
    ],
)
def test_families_have_no_versions(agent: str, family: str) -> None:
    assert agent_family(agent) == family


def test_a_visitor_is_the_same_for_a_day_and_in_its_network() -> None:
    key = visitor_key(visit(), SALT)
    assert visitor_key(visit("203.0.113.200", CHROME.replace("131", "132")), SALT) == key
    assert visitor_key(visit("203.0.114.9"), SALT) != key
    assert visitor_key(visit(), b"the next day's salt") != key
    assert household_key(visit(), SALT) != key
    assert household_key(visit("203.0.113.200"), SALT) != household_key(visit(), SALT)


def test_a_network_has_few_visitors_whatever_it_sends() -> None:
    browsers = ("Firefox/1", "Chrome/1", "Safari/1", "Edg/1", "OPR/1", "SamsungBrowser/1", "else")
    systems = ("Android", "iPhone", "iPad", "Windows", "Macintosh", "CrOS", "Linux", "else")
    agents = [f"Mozilla/5.0 ({system}) {browser}" for system in systems for browser in browsers]
    keys = {visitor_key(visit(f"203.0.113.{n}", agent), SALT) for n in range(256) for agent in agents}
    assert 1 < len(keys) <= A_NETWORK
