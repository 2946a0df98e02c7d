"""Addresses of great portals: their editions, their AMP and mobile pages, and how a reader came to a page.

The parameters named here have no part in choosing a page, but some of them open it (gifts, tokens): they are
left out where addresses are compared, and stay in the links that readers follow. What a portal alone does
stands in its own row: `source`, `ref` or `s` choose the page elsewhere.
"""

import re

from msgspec import Struct

from syndicator.rules.politeness_scope import registrable_domain

WAYS = frozenset(
    {
        # gifts, shares, and what a wall asks for
        "unlocked_article_code", "pwapi_token", "giftid", "accesstoken", "sharetype", "referringsource",
        "reflink", "leadsource", "pwgt", "guccounter", "guce_referrer", "guce_referrer_sig", "lgn_method",
        "google_btn", "jxconn", "pinned_post_type", "pinned_post_locator", "pinned_post_asset_id", "soc_src",
        "soc_trk",
        # from which list, feed or campaign
        "searchresultposition", "itid", "srnd", "sref", "taid", "feedtype", "feedname", "traffic_source",
        "maca", "xtor", "sara_ref", "wt_zmc", "wt.mc_id", "gepc", "lmd_medium", "lmd_campaign",
        "lmd_creation", "ftag", ".tsrc", "tag_from", "qsearchterm", "cvid", "frmapp", "intlink_from_url",
        "intlink_ts", "akamai-rum", "printpagedarticle",
    }
)  # fmt: skip
"""Parameters, in lower case, by which no portal is known to choose a page."""


class Portal(Struct, frozen=True):
    """What is particular to the addresses of one registered domain."""

    ways: frozenset[str]
    """Its own parameters that have no part in choosing a page, in lower case; `WAYS` among them."""
    rewrites: tuple[tuple[re.Pattern[str], str], ...] = ()
    """Of host and path, in canonical form: which belong together, and what the page's own form is."""

    def rewritten(self, address: str) -> str:
        """Return the portal's own form of a host and path."""
        for pattern, form in self.rewrites:
            address = pattern.sub(form, address, count=1)
        return address


def portal_of(host: str) -> Portal | None:
    """Return the portal to which a host belongs, if it is one of those known here."""
    return _PORTALS.get(registrable_domain(host) or "")


def _portal(*ways: str, rewrites: tuple[tuple[re.Pattern[str], str], ...] = ()) -> Portal:
    return Portal(WAYS | set(ways), rewrites)


_INDIATIMES = (re.compile(r"/amp_articleshow/"), "/articleshow/")
_BBC = _portal("link_location", "cid", rewrites=((re.compile(r"\Abbc\.co\.uk/"), "bbc.com/"),))
_PORTALS = {
    "bbc.com": _BBC,
    "bbc.co.uk": _BBC,
    "businessinsider.com": _portal("r", "ir", "op"),
    "cnbc.com": _portal("__source"),
    "cnn.com": _portal(
        "cid",
        "iid",
        "sr",
        rewrites=((re.compile(r"\A(?:edition|lite|us)\.cnn\.com/|\Acnn\.com/cnn/"), "cnn.com/"),),
    ),
    "detik.com": _portal("source"),
    "economictimes.com": _portal(
        "from",
        rewrites=((re.compile(r"\Aeconomictimes\.com/"), "economictimes.indiatimes.com/"), _INDIATIMES),
    ),
    "elpais.com": _portal("ssm", "event_log", "prm", "rel"),
    "forbes.com": _portal("sh"),
    "ft.com": _portal("token", "segmentid"),
    "globo.com": _portal(rewrites=((re.compile(r"\A([a-z0-9]+\.globo\.com)/google/"), r"\1/"),)),
    "indianexpress.com": _portal("ref", rewrites=((re.compile(r"/lite\Z"), ""),)),
    "indiatimes.com": _portal("from", rewrites=(_INDIATIMES,)),
    "infobae.com": _portal("outputtype"),
    "kompas.com": _portal(
        "source", "engine", rewrites=((re.compile(r"\Akompas\.com/([a-z]+)/read/"), r"\1.kompas.com/read/"),)
    ),
    "ndtv.com": _portal("pfrom", rewrites=((re.compile(r"(-[0-9]{5,12})/1\Z"), r"\1"),)),
    "npr.org": _portal("ft", "f"),
    "nytimes.com": _portal("partner", "emc", "action", "module", "pgtype", "ref", "region", "auth", "login"),
    "okezone.com": _portal(
        rewrites=((re.compile(r"\A([a-z]+\.okezone\.com)/([0-9]{4}/[0-9]{2}/[0-9]{2}/)"), r"\1/read/\2"),)
    ),
    "scmp.com": _portal("module", "pgtype", "campaign"),
    "sindonews.com": _portal(rewrites=((re.compile(r"(\.sindonews\.com)/newsread/"), r"\1/read/"),)),
    "spiegel.de": _portal(rewrites=((re.compile(r"(-[0-9a-f]{12})-amp\Z"), r"\1"),)),
    "sueddeutsche.de": _portal("reduced", rewrites=((re.compile(r"!amp\Z"), ""),)),
    "tempo.co": _portal(rewrites=((re.compile(r"\A([a-z]+\.tempo\.co)/([0-9]+/)"), r"\1/read/\2"),)),
    "theatlantic.com": _portal("gift"),
    "thehindu.com": _portal("homepage"),
    "timesofindia.com": _portal(
        "from", rewrites=((re.compile(r"\Atimesofindia\.com/"), "timesofindia.indiatimes.com/"), _INDIATIMES)
    ),
    "tribunnews.com": _portal("s"),
    "uol.com.br": _portal(rewrites=((re.compile(r"\.amp\.htm\Z"), ".htm"),)),
    "wsj.com": _portal("st", "mod"),
    "yahoo.com": _portal(
        "src", rewrites=((re.compile(r"\Ayahoo\.com/news/([^/]+-[0-9]+\.html)\Z"), r"news.yahoo.com/\1"),)
    ),
    "yna.co.kr": _portal("section"),
    "zeit.de": _portal(rewrites=((re.compile(r"/komplettansicht\Z"), ""),)),
}
