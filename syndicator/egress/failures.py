"""From an exception of the HTTP library to one reason and one sentence for people.

Sentences name the host and, where there is something to do, what. They never hold a whole URL (which
may carry a token) nor a character that a terminal would act upon.
"""

import os
import ssl
from ipaddress import ip_address

import aiohttp

from syndicator.egress.guard import Blocked
from syndicator.egress.proxies import Proxy
from syndicator.errors import EgressError
from syndicator.model.fetch import Reason

PROXY_WANTS_CREDENTIALS = 407

_MAX_DETAIL = 300

_HTTP_ADVICE = {
    206: "gives only a part of this document, though we asked for all of it",
    300: "offers several documents to choose from: configure the address of one",
    401: "wants credentials: set auth = { user = …, password_file = … }, or the headers, of this source",
    403: "refuses us: ask its owner, or check the headers of this source",
    404: "has nothing at this address: check the address",
    406: "does not offer this in a form that we accept",
    410: "says that this is gone for good: remove the source or change its address",
    429: "asks us to come less often",
    451: "may not show this for legal reasons",
    503: "is overloaded or under repair",
}


def clean(text: str) -> str:
    """Make one line of bounded length, without control characters."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    line = " ".join(shown.split())
    return line if len(line) <= _MAX_DETAIL else line[: _MAX_DETAIL - 1] + "…"


def failure(reason: Reason, detail: str) -> EgressError:
    return EgressError(reason, clean(detail))


_REFUSED_CREDENTIALS = "refuses the credentials that were sent: check auth, headers or cookies of this source"


def http_detail(host: str, status: int, *, signed_in: bool = False) -> str:
    """Return a sentence that says what a status that is no success means."""
    if signed_in and status == 401:  # noqa: PLR2004 — Unauthorized
        return clean(f"{host} {_REFUSED_CREDENTIALS} (HTTP {status}).")
    fallback = "has a fault of its own" if status >= 500 else "does not give us this document"  # noqa: PLR2004 — RFC 9110, 15.6
    return clean(f"{host} {_HTTP_ADVICE.get(status, fallback)} (HTTP {status}).")


def translate(
    error: Exception, host: str, proxy: Proxy | None = None, *, redirected: bool = False
) -> EgressError:
    """Translate whatever a request can end with; the caller keeps the cause by `raise … from`.

    `redirected` says that the host is one to which a redirect led. That a proxy cannot be reached or refuses
    is one reason, `connect`: it says nothing about the source.
    """
    if isinstance(error, aiohttp.ClientHttpProxyError) and proxy is not None:
        return proxy_refusal(proxy, host, error.status)
    if isinstance(error, aiohttp.ClientConnectorError):
        return _no_connection(error, host, proxy, redirected=redirected)
    if isinstance(error, ssl.SSLError):
        return failure(Reason.TLS, f"The secure connection to {host} broke: {tls_words(error)}.")
    if isinstance(error, aiohttp.InvalidUrlClientError):
        return failure(Reason.BLOCKED, f"{host} is a number, but not an address in its usual spelling.")
    if isinstance(error, TimeoutError):
        late = (
            "accept a connection"
            if isinstance(error, aiohttp.ConnectionTimeoutError)
            else "answer completely"
        )
        return failure(Reason.TIMEOUT, f"{host} did not {late} in time.")
    return failure(Reason.PROTOCOL, _protocol_words(error, host))


def proxy_refusal(proxy: Proxy, host: str, status: int) -> EgressError:
    wants = "wants other credentials" if status == PROXY_WANTS_CREDENTIALS else f"does not lead to {host}"
    return failure(Reason.CONNECT, f"{str(proxy).capitalize()} {wants} (HTTP {status}).")


def _connector_words(error: aiohttp.ClientConnectorError) -> str:
    return tls_words(error) if isinstance(error, aiohttp.ClientSSLError) else os_words(error.os_error)


def blocked(cause: Blocked, host: str, *, redirected: bool = False) -> EgressError:
    """Return which address is not allowed; a redirect is the portal's choice, and no reason to allow more."""
    shown = host if cause.address == host else f"{host} ({cause.address})"
    if cause.is_own:
        whose = "A redirect leads to" if redirected else "The address is"
        detail = f"{whose} a listener of this service itself ({shown}), which is never asked."
        return failure(Reason.BLOCKED, detail)
    if redirected:
        return failure(Reason.BLOCKED, f"A redirect leads to {shown}, which is not a public address.")
    advice = ": if it is meant, allow its network in [egress]" if _may_be_meant(cause.address) else ""
    return failure(Reason.BLOCKED, f"{shown} is not a public address{advice}.")


def _may_be_meant(address: str) -> bool:
    """Return whether a portal may stand there.

    Link-local addresses are of machines, and of clouds' secrets.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return True
    return not (found.is_link_local or found.is_multicast or found.is_unspecified)


def _no_connection(
    error: aiohttp.ClientConnectorError, host: str, proxy: Proxy | None, *, redirected: bool
) -> EgressError:
    if proxy is not None and (error.host, error.port) == (proxy.url.raw_host, proxy.url.port):
        return failure(Reason.CONNECT, f"No connection to {proxy}: {_connector_words(error)}.")
    cause = error.os_error
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return failure(Reason.DNS, f"The name {host} cannot be resolved: {os_words(cause)}.")
    if isinstance(error, aiohttp.ClientSSLError):
        return failure(Reason.TLS, f"No secure connection to {host}: {tls_words(error)}.")
    if isinstance(cause, Blocked):
        return blocked(cause, host, redirected=redirected)
    return failure(Reason.CONNECT, f"No connection to {host}:{error.port}: {os_words(cause)}.")


def os_words(cause: OSError) -> str:
    if cause.errno is not None:
        return os.strerror(cause.errno).lower()
    return cause.strerror or str(cause) or "no answer"


def tls_words(error: Exception) -> str:
    cause = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    words = getattr(cause, "verify_message", None) or getattr(cause, "reason", None)
    return str(words).replace("_", " ").lower() if words else "the handshake failed"


def _protocol_words(error: Exception, host: str) -> str:
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionError):
        return f"{host} closed the connection before it had answered completely."
    if isinstance(error, aiohttp.ClientPayloadError):
        return f"The answer of {host} was cut off, or is not encoded as it says."
    return f"{host} does not answer in proper HTTP."
