"""By which way a find was come to, and in which language it is."""

import dataclasses

import pytest
from msgspec.structs import replace
from pipeline.conftest import Portal
from pipeline.preview.test_discovery import FEED, found_at, page

from syndicator.egress.request_hooks import Gate, open_gate
from syndicator.model.fetch import Fetched, FetchResult, Redirect
from syndicator.model.source import Source
from syndicator.pipeline.preview.dry_run_context import DryRunContext
from syndicator.pipeline.preview.finds import NothingFound

INDONESIAN = (
    "Warga kota itu sudah lama menunggu pasar yang baru dan pada hari ini mereka akan berbelanja di dalam gedung "
    "dengan tenang karena tidak ada hujan, kata kepala dinas kepada para pedagang yang juga datang untuk melihat "
    "kios dari dekat. Ini adalah pasar terbesar di kota, dan oleh karena itu kami harus menjaga bersama."
)


def led(context: DryRunContext, *hops: tuple[int, str, str]) -> DryRunContext:
    """Have addresses redirect: status, from, to."""

    async def fetch(source: Source, url: str, *, gate: Gate = open_gate) -> FetchResult:
        steps: list[Redirect] = []
        at = url
        while step := next(((status, to) for status, start, to in hops if at.endswith(start)), None):
            at = at.rpartition("/")[0] + step[1]
            steps.append(Redirect(status=step[0], url=at))
        result = await context.fetch(source, at)
        if isinstance(result, Fetched) and steps:
            return replace(result, requested_url=url, redirects=tuple(steps))
        return result

    return dataclasses.replace(context, fetch=fetch)


async def test_redirects_of_finds_are_told(context: DryRunContext, portal: Portal) -> None:
    portal.documents["/"] = page("<link rel='alternate' type='application/rss+xml' href='/feed'>")
    portal.documents["/b.xml"] = FEED.format(title="Kabar", url=portal.url)
    found = await found_at(
        led(context, (301, "/feed", "/a.xml"), (302, "/a.xml", "/b.xml")), f"{portal.url}/"
    )
    way = f"{portal.url}/feed leads to {portal.url}/a.xml (301, for good), then to {portal.url}/b.xml (302, for now)"
    assert way in found.notes


async def test_where_nothing_is_found_the_way_is_told(context: DryRunContext, portal: Portal) -> None:
    portal.documents["/json"] = '{"status": "ok"}'
    with pytest.raises(NothingFound) as failed:
        await found_at(led(context, (302, "/x", "/json")), f"{portal.url}/x")
    assert f"({portal.url}/x leads to {portal.url}/json (302, for now))" in str(failed.value)
    assert "it is JSON, but no JSON Feed" in str(failed.value)


@pytest.mark.parametrize(("claimed", "noted"), [("en", True), ("", False), ("id", False)])
async def test_the_words_tell_the_language(
    context: DryRunContext, portal: Portal, claimed: str, noted: bool
) -> None:
    said = f"<language>{claimed}</language>" if claimed else ""
    items = "".join(
        f"<item><title>Pasar {n}</title><link>{portal.url}/read/{n}</link><description>{INDONESIAN}</description></item>"
        for n in range(3)
    )
    portal.documents["/rss"] = (
        f"<rss version='2.0'><channel><title>Kabar</title>{said}{items}</channel></rss>"
    )
    found = await found_at(context, f"{portal.url}/rss")
    assert found.preview.source.language == "id"
    assert all(one.language for one in found.preview.candidates)
    assert any('though "en" is claimed' in note for note in found.notes) is noted
