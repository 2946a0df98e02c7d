"""The console's page of groups."""

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser
from support import ManualClock
from web.web_world import OPS, Client, World, client_of, source

from syndicator.store.store import Store

ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"} | ENGLISH


@pytest.fixture
async def operator(store: Store, clock: ManualClock) -> AsyncIterator[Client]:
    sources = tuple(
        replace(source(f"s{at}", f"S{at}"), group="kota" if at % 3 else "desa <b>") for at in range(6)
    )
    await store.sources.enlist([one.id for one in sources], [], clock())
    async with client_of(World(store, clock, sources=sources).ops_app(), OPS) as opened:
        yield opened


async def rows(operator: Client) -> list[str]:
    page = LexborHTMLParser((await operator.get("/admin/groups", ENGLISH)).body)
    return [" ".join(row.text(separator=" ").split()) for row in page.css("tbody tr")]


async def test_a_group_is_paused_resumed_and_run(operator: Client, store: Store, clock: ManualClock) -> None:
    assert await rows(operator) == ["desa <b> 2 Runs Run now Pause", "kota 4 Runs Run now Pause"]
    done = await operator.send("POST", "/admin/groups/kota/pause", FORM, b"reason=moving")
    assert done.headers["Location"] == "/admin/groups?note=group_paused"
    (pause,) = await store.sources.pauses.all(clock())
    assert (pause.scope, pause.reason) == ("group:kota", "moving")
    assert (await rows(operator))[1] == "kota 4 Paused moving Resume"
    assert (await operator.send("POST", "/admin/groups/kota/resume", FORM)).status == 303
    assert await store.sources.pauses.all(clock()) == []
    assert (await operator.send("POST", "/admin/groups/desa%20%3Cb%3E/run", FORM)).status == 303
    assert (await operator.send("POST", "/admin/groups/none/run", FORM)).status == 404
    entries, _ = await store.audit.list(0)
    assert [entry.what for entry in entries] == ["source.run", "source.resumed", "source.paused"]
