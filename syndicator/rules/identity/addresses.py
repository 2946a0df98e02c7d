"""Addresses of pages: one form to compare them by, another for readers to follow.

The form that is compared is never requested and never published. Two addresses share it where they are
spellings or views of one page (RFC 3986, 6; and what portals do). Where that is not sure they stay two: that
one article comes twice is a nuisance, that another never comes is a loss.
"""

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from operator import itemgetter
from urllib.parse import SplitResult, quote_from_bytes, unquote, unquote_to_bytes, urlsplit

from syndicator.rules.identity.portal_addresses import WAYS, Portal, portal_of
from syndicator.rules.politeness_scope import registrable_domain

_PREFIXES = (
    "utm_", "utm-", "mtm_", "pk_", "piwik_", "matomo_",  # campaigns
    "hsa_", "oly_", "vero_", "itm_", "hmb_", "stm_", "sc_campaign", "__twitter_", "fb_action_", "amp_",
    "at_custom", "at_recipient_", "ns_mchannel", "ns_campaign", "ns_source", "ns_linkname", "ns_fee",
)  # fmt: skip

_NAMES = frozenset(
    {
        # click identifiers
        "_branch_match_id", "_branch_referrer", "_openstat", "dclid", "efid", "epik", "fbclid",
        "gad_campaignid", "gad_source", "gbraid", "gclid", "gclsrc", "igsh", "igshid", "irclickid",
        "li_fat_id", "msclkid", "rb_clickid", "rdt_cid", "sccid", "srsltid", "ttclid", "twclid",
        "wbraid", "wickedid", "yclid", "ysclid",
        # analytics carried across hosts
        "__hsfp", "__hssc", "__hstc", "_ga", "_gl", "_hsenc", "_hsmi", "aoh", "gs_lcrp", "hsctatracking",
        "usqp",
        # mailers
        "_bhlid", "__s", "ck_subscriber_id", "mc_cid", "mc_eid", "mc_tc", "mkt_tok", "ml_subscriber",
        "ml_subscriber_hash", "wpisrc", "wpmm", "s_cid", "sc_cid", "vgo_ee",
        # campaigns by one name
        "at_audience_id", "at_bbc_team", "at_campaign", "at_campaign_type", "at_channel", "at_creation",
        "at_emailtype", "at_format", "at_link_id", "at_link_origin", "at_link_type", "at_medium",
        "at_objective", "at_ptr_name", "at_send_date", "at_variant", "cmp", "cmpid", "icid", "intcid",
        "intcmp", "ncid", "ocid", "campaign_content", "campaign_medium", "campaign_name", "campaign_source",
        "campaign_term",
        # share buttons and comment threads
        "fb_comment_id", "fb_ref", "fb_source", "__tn__", "replytocom", "share_id", "smid", "smtyp",
        "__readwiselocation", "doing_wp_cron",
        "tracking_page_direct",
        # sessions
        "jsessionid", "phpsessid",
    }
)  # fmt: skip


def is_tracking(name: str, extra: Collection[str] = ()) -> bool:
    """Return whether a parameter has no part in choosing a page; `extra`: a source's own names, in lower
    case.

    A name in `extra` that ends in `*` stands for all that begin with it. `amp;` before a name is left over
    from an address that was escaped twice.
    """
    lowered = name.lower().removeprefix("amp;")
    if lowered in _NAMES or lowered.startswith(_PREFIXES):
        return True
    return any(lowered.startswith(own[:-1]) if own.endswith("*") else lowered == own for own in extra)


_UNRESERVED = "-._~"
_IN_PATH = ":@!$&'()*+,;="
_PLAIN = re.compile(r"[A-Za-z0-9._~-]*")
_DEFAULT_PORTS = {"http": 80, "https": 443, "": None}

_VIEWS_OF_A_SITE = frozenset({"www", "m", "mobile", "amp", "wap"})
_AMP = frozenset({"amp", "amp.html"})
_PRINTED = frozenset({"print", "cetak"})
_INDEX = frozenset({"index.html", "index.htm", "index.php"})
_COMMENT_PAGE = re.compile(r"comment-page-[0-9]+")
_SESSION = re.compile(r";(?:jsessionid|phpsessid)=[^;]*", re.IGNORECASE)
_YES = frozenset({"", "1", "true", "yes"})
_VIEWS_OF_A_PAGE: dict[str, frozenset[str]] = {
    "amp": _YES | {"amp"},
    "outputtype": frozenset({"amp", "print"}),
    "output": frozenset({"amp", "print"}),
    "view": frozenset({"amp", "print"}),
    "format": frozenset({"amp", "print"}),
    "page": frozenset({"all", "1"}),
    "pages": frozenset({"all", "1"}),
    "showpage": frozenset({"all", "1"}),
    "showall": _YES,
    "single": _YES,
    "singlepage": _YES,
    "print": _YES | {"print"},
    "m": frozenset({"0", "1"}),
    "mobile": _YES | {"0", "false"},
    "nomobile": _YES,
    "tmpl": frozenset({"component"}),
    "noamp": _YES | {"mobile", "available"},
    "nonamp": _YES,
}
"""Parameters, and the values with which they choose how a page is shown, not which."""

