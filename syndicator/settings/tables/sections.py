"""The tables that stand once: `[site] [server] [work] [store] [egress] [retention] [sample]`."""

import re
import shutil
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from syndicator.settings.form import Form
from syndicator.settings.partitions import PartitionsSection
from syndicator.settings.secret_files import SealKeysFile, TextFile
from syndicator.settings.value_texts import (
    Cidr,
    Language,
    Line,
    Port,
    PositiveDuration,
    ProxyUrl,
    PublicUrl,
    Reachable,
    Size,
    Url,
    Zone,
    proxy_url,
    refuse_beside,
    slug,
    split_url,
    wrong,
)
from syndicator.store.cold.objects import IN_DATA_DIR
from syndicator.store.servers.store_url import FORMS, check_store_url

TAG_AUTHORITY = re.compile(
    r"([a-z0-9._-]+@)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*,\d{4}(-\d\d(-\d\d)?)?"
)
"""RFC 4151, 2.1."""
_COLD_SCHEMES = {"s3", "gs", "az", "file"}


def _host(value: str) -> str:
    """Take an address or a name to listen on; brackets around an IPv6 address may stand or be left out."""
    host = value.strip("[]")
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    labels = host.split(".")
    if not all(label.replace("-", "").isalnum() and label.isascii() for label in labels):
        raise wrong("is not an address to listen on", 'write one such as "127.0.0.1", "::1" or "0.0.0.0"')
    return host


def _asked_by(value: str) -> str:
    """Take a name by which requests ask (`Host`), without its port."""
    name = value.lower()
    if not all(label.replace("-", "").isalnum() and label.isascii() for label in name.split(".")):
        raise wrong(
            "is not a host name",
            'write the name alone, as in "ops.example", and letters other than a to z as "xn--…"',
        )
    return name


def _store_url(value: str) -> str:
    try:
        check_store_url(value)
    except ValueError as error:
        raise wrong(str(error), FORMS) from None
    return value


def _cold_store(value: str) -> str:
    if value == IN_DATA_DIR:
        return value
    remedy = f'write "{IN_DATA_DIR}", or a URL: s3://bucket/prefix, gs://, az://, or file:///folder'
    parts = split_url(value, remedy)
    if parts.scheme not in _COLD_SCHEMES or not (parts.path if parts.scheme == "file" else parts.hostname):
        raise wrong("is not the URL of a store of objects", remedy)
    if parts.username or parts.password:
        raise wrong("holds credentials", "give them by the environment, as AWS_ACCESS_KEY_ID")
    return value


def _engine(value: str) -> str:
    if shutil.which(value) is None:
        remedy = "give the path of valkey-server or redis-server, or remove the key to use the bundled one"
        raise wrong(f"{value!r} is not a program that can be run here", remedy)
    return value


def _tag_authority(value: str) -> str:
    if not TAG_AUTHORITY.fullmatch(value):
        raise wrong("is not a domain with a date", 'write one such as "news.example,2026"')
    return value


class SiteSection(Form):
    """`[site]`: who publishes."""

    title: Line = Field(default="Syndicator", description="Name of the site, shown in feeds and on pages.")
    public_url: PublicUrl | None = Field(
        default=None,
        description="Where the outside world reaches the service; may carry a path prefix. "
        "Left out: the address that the server listens on.",
    )
    language: Language = Field(
        default="en", description="Language of feeds and pages that name none (BCP 47)."
    )
    timezone: Zone = Field(default="UTC", description="Zone in which pages show times.")
    contact: Line | None = Field(
        default=None, description="Address for take-downs, shown on pages and in feeds."
    )
    logo: Url | None = Field(
        default=None, description="A picture that stands for the site in readers: PNG, JPEG or GIF."
    )
    news_sitemap: bool = Field(
        default=False,
        strict=True,
        description="Whether search engines are invited to our own pages of articles, by "
        "`/sitemap-news.xml`, where the `rights` of their sources allow it. Else these pages are `noindex`.",
    )
    tag_authority: Annotated[Line, AfterValidator(_tag_authority)] | None = Field(
        default=None,
        description="A domain and a date when it was yours, as in `news.example,2026`: all ids of entries "
        "begin with it (RFC 4151). Never change it: to readers every article would be a new one. Left out: "
        "the host of the first `public_url`, which is remembered.",
    )


