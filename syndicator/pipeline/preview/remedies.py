"""What people can do where an address gives no document: one sentence for each reason.

The words are those of the table of reasons in docs/gathering.md.
"""

import re
from ipaddress import ip_network
from math import ceil
from urllib.parse import urlsplit

from syndicator.egress.ip_addresses import NetworkPort
from syndicator.model.fetch import FetchFailed, Reason
from syndicator.rules.politeness_scope import DEFAULT_PORTS

MAY_BE_READ = (
    "ask the portal; where you may read it all the same, set politeness = { robots = false } in its source"
)
_REMEDIES = {
    "blocked": "see that the address is right, and where it redirects to",
    "scheme": "check the address, and where it redirects to",
    "dns": "see that the name is spelled right",
    "connect": "try again later; check the port, and the proxy if there is one",
    "tls": "write to the portal; see whether it is there under another name",
    "timeout": "try again later; for a slow portal raise timeout in [egress]",
    "busy": "try again in a moment",
    "too_large": "look at what it is; raise max_body of the source, or in [egress], if it is honest",
    "redirect": "open the address in a browser, and take the one at which it ends",
    "protocol": "see that the address and its port are those of a web server",
    "robots": MAY_BE_READ,
    "not_a_feed": "preview the address to see what is there",
    "malformed": "write to the portal",
    "empty": "preview the source to see what each selector brings, and try others",
    "parser": "look at the document; see whether expressions of the source (re:, replace) are slow",
    "internal": "the log has the details: please report it",
    "http_206": "try again later; write to the portal if it stays",
    "http_3xx": "open the address in a browser, and take the one of the document itself",
    "http_401": "set auth = { user = …, password_file = … }, or headers, for this source",
    "http_403": "ask its owner; set [site] contact, so that they know who asks",
    "http_404": "find the new address: preview the portal's home page",
    "http_410": "it is gone for good: remove the source, or find its new address",
    "http_429": "try again later, and give it a longer interval, or per_minute",
    "http_451": "it may not be shown where you ask from: ask its owner",
    "http_4xx": "see that the address opens in a browser; check headers",
    "http_5xx": "the server is in trouble: try again later",
}
_NOT_PUBLIC = re.compile(r"(\S+?)(?: \(([^)\s]+)\))? is not a public address: if it is meant")

_REFUSED_CREDENTIALS = "refuses the credentials that were sent"


def remedy_for(failed: FetchFailed) -> str:
    """Return what can be done about a failure."""
    remedy = remedy_of(failed.code, failed.detail, failed.requested_url)
    if failed.retry_after_s and remedy in _REMEDIES.values():
        return f"{remedy} (it asks for {_span(failed.retry_after_s)})"
    return remedy


def remedy_of(code: str, detail: str, requested_url: str) -> str:
    """Return what can be done about a failure of this reason, such as `dns` or `http_404`."""
    if code == Reason.BLOCKED and (match := _NOT_PUBLIC.match(detail)):
        return f'if you trust it: [egress] allow = ["{_allowed(match[2] or match[1], requested_url)}"]'
    if _REFUSED_CREDENTIALS in detail:
        return "check auth, headers or cookies of this source"
    return _REMEDIES.get(code) or _REMEDIES.get(f"{code[:6]}xx", _REMEDIES["http_4xx"])


def _allowed(address: str, requested_url: str) -> str:
    """Spell what to allow: the address and port that were asked; an example where it is no address."""
    asked = urlsplit(requested_url)
    try:
        network, port = ip_network(address), asked.port
    except ValueError:
        return "10.0.0.0/8"
    return str(NetworkPort(network, port or DEFAULT_PORTS.get(asked.scheme, 80)))


def _span(seconds: float) -> str:
    return f"{ceil(seconds)} s" if seconds < 120 else f"{ceil(seconds / 60)} min"  # noqa: PLR2004 -- two minutes
