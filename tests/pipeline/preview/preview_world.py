"""What previews are made with: a way out to loopback, and a source of which nothing but the address is known."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from ipaddress import ip_network

from syndicator.egress.client import open_egress
from syndicator.gather.documents.parser_pool import open_pool
from syndicator.gather.gatherer import Gatherer
from syndicator.model.clock import Clock, system_clock
from syndicator.model.ids import SourceId
from syndicator.model.schedule import Every
from syndicator.model.source import Source, SourceKind
from syndicator.pipeline.preview.dry_run_context import DryRunContext
from syndicator.pipeline.sources.polite_client import fetch_for

AGENT = "syndicator/test"


@asynccontextmanager
async def dry_run(clock: Clock = system_clock) -> AsyncIterator[DryRunContext]:
    allow = (ip_network("127.0.0.0/8"),)
    async with (
        open_egress(user_agent=AGENT, allow=allow, allow_callbacks=(), clock=clock) as egress,
        open_pool(workers=1) as pool,
    ):
        fetch = partial(fetch_for, egress)
        yield DryRunContext(fetch=fetch, gatherer=Gatherer(pool), pool=pool, user_agent=AGENT)


def draft(url: str) -> Source:
    return Source(
        id=SourceId("preview"),
        title="Preview",
        kind=SourceKind.FEED,
        url=url,
        schedule=Every(interval_s=300),
        timezone="Asia/Jakarta",
    )
