"""The configuration, from files and environment to one frozen value:

read files | lay the environment over | inherit [defaults] and groups | validate | check across tables | build
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from syndicator import __version__
from syndicator.errors import ConfigError
from syndicator.model.delivery import Endpoint
from syndicator.model.endpoint import OPERATORS
from syndicator.model.feed import Site
from syndicator.model.ids import EndpointId, FeedId, SourceId, TokenId
from syndicator.model.source import Source
from syndicator.rules.toml_lines import Location
from syndicator.settings.environment import override
from syndicator.settings.fault_messages import FormFault, faults_of, nearest
from syndicator.settings.files import NO_FILES, ConfigDocument, read_folder
from syndicator.settings.known_sources import KnownSources, digests_of_sources
from syndicator.settings.settings import Settings, listening_url
from syndicator.settings.tables.alerts import Choosable, SourceChoice
from syndicator.settings.tables.configuration import Configuration, Trial
from syndicator.settings.tables.hub import HubSection
from syndicator.settings.tables.sections import EgressSection, SiteSection
from syndicator.settings.tables.sources import inherit
from syndicator.store.cold.objects import NO_PLACE, NO_PLACE_REMEDY


def load(folder: Path, environ: Mapping[str, str]) -> Settings:
    """Read the configuration folder, with the environment's overrides.

    Raises:
        ConfigError: with every fault of every file at once.

    """
    return settings_of(read_folder(folder), environ)


def settings_of(
    document: ConfigDocument, environ: Mapping[str, str], known: KnownSources | None = None
) -> Settings:
    """Return what a document says, with the environment's overrides.

    `known`: where given, sources in it that are configured as before are taken from it, and it then knows the
    sources of this document.

    Raises:
        ConfigError: with every fault at once.

    """
    override(document, environ)
    digests = {} if known is None else digests_of_sources(document)
    unchanged = {} if known is None else known.unchanged(digests)
    configuration = _validated(document, unchanged=unchanged) if document.tree else None
    _check_groups(document)
    _check_references(document)
    _check_alerts(document)
    _check_former_ids(document, "feed", "published")
    _check_former_ids(document, "source", "gathered")
    _check_tokens(document)
    _check_ports(document)
    _check_cold_store(document)
    if document.faults or configuration is None:
        raise ConfigError(tuple(document.faults))
    settings = _built(configuration, document, unchanged)
    if known is not None:
        known.keep(digests, settings.sources)
    return settings


TRIAL = frozenset({"site", "egress"})
"""Tables that trying an address needs."""


def load_for_trial(folder: Path, environ: Mapping[str, str], needed: Collection[str] = TRIAL) -> Settings:
    """Read the tables that are needed; all else may be missing, or be wrong.

    Sources and feeds are known only where the whole configuration can be read.

    Raises:
        ConfigError: with every fault of those tables, and of files that cannot be read.

    """
    try:
        return load(folder, environ)
    except ConfigError:
        document = read_folder(folder)
    document.faults = [fault for fault in document.faults if fault.key != NO_FILES]
    override(document, environ)
    document.tree = {key: table for key, table in document.tree.items() if key in needed}
    configuration = _validated(document, Trial)
    if document.faults or configuration is None:
        raise ConfigError(tuple(document.faults))
    return _built(configuration, document)


def _validated(
    document: ConfigDocument,
    form: type[Configuration] = Configuration,
    unchanged: Mapping[str, Source] = MappingProxyType({}),
) -> Configuration | None:
    """Return the tables as forms, without the sources that are `unchanged`; None where there are faults."""
    sources = document.tree.get("source")
    tree = dict(document.tree)
    if isinstance(sources, dict):
        tree["source"] = {
            key: inherit(table, _inherited(document, table)) if isinstance(table, dict) else table
            for key, table in sources.items()
            if key not in unchanged
        }
    if unchanged:
        form = Trial  # as there are sources, none need be left
    try:
        return form.model_validate(tree, context={"folder": document.folder})
    except ValidationError as error:
        findings = tuple(faults_of(form, error))
        for finding in _without_repetition(findings, document):
            document.add_fault(finding.path, finding.reason, finding.remedy)
        return None


def _inherited(document: ConfigDocument, source: Mapping[str, object]) -> Mapping[str, object]:
    """Return what a source inherits: `[defaults]`, and over it the table of its group."""
    group, defaults = source.get("group"), document.table("defaults")
    return inherit(document.table("group", group), defaults) if isinstance(group, str) else defaults


def _without_repetition(findings: tuple[FormFault, ...], document: ConfigDocument) -> Iterator[FormFault]:
    """Leave out what is wrong in `[defaults]` or a group and shows again in each source that inherits it.

    What is missing is left out too when a file could not be read: it may well be in there.
    """
    above = {finding.path for finding in findings if finding.path[0] in {"defaults", "group"}}
    for finding in findings:
        inherited = finding.path[0] == "source" and bool(above & _inherited_paths(document, finding.path))
        if inherited and not document.has(finding.path):
            continue
        if finding.absent and not document.complete:
            continue
        yield finding


def _inherited_paths(document: ConfigDocument, path: Location) -> set[Location]:
    """Return from where a key of a source may come: the same key in `[defaults]`, and in its group."""
    if len(path) < 2:  # noqa: PLR2004  the table of all sources
        return set()
    group = document.table("source", str(path[1])).get("group")
    return {("defaults", *path[2:]), ("group", str(group), *path[2:])}


def _check_groups(document: ConfigDocument) -> None:
    """A source of a group that is not configured would quietly inherit nothing."""
    known = document.table("group")
    for key in document.table("source"):
        group = document.table("source", key).get("group")
        if isinstance(group, str) and group not in known and document.complete:
            reason = f"names {group!r}, which is not a group"
            remedy = nearest(group, known) if known else f"add [group.{group}], or remove it"
            document.add_fault(("source", key, "group"), reason, remedy)


def _check_references(document: ConfigDocument) -> None:
    """What names a source or feed that is not configured would quietly match nothing."""
    if not document.complete:
        return
    known, renamed = document.table("source"), _former_ids(document, "source")
    for section in ("endpoint", "token"):
        _check_feeds_of(document, section)
    for section in ("feed", "endpoint"):
        for key in document.table(section):
            if document.table(section, key).get("retired") is True:
                continue
            for source in _texts(document.table(section, key, "filter").get("source")):
                if source in known:
                    continue
                path = (section, key, "filter", "source")
                if source in renamed:
                    reason = f"names {source!r}, which is [source.{renamed[source][0]}] now"
                    document.add_fault(path, reason, f'write "{renamed[source][0]}"')
                else:
                    document.add_fault(
                        path, f"names {source!r}, which is not a source", nearest(source, known)
                    )


def _check_alerts(document: ConfigDocument) -> None:
    """An alert that names no source, group or owner that there is would quietly never be sent."""
    endpoints = document.table("endpoint")
    for key in document.table("alert"):
        if key in endpoints:
            reason = f"has the name of [endpoint.{key}]"
            document.add_fault(("alert", key), reason, "take another one: both have queues by their names")
    if not document.complete or not any(_choice(document, key) for key in document.table("alert")):
        return
    sources = [_choosable(document, key) for key in document.table("source")]
    known: dict[str, Collection[str]] = {
        "sources": [one.id for one in sources],
        "groups": [*document.table("group")],
        "owners": sorted({one.owner for one in sources if one.owner}),
    }
    for key in document.table("alert"):
        named = _choice(document, key)
        for word, names in named.items():
            spelled = str.casefold if word == "owners" else str
            there = {spelled(name) for name in known[word]}
            for name in names:
                if spelled(name) not in there:
                    reason = f"names {name!r}, which is not {_A[word]}"
                    document.add_fault(("alert", key, word), reason, nearest(name, known[word]))
        if named and not SourceChoice(**{**_NO_CHOICE, **named}).of(sources):
            document.add_fault(("alert", key), "chooses no source", "name others, or remove the keys")


_A = {"sources": "a source", "groups": "a group", "owners": "the owner of a source"}
_NO_CHOICE: Mapping[str, list[str]] = {word: [] for word in _A}


def _choice(document: ConfigDocument, key: str) -> dict[str, list[str]]:
    """Return the sources, groups and owners that an alert names."""
    found = {word: _texts(document.table("alert", key).get(word)) for word in _A}
    return {word: names for word, names in found.items() if names}


def _choosable(document: ConfigDocument, key: str) -> Choosable:
    table = document.table("source", key)
    owner = inherit(table, _inherited(document, table)).get("owner")
    group = table.get("group")
    return Choosable(
        id=key,
        group=group if isinstance(group, str) else None,
        owner=owner if isinstance(owner, str) else None,
    )


def _check_feeds_of(document: ConfigDocument, section: str) -> None:
    known = {*document.table("feed"), *_former_ids(document, "feed")}
    for key in document.table(section):
        for feed in _texts(document.table(section, key).get("feeds")):
            if feed not in known:
                path = (section, key, "feeds")
                document.add_fault(path, f"names {feed!r}, which is not a feed", nearest(feed, known))


def _texts(value: object) -> list[str]:
    """Return the texts of a key that takes one or several; what is none is a fault of the form."""
    found = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return [each for each in found if isinstance(each, str)]


def _former_ids(document: ConfigDocument, section: str) -> dict[str, list[str]]:
    """Return the feeds, or sources, that say of a name that it was theirs."""
    fields: dict[str, list[str]] = {}
    for key in document.table(section):
        for name in _texts(document.table(section, key).get("former_ids")):
            fields.setdefault(name, []).append(key)
    return fields


def _check_former_ids(document: ConfigDocument, section: str, used: str) -> None:
    """A name leads to one feed or source: to that which has it, or to that which took its place."""
    present = document.table(section)
    for name, claiming in _former_ids(document, section).items():
        if name in present:
            reason = f"names {name!r}, which is {used} as [{section}.{name}]"
            remedy = f"remove [{section}.{name}], or take the name out of the list"
            document.add_fault((section, claiming[0], "former_ids"), reason, remedy)
        for other in claiming[1:]:
            reason = f"names {name!r}, as [{section}.{claiming[0]}] does"
            document.add_fault((section, other, "former_ids"), reason, "leave it with one of them")


def _check_tokens(document: ConfigDocument) -> None:
    """Two tokens of one value would be one."""
    holders: dict[str, str] = {}
    for key in document.table("token"):
        digest = document.table("token", key).get("sha256")
        if isinstance(digest, str) and (other := holders.setdefault(digest, key)) != key:
            path = ("token", key, "sha256")
            document.add_fault(path, f"is that of [token.{other}], too", "make another value for it")
        if OPERATORS in (key, document.table("token", key).get("owner")):
            path = ("token", key, *(("owner",) if key != OPERATORS else ()))
            document.add_fault(path, f"{OPERATORS!r} are those who run this service", "take another name")


def _check_ports(document: ConfigDocument) -> None:
    """The sample portals run beside the server, so they cannot have its ports."""
    sample = document.table("sample")
    server = document.table("server")
    ports = sample.get("ports")
    if sample.get("enabled") is not True or not isinstance(ports, list):
        return
    for key, default in (("port", 8080), ("ops_port", 8089)):
        port = server.get(key, default)
        if port and port in ports:
            document.add_fault(
                ("sample", "ports"), f"holds {port}, the server's own {key}", "give another one"
            )


def _check_cold_store(document: ConfigDocument) -> None:
    """Texts leave memory only for a cold store, and only the embedded server brings one along."""
    store = document.table("store")
    has_url = any(store.get(key) is not None for key in ("url", "url_file"))
    if has_url and store.get("cold") is None and document.table("retention").get("hot") is not None:
        document.add_fault(("retention", "hot"), NO_PLACE, NO_PLACE_REMEDY)


def _built(
    configuration: Configuration,
    document: ConfigDocument,
    unchanged: Mapping[str, Source] = MappingProxyType({}),
) -> Settings:
    server = configuration.server
    public_url = configuration.site.public_url
    egress = configuration.egress
    feeds = {FeedId(key): form for key, form in configuration.feed.items()}
    sources = {
        SourceId(key): unchanged[key]
        if key in unchanged
        else configuration.source[key].value(SourceId(key), egress, configuration.site.timezone)
        for key in document.table("source")
    }
    return Settings(
        site=_site(
            configuration.site, configuration.hub, public_url or listening_url(server.host, server.port)
        ),
        server=server,
        work=configuration.work,
        store=configuration.store,
        egress=egress,
        retention=configuration.retention,
        story=configuration.story.value(),
        popularity=configuration.popularity.value(),
        hub=configuration.hub.value(),
        sample=configuration.sample,
        sources=sources,
        feeds={feed: form.value(feed) for feed, form in feeds.items() if not form.retired},
        retired_feeds={feed: form.value(feed) for feed, form in feeds.items() if form.retired},
        endpoints=_endpoints(configuration, sources.values()),
        tokens={TokenId(key): form.value(TokenId(key)) for key, form in configuration.token.items()},
        user_agent=_user_agent(egress, configuration.site),
        public_url_given=public_url is not None,
        tag_authority=configuration.site.tag_authority,
    )


def _endpoints(configuration: Configuration, sources: Iterable[Source]) -> dict[EndpointId, Endpoint]:
    """Return all that events are sent to: endpoints, and targets of alerts."""
    endpoints = {EndpointId(key): form.value(EndpointId(key)) for key, form in configuration.endpoint.items()}
    choosable = [Choosable(id=one.id, group=one.group, owner=one.owner) for one in sources]
    alerts = {
        EndpointId(key): form.value(EndpointId(key), choosable) for key, form in configuration.alert.items()
    }
    return endpoints | alerts


def _site(section: SiteSection, hub: HubSection, public_url: str) -> Site:
    return Site(
        title=section.title,
        public_url=public_url,
        language=section.language,
        timezone=section.timezone,
        contact=section.contact,
        logo_url=section.logo,
        news_sitemap=section.news_sitemap,
        serves_hub=hub.enabled,
        serves_rsscloud=hub.enabled and hub.rsscloud,
        external_hubs=hub.external,
    )


def _user_agent(egress: EgressSection, site: SiteSection) -> str:
    """Portals should be able to see who asks, and where to complain (RFC 9110, 10.1.5)."""
    known = "; ".join(f"+{each}" for each in (site.public_url, site.contact) if each)
    own = f"syndicator/{__version__}"
    return egress.user_agent or (f"{own} ({known})" if known else own)