_IN_A_CACHE = re.compile(
    r"(?:[a-z0-9-]+\.)?cdn\.ampproject\.org/[cv]/(?:s/)?([^/][^/.]*+\..++)"
    r"|(?:www\.)?google(?:\.[a-z]{2,3}){1,2}/amp/(?:s/)?([^/][^/.]*+\..++)"
)
"""Addresses of AMP caches hold that of the page (https://developers.google.com/amp/cache/overview)."""

PLAIN_PORT = r"[1-5][0-9]{4}|[1-9][0-9]{0,3}"
"""A pattern of most ports: those above 59999 are read by the long way."""

_USUAL = re.compile(
    rf"(https?)://([a-z0-9.-]+)(?::({PLAIN_PORT}))?"
    r"((?:/[A-Za-z0-9._~:@!$&'()*+,=/-]*)?)(?:\?([!\"$-~]*))?"
)
"""Scheme, host, port, path and query of an address without user, parameters of the path, fragment, and
escapes in the path: most are so. Parsing them with `urlsplit` and encoding their parts changes nothing."""
_HOST = re.compile(r"[^/?#]*")

_HOSTS_REMEMBERED = 10_000
_ADDRESSES_REMEMBERED = 4096
"""Canonical forms, some 400 bytes each: handling one article asks for the same address several times."""
_PARAMETERS_REMEMBERED = 2048
"""Parameters with their values: feeds put the same few ("utm_source=rss") into all their addresses."""
MAX_LENGTH, MAX_PARTS, MAX_LABELS = 1000, 64, 10
"""Characters; parts of path and query together; parts of a host. What has more is no article's address, and
stays whole: a document may have hundreds of them."""


def canonical_url(url: str) -> str:
    """Return the form of an address that all spellings and views of one page share; no URL to request.

    Left out: scheme, user, default port, `www.`, `m.`, `mobile.`, `amp.`, `wap.`, a slash or index file at
    the end, dot and empty segments, fragment (unless it is a route: `#!…`, `#/…`), tracking parameters,
    sessions, and what chooses a view (`/amp`, `/print`, `?amp=1`, `?page=all`, …). The other parameters are
    sorted by name. Editions and AMP pages of great portals, and their parameters of gifts and shares, are
    looked up in `portal_addresses`. Percent-encoding and international host names are made uniform. Pages of
    AMP caches are those of their portals. What is no URL, or far too long, is its own and only spelling.
    """
    return url.strip() if _is_endless(url) else _canonical(url)


def former_url(url: str) -> str | None:
    """Return the form that `canonical_url` gave before it knew portals and `WAYS`; None where it is the same.

    Articles that were stored then are known by it.
    """
    if _is_endless(url) or not ("?" in url or _is_cached(url) or _portal_named(url)):
        return None
    former = _former(url)
    return None if former == _canonical(url) else former


@lru_cache(maxsize=_ADDRESSES_REMEMBERED)
def _canonical(url: str) -> str:
    return _form(url, ways=WAYS)


@lru_cache(maxsize=_ADDRESSES_REMEMBERED)
def _former(url: str) -> str:
    return _form(url, ways=None)


def _form(url: str, ways: Collection[str] | None) -> str:
    """Return the form to compare.

    `ways`: parameters that choose no page, None: without looking at portals.
    """
    usual = _USUAL.fullmatch(url)
    if usual is None or _is_cached(url):
        return _form_of_any(url, ways)
    scheme, host, port, path, query = usual.groups()
    segments = _segments(path) if "/." in path else [segment for segment in path.split("/") if segment]
    site, portal = _site(host)
    if port and int(port) != _DEFAULT_PORTS[scheme]:
        site = f"{site}:{port}"
    address = "/".join((site, *_without_views(segments)))
    if portal is not None and ways is not None:
        address, ways = portal.rewritten(address), portal.ways
    return address + _query(query, ways or ()) if query else address


def _form_of_any(url: str, ways: Collection[str] | None) -> str:
    parts = _split(url)
    if parts is None:
        return url.strip()
    cached = _IN_A_CACHE.fullmatch(f"{parts.hostname}{parts.path}")
    if cached:
        inner = _split(f"//{cached[1] or cached[2]}?{parts.query}")
        parts = inner or parts
    host, portal = _site(parts.hostname or "")
    if parts.port is not None and parts.port != _DEFAULT_PORTS.get(parts.scheme, 0):
        host = f"{host}:{parts.port}"
    address = "/".join((host, *_without_views(_segments(parts.path))))
    if portal is not None and ways is not None:
        address, ways = portal.rewritten(address), portal.ways
    query = _query(parts.query, ways or ()) if parts.query else ""
    fragment = f"#{parts.fragment}" if parts.fragment.startswith(("!", "/")) else ""
    return f"{address}{query}{fragment}"


