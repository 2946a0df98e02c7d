"""What a configuration says that is valid, but cannot be meant: shown by `check` and at every start."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from yarl import URL

from syndicator.egress.ip_addresses import (
    AllowList,
    NetworkPort,
    is_odd_number,
    is_permitted,
    unwrap,
    usual_spelling,
)
from syndicator.egress.own_listeners import OwnListeners
from syndicator.egress.proxies import literal_address
from syndicator.errors import Fault
from syndicator.settings.settings import Settings


def advice(settings: Settings) -> tuple[Fault, ...]:
    """Return what is probably wrong; the files are not named, for a setting may come from several."""
    return (*_unreachable(settings), *_untrusted_proxies(settings))


def _unreachable(settings: Settings) -> Iterator[Fault]:
    """Yield warnings of addresses that no request can reach. Names are not resolved."""
    egress, own = settings.egress, OwnListeners(settings.listeners)
    external = settings.hub.external if settings.hub else ()
    asked: tuple[tuple[str, Iterator[tuple[str, str]], AllowList], ...] = (
        ("allow", ((f"source.{one.id}.url", one.url) for one in settings.sources.values()), egress.allow),
        (
            "allow_callbacks",
            ((f"{one.table}.url", one.url) for one in settings.endpoints.values()),
            egress.allow_callbacks,
        ),
        (
            "allow_callbacks",
            ((f"hub.external[{place}]", url) for place, url in enumerate(external)),
            egress.allow_callbacks,
        ),
    )
    for key, urls, allow in asked:
        for where, url in urls:
            if (fault := _fault_of(where, url, key, allow, own)) is not None:
                yield fault


def _fault_of(where: str, url: str, key: str, allow: AllowList, own: OwnListeners) -> Fault | None:
    parts = URL(url)
    host, port = parts.host or "", parts.port or 0
    if is_odd_number(host):
        reason = f"is never reached: {host} is a number, but not an address in its usual spelling"
        usual = usual_spelling(host)
        remedy = f"if it is meant, write {usual}" if usual else "write the host by its name or address"
        return Fault(file="", key=where, reason=reason, remedy=remedy)
    address = literal_address(host)
    if address is None:
        return None
    if own.hold(address, port):
        reason = f"is never reached: port {port} of this machine is a listener of this service"
        return Fault(file="", key=where, reason=reason, remedy="give the address of the other server")
    if not is_permitted(address, allow, port):
        reason = f"is never reached: {host} is not a public address, and [egress] does not allow it"
        remedy = f'if it is meant: [egress] {key} = ["{NetworkPort(ip_network(unwrap(address)), port)}"]'
        return Fault(file="", key=where, reason=reason, remedy=remedy)
    return None


def _untrusted_proxies(settings: Settings) -> Iterator[Fault]:
    """Yield a warning of a proxy on this machine that is needed to reach the service, but not trusted."""
    server = settings.server
    public = literal_address(urlsplit(settings.site.public_url).hostname or "")
    is_behind = settings.public_url_given and (public is None or not public.is_loopback)
    if server.trusted_proxies or not is_behind or not _is_loopback(server.host):
        return
    yield Fault(
        file="",
        key="server.trusted_proxies",
        reason="is empty, though the server is reached through a proxy on this machine alone: all clients "
        "are taken for this machine, and no limit holds for any of them",
        remedy=f'if there is a proxy: [server] trusted_proxies = ["{_loopback_of(server.host)}"]',
    )


def _is_loopback(host: str) -> bool:
    address = literal_address(host)
    return address is not None and address.is_loopback


def _loopback_of(host: str) -> str:
    try:
        return str(ip_network(ip_address(host)))
    except ValueError:
        return "127.0.0.1/32"
