"""Parameters of an address that only track where readers came from.

Kept by hand, from what the makers of the trackers document and from the lists of those who strip them:

- Google: campaign parameters (https://support.google.com/analytics/answer/1033863), click identifiers of
  Ads (https://support.google.com/google-ads/answer/9744275), AMP viewers
- Matomo and Piwik: https://matomo.org/faq/reports/common-campaign-tracking-use-cases-and-examples/
- Piano (AT Internet, of the BBC among others): https://help.piano.io/en/articles/sponsored-links
- Mozilla's query stripping, Brave's `query_filter`, AdGuard's TrackParamFilter, Miniflux's `urlcleaner`: for
  the click identifiers of shops, mailers and social networks
- what portals put into their own feeds and share buttons, seen there

A name stands here only if no portal chooses a page by it. `id`, `p`, `ref`, `source`, `from`, `cid`, `sid`
and the like do so on some: they are a source's own matter (`tracking` in its table).
"""

from collections.abc import Collection

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