def clean_url(url: str, extra: Collection[str] = ()) -> str:
    """Return a URL without its tracking parameters, and otherwise as it was: the one that readers get.

    `extra` names parameters that only track on this source, in lower case.
    """
    if "?" not in url or _is_endless(url):
        return url
    address, mark, fragment = url.partition("#")
    path, _, query = address.partition("?")
    kept = [pair for pair in query.split("&") if pair and not is_tracking(_name(pair), extra)]
    return path + ("?" + "&".join(kept) if kept else "") + mark + fragment


def untracked(url: str, own: Collection[str]) -> str:
    """Return an address as a source lists it, without what only tracks there."""
    return clean_url(url, own) if own else url


def url_path(url: str) -> str:
    """Return what `canonical_url` leaves of an address without its host: two hosts of one portal share it."""
    canonical = canonical_url(url)
    host = _HOST.match(canonical)
    return canonical[host.end() :] if host else canonical


def is_article_path(segments: Iterable[str]) -> bool:
    """Return whether a path is that of an article rather than of a section: it has a number or a slug."""
    for segment in segments:  # noqa: SIM110 - a generator takes twice as long, and most have one segment
        if "-" in segment or any(map(str.isdigit, segment)):
            return True
    return False


def _is_endless(url: str) -> bool:
    return len(url) > MAX_LENGTH or url.count("/") + url.count("&") > MAX_PARTS


def _is_cached(url: str) -> bool:
    """Return whether an address may be one of an AMP cache."""
    return "google" in url or "ampproject" in url


def _portal_named(url: str) -> Portal | None:
    authority = url.partition("//")[2].partition("/")[0]
    return _site(authority.rpartition("@")[2].partition(":")[0].strip().lower())[1]


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url.strip())
        _ = parts.port, parts.hostname
    except ValueError:
        return None
    return parts


@lru_cache(maxsize=_HOSTS_REMEMBERED)
def _site(host: str) -> tuple[str, Portal | None]:
    """Return a host without what only says for which device it serves, as far as a registered name is left.

    With it, the portal that it belongs to.
    """
    host = host.rstrip(".")
    if not host.isascii() and host.count(".") < MAX_LABELS:
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return host, None
    label, _, rest = host.partition(".")
    while label in _VIEWS_OF_A_SITE and registrable_domain(rest) is not None:
        host = rest
        label, _, rest = host.partition(".")
    return host, portal_of(host)


def _segments(path: str) -> list[str]:
    """Return the segments of a path, dots taken out (RFC 3986, 5.2.4), encoded uniformly."""
    if ";" in path:
        path = _SESSION.sub("", path)
    kept: list[str] = []
    for part in path.split("/")[1:]:
        segment = _uniform(part, safe=_IN_PATH)
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return [segment for segment in kept if segment]


def _without_views(segments: list[str]) -> list[str]:
    if segments and (segments[-1] in _INDEX or _COMMENT_PAGE.fullmatch(segments[-1])):
        segments = segments[:-1]
    rest = [segment for segment in segments if segment not in _AMP]
    if rest and rest[-1] in _PRINTED:
        rest.pop()
    if rest and rest[-1].endswith((".amp", ".amp.html")):
        name, _, end = rest[-1].rpartition(".amp")
        rest[-1] = name + end
    # A section may be called "amp" (of amplifiers) and an article of it be listed by "/amp/…" alone.
    return rest if rest == segments or is_article_path(rest) else segments


def _query(query: str, ways: Collection[str]) -> str:
    kept = [pair for pair in map(_parameter, query.split("&")) if pair and pair[0].lower() not in ways]
    # By name only: of several values of one name the order may choose.
    kept.sort(key=itemgetter(0))
    return "?" + "&".join([f"{name}={value}" for name, value in kept]) if kept else ""


@lru_cache(maxsize=_PARAMETERS_REMEMBERED)
def _parameter(pair: str) -> tuple[str, str] | None:
    """Return name and value of a parameter, encoded uniformly; None if it does not choose the page."""
    raw, _, value = pair.partition("=")
    name = _uniform(raw.removeprefix("amp;").replace("+", " "))
    value = _uniform(value.replace("+", " "))
    if not name or is_tracking(name) or value.lower() in _VIEWS_OF_A_PAGE.get(name.lower(), ()):
        return None
    return name, value


def _name(pair: str) -> str:
    return unquote(pair.partition("=")[0])


def _uniform(text: str, *, safe: str = "") -> str:
    # Nearly all are plain; sitemaps have 50,000 addresses of several parts each. By bytes: what is no UTF-8
    # must not become one replacement character for all.
    if _PLAIN.fullmatch(text):
        return text
    return quote_from_bytes(unquote_to_bytes(text.encode("utf-8", "surrogatepass")), safe=_UNRESERVED + safe)
