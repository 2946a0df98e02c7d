"""The configuration as the rest of the program gets it: one frozen value."""

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from syndicator.egress.own_listeners import Listener
from syndicator.model.delivery import Endpoint
from syndicator.model.feed import FeedSpec, Site
from syndicator.model.hub import HubPolicy
from syndicator.model.ids import EndpointId, FeedId, SourceId, TokenId
from syndicator.model.source import Source
from syndicator.model.token import Token
from syndicator.rules.popularity.popularity_score import PopularityPolicy
from syndicator.rules.stories.clustering import StoriesPolicy
from syndicator.settings.tables.sections import (
    TAG_AUTHORITY,
    EgressSection,
    RetentionSection,
    SampleSection,
    ServerSection,
    StoreSection,
    WorkSection,
)

_OF_A_START = ("host", "port", "ops_host", "ops_port", "processes")
"""Keys of `[server]` that only a start applies."""

FIRST_YEAR = 2026
"""Part of the ids that we mint under the host of a public URL. It never changes: ids would."""


class Settings(Struct, frozen=True, kw_only=True):
    """Everything that was configured, checked, with all defaults filled in."""

    site: Site
    server: ServerSection
    work: WorkSection
    store: StoreSection
    egress: EgressSection
    retention: RetentionSection
    story: StoriesPolicy
    popularity: PopularityPolicy
    hub: HubPolicy | None
    """None: no hub of our own, and none of others that we notify."""
    sample: SampleSection
    sources: Mapping[SourceId, Source]
    feeds: Mapping[FeedId, FeedSpec]
    retired_feeds: Mapping[FeedId, FeedSpec]
    """Feeds that are not published any more: requests are answered with 410."""
    endpoints: Mapping[EndpointId, Endpoint]
    tokens: Mapping[TokenId, Token]
    user_agent: str
    """How we name ourselves to portals and partners."""
    public_url_given: bool
    """False when the public URL is only the address that the server listens on."""
    tag_authority: str | None = None
    """Who mints the ids of what we publish; None: the host of the first public URL that was given."""

    @property
    def renamed_sources(self) -> Mapping[SourceId, SourceId]:
        """Return what each source is called now that was called otherwise before."""
        return {former: one.id for one in self.sources.values() for former in one.former_ids}

    @property
    def own_authority(self) -> str | None:
        """Return the authority that the public URL makes.

        None where there is none, or its host is no name.
        """
        host = urlsplit(self.site.public_url).hostname or ""
        authority = f"{host},{FIRST_YEAR}"
        return authority if self.public_url_given and TAG_AUTHORITY.fullmatch(authority) else None

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """Return the listeners that the configuration names.

        Not those on a port that is free at the start.
        """
        server = self.server
        named = ((server.host, server.port), (server.ops_host, server.ops_port))
        return tuple(Listener(host, port) for host, port in named if port)

    def as_started(self, started: "Settings") -> tuple["Settings", tuple[str, ...]]:
        """Return the settings with what only a start applies as it was then, and the keys that differ."""
        differing = [
            f"{table}.{key}"
            for table in ("server", "work", "store", "sample")
            for key in type(getattr(self, table)).model_fields
            if (table != "server" or key in _OF_A_START)
            and getattr(getattr(self, table), key) != getattr(getattr(started, table), key)
        ]
        kept = {key: getattr(started.server, key) for key in _OF_A_START}
        server = self.server.model_copy(update=kept)
        site = self.site if self.public_url_given else replace(self.site, public_url=started.site.public_url)
        unchanged = {"work": started.work, "store": started.store, "sample": started.sample}
        return replace(self, server=server, site=site, **unchanged), tuple(differing)

    def with_port(self, port: int) -> "Settings":
        """Return the settings with the port that the server really got, where 0 asked for a free one."""
        server = self.server.model_copy(update={"port": port})
        site = self.site
        if not self.public_url_given:
            site = replace(site, public_url=listening_url(server.host, port))
        return replace(self, server=server, site=site)


def listening_url(host: str, port: int) -> str:
    """Return the URL under which this machine reaches a server that listens on `host`."""
    try:
        address = ip_address(host)
    except ValueError:
        return f"http://{host}:{port}"
    if address.is_unspecified:
        return f"http://localhost:{port}"
    return f"http://[{address}]:{port}" if address.version == 6 else f"http://{address}:{port}"  # noqa: PLR2004  IPv6