class ServerSection(Form):
    """`[server]`: the web server."""

    host: Annotated[Line, AfterValidator(_host)] = Field(
        default="127.0.0.1", description="Address to listen on."
    )
    port: Port = Field(default=8080, description="Port to listen on; 0 takes a free one and prints it.")
    ops_host: Annotated[Line, AfterValidator(_host)] = Field(
        default="127.0.0.1",
        description="Address of metrics and operators' pages. Off loopback, metrics ask for a token, too.",
    )
    ops_port: Port = Field(
        default=8089,
        description="Port of metrics and operators' pages; further processes on the machine take the next "
        "free ones. 0 takes a free one.",
    )
    ops_hosts: tuple[Annotated[Line, AfterValidator(_asked_by)], ...] = Field(
        default=(),
        description="Names by which metrics and console may be asked beside those of loopback, such as "
        "one that a proxy passes on.",
    )
    console: bool = Field(
        default=True,
        strict=True,
        description="Whether the [console](console.md) is also at `/admin/` of this server, for who signs in "
        "with an `admin` token. The operators' port has it in any case.",
    )
    portal: bool = Field(
        default=True,
        strict=True,
        description="Whether the [portal](portal.md) of partners is at `/partners/` of this server, for who "
        "signs in with a `partner` token.",
    )
    processes: Annotated[int, Field(strict=True, ge=1, le=64)] = Field(
        default=1, description="How many server processes share the port."
    )
    trusted_proxies: tuple[Cidr, ...] = Field(
        default=(), description="Ranges of reverse proxies; only from these is a forwarded address believed."
    )
    feeds_per_minute: Annotated[int, Field(strict=True, ge=0, le=100_000)] = Field(
        default=120,
        description="How often one client is sent one feed in full, in each process; above it is told 429 "
        "and when to come again. What it has already (304) is not counted. 0: no limit.",
    )
    unlimited: tuple[Cidr, ...] = Field(
        default=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
        description="Ranges of clients without limit.",
    )

    @field_validator("ops_port")
    @classmethod
    def _apart(cls, value: int, info: ValidationInfo) -> int:
        if value and value == info.data.get("port"):
            raise wrong("is the server's own port", "give it another one, or 0 for a free one")
        return value


class WorkSection(Form):
    """`[work]`: the workers, which gather, publish and deliver."""

    processes: Annotated[int, Field(strict=True, ge=1, le=64)] = Field(
        default=1, description="How many worker processes run."
    )


class StoreSection(Form):
    """`[store]`: where everything is kept."""

    url: Annotated[Line, AfterValidator(_store_url)] | None = Field(
        default=None,
        repr=False,
        description="A Redis (7.0 or newer) or Valkey (7.2 or newer) of your own, the "
        "[sentinels](howto/redis-sentinel.md) that watch some, or nodes of a "
        "[cluster](operating.md#a-cluster). Left out: an embedded one.",
    )
    url_file: TextFile = Field(
        default=None, repr=False, description="File that holds `url`, where it has a password."
    )
    engine: Annotated[Line, AfterValidator(_engine)] | None = Field(
        default=None,
        description="Program of the embedded server, by name or path. Left out: the bundled Valkey.",
    )
    namespace: Annotated[Line, AfterValidator(slug)] = Field(
        default="main", description="Prefix of all keys, so that several services can share one Redis."
    )
    data_dir: Path = Field(
        default=Path("data"),
        description="Folder of the embedded server's data and of the last good feeds; "
        "a relative one is taken from the working directory.",
    )

    seal_key_file: SealKeysFile = Field(
        default=None,
        repr=False,
        description="File that holds the key by which secrets of registered endpoints are sealed, or one a "
        "line: the first seals, every one opens. Left out: seal.key in data_dir, made once.",
    )
    pictures: Size = Field(
        default=256 * 2**20,
        description='How much disk the pictures may take that are served for sources with images = "cache".',
    )

    cold: Annotated[Line, AfterValidator(_cold_store)] | None = Field(
        default=None,
        description='Where texts go that leave memory by `[retention] hot`: `"data_dir"` is a file there, '
        'for processes of one machine; `"s3://bucket/prefix"`, `gs://`, `az://` or `file:///folder` are for '
        "several (`pip install 'syndicator[cold]'`). Left out: `data_dir` with the embedded server.",
    )

    partitions: PartitionsSection = Field(
        default=PartitionsSection(), description="See `[store.partitions]` below."
    )

    @field_validator("url_file")
    @classmethod
    def _one_url(cls, value: str | None, info: ValidationInfo) -> str | None:
        refuse_beside(info, "url", value)
        return None if value is None else _store_url(value)

    @property
    def redis_url(self) -> str | None:
        """The configured Redis, from `url` or `url_file`; None means the embedded one."""
        return self.url or self.url_file


class EgressSection(Form):
    """`[egress]`: everything that goes out."""

    user_agent: Line | None = Field(
        default=None, description="How we name ourselves. Left out: name, version, contact."
    )
    timeout: PositiveDuration = Field(
        default=timedelta(seconds=30), description="Longest time of one request, with its redirects."
    )
    max_body: Size = Field(default=10 * 2**20, description="Largest document, after decompression.")
    allow: tuple[Reachable, ...] = Field(
        default=(),
        description="Private, loopback or reserved addresses at which sources may stand all the same: "
        '`"127.0.0.1:8081"` with one port, `"10.0.0.0/8"` with all. The listeners of this service are never '
        "reached, whatever is allowed.",
    )
    allow_callbacks: tuple[Reachable, ...] = Field(
        default=(),
        description="The same for endpoints of webhooks, for targets of alerts, and for `[hub] external`.",
    )
    allow_subscribers: tuple[Reachable, ...] = Field(
        default=(),
        description="The same for callbacks of subscribers of our hub (WebSub, rssCloud). Anybody may "
        "subscribe.",
    )

    proxy: ProxyUrl | None = Field(
        default=None,
        repr=False,
        description="A forward proxy for all that is gathered; then it must guard private addresses, not we.",
    )
    proxy_file: TextFile = Field(
        default=None, repr=False, description="File that holds `proxy`, where it has a password."
    )

    @field_validator("proxy_file")
    @classmethod
    def _one_proxy(cls, value: str | None, info: ValidationInfo) -> str | None:
        refuse_beside(info, "proxy", value)
        return None if value is None else proxy_url(value)


_LEAST_HOT = timedelta(days=4)
"""Longer than the window of stories, whose articles are compared text by text."""


class RetentionSection(Form):
    """`[retention]`: how long things are kept."""

    articles: PositiveDuration = Field(
        default=timedelta(days=90), description="Articles, from when they were first seen."
    )
    bodies: PositiveDuration = Field(
        default=timedelta(days=30), description="Their full texts; title and lead stay longer."
    )
    hot: PositiveDuration | None = Field(
        default=None,
        description="How long full texts and earlier revisions stay in memory, from when the article was "
        "first shown; then they go to `[store] cold`, and are read from there. At least four days. Left out: "
        "as long as `bodies`.",
    )
    revisions: Annotated[int, Field(strict=True, ge=1, le=1000)] = Field(
        default=5, description="How many revisions of one article."
    )
    identities: PositiveDuration = Field(
        default=timedelta(days=180),
        description="Knowledge of what was seen before, from when it was last seen in its source.",
    )
    attempts: PositiveDuration = Field(
        default=timedelta(days=30),
        description="Attempts to deliver, with their answers, a day at least; "
        "of each endpoint the newest 5,000 at most.",
    )

    @field_validator("bodies")
    @classmethod
    def _bodies_first(cls, value: timedelta, info: ValidationInfo) -> timedelta:
        if value > info.data.get("articles", value):
            raise wrong(
                "is longer than articles: a text cannot outlive its article", "raise articles, or lower it"
            )
        return value

    @field_validator("hot")
    @classmethod
    def _hot_first(cls, value: timedelta | None, info: ValidationInfo) -> timedelta | None:
        if value is None:
            return None
        if value < _LEAST_HOT:
            raise wrong("is too short: copies and stories compare texts of three days", 'write "4d" or more')
        if value >= info.data.get("bodies", timedelta.max):
            raise wrong("is not shorter than bodies: texts end before they leave memory", "leave it out")
        return value

    @field_validator("identities")
    @classmethod
    def _identities_last(cls, value: timedelta, info: ValidationInfo) -> timedelta:
        if value < info.data.get("articles", value):
            raise wrong(
                "is shorter than articles: an article that is still listed would come back as new",
                "make it at least as long as articles",
            )
        return value

    @field_validator("attempts")
    @classmethod
    def _attempts_of_a_day(cls, value: timedelta) -> timedelta:
        if value < timedelta(days=1):
            raise wrong(
                "is shorter than a day: alerts look up there what was sent lately", "make it a day at least"
            )
        return value


class SampleSection(Form):
    """`[sample]`: the sample portals, which `run` starts beside the service to show it at work."""

    enabled: bool = Field(default=False, strict=True, description="Whether `run` starts the sample portals.")
    ports: tuple[Port, Port, Port] = Field(
        default=(8081, 8082, 8083),
        description="Ports, on loopback, of the page portal, the wire portal and the partner.",
    )
    interval: PositiveDuration = Field(
        default=timedelta(seconds=5), description="How often a sample portal brings an article."
    )
    seed: Annotated[int, Field(strict=True, ge=0)] = Field(
        default=1, description="The same seed makes the same articles."
    )

    @field_validator("ports")
    @classmethod
    def _apart(cls, value: tuple[int, int, int]) -> tuple[int, int, int]:
        given = [port for port in value if port]
        if len(set(given)) < len(given):
            raise wrong("names a port twice", "give three different ones")
        return value
