"""`syndicator preview` as the first thing that anybody does, and what it advises where there is nothing."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from support import answering
from warm_program import run

from syndicator.model.fetch import FetchFailed, Reason
from syndicator.pipeline.preview.remedies import remedy_for

FEED = (
    '<?xml version="1.0"?><rss version="2.0"><channel><title>Kabar Kota</title><item><title>Pasar dibuka</title>'
    "<link>{url}/read/1</link></item></channel></rss>"
)


def failed(reason: Reason, detail: str = "", status: int | None = None, after: float | None = None) -> str:
    return remedy_for(
        FetchFailed(
            requested_url="http://portal.example/",
            reason=reason,
            detail=detail,
            fetched_at=datetime(2026, 11, 23, tzinfo=UTC),
            status=status,
            retry_after_s=after,
        )
    )


@pytest.mark.parametrize(
    ("reason", "status", "after", "remedy"),
    [
        (Reason.HTTP, 401, None, "auth = { user = …, password_file = … }"),
        (Reason.HTTP, 410, None, "gone for good"),
        (Reason.HTTP, 429, 600.0, "per_minute (it asks for 10 min)"),
        (Reason.HTTP, 503, 30.0, "try again later (it asks for 30 s)"),
        (Reason.HTTP, 500, None, "in trouble"),
        (Reason.HTTP, 418, None, "headers"),
        (Reason.TOO_LARGE, None, None, "max_body"),
        (Reason.REDIRECT, None, None, "at which it ends"),
        (Reason.TIMEOUT, None, None, "raise timeout"),
        (Reason.CONNECT, None, None, "port"),
    ],
)
def test_each_reason_has_its_own_remedy(
    reason: Reason, status: int | None, after: float | None, remedy: str
) -> None:
    assert remedy in failed(reason, "", status, after)


def test_every_reason_has_a_remedy() -> None:
    for reason in set(Reason) - {Reason.HTTP, Reason.INTERNAL}:
        assert failed(reason)


@pytest.mark.parametrize(
    ("detail", "network"),
    [
        ("10.0.0.1 is not a public address: if it is meant, allow its network in [egress].", "10.0.0.1:80"),
        ("intra.example (10.0.0.2) is not a public address: if it is meant, allow …", "10.0.0.2:80"),
        ("A redirect leads to 10.0.0.1, which is not a public address.", ""),
        ("169.254.169.254 is not a public address.", ""),
    ],
)
def test_only_what_was_asked_for_may_be_allowed(detail: str, network: str) -> None:
    remedy = failed(Reason.BLOCKED, detail)
    assert (f'allow = ["{network}"]' in remedy) is bool(network)
    assert ("allow" in remedy) is bool(network)


async def test_an_address_is_tried_before_anything_is_configured(tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/away":
            raise web.HTTPFound("http://169.254.169.254/latest")
        url = f"http://{request.host}"
        return web.Response(text=FEED.format(url=url), content_type="application/rss+xml")

    async with answering(answer) as url:
        text = '[egress]\nallow = ["127.0.0.1/32"]\n'
        (tmp_path / "all.toml").write_text(text, "utf-8")
        code, out, err = await run(tmp_path, "preview", f"{url}/rss")
        assert code == 0, err
        assert "already gathered" not in out
        block = "[source." + out.partition("[source.")[2]
        (tmp_path / "mine.toml").write_text(block, "utf-8")
        code, out, err = await run(tmp_path, "preview", f"{url}/rss")
        assert code == 0, err
        assert "already gathered as kabar-kota" in out
        code, out, err = await run(tmp_path, "preview", f"{url}/away")
        assert code == 1
        assert "A redirect leads to 169.254.169.254" in err
        assert "allow" not in err
        folder = tmp_path / "kept"
        for words, expected in (((), 0), ((), 1), (("--force",), 0)):
            command = ("preview", "--source", "kabar-kota", "--save", str(folder), *words)
            code, _, err = await run(tmp_path, *command)
            assert code == expected, err
        assert "holds a snapshot already" not in err
        (tmp_path / "other.toml").write_text(block.replace("kabar-kota", "other"), "utf-8")
        code, _, err = await run(tmp_path, "preview", "--source", "other", "--snapshot", str(folder))
        assert (code, "is of kabar-kota, not of other" in err) == (1, True)


async def test_robots_is_named_where_it_stops_a_preview(tmp_path: Path) -> None:
    slugs = ("pasar-baru-dibuka-pagi-ini", "jembatan-lama-diperbaiki-warga", "hujan-deras-guyur-pusat-kota")
    rows = "".join(
        f"<li class='kabar'><h3><a href='/read/{n}/{slug}'>{slug.replace('-', ' ').capitalize()}</a></h3></li>"
        for n, slug in enumerate(slugs, 100000)
    )

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/robots.txt":
            return web.Response(text="User-agent: *\nAllow: /read/terms\nDisallow: /read/\n")
        if request.path != "/":
            raise web.HTTPNotFound
        return web.Response(text=f"<html><body><ul>{rows}</ul></body></html>", content_type="text/html")

    async with answering(answer) as url:
        (tmp_path / "all.toml").write_text('[egress]\nallow = ["127.0.0.1/32"]\n', "utf-8")
        code, _, err = await run(tmp_path, "preview", f"{url}/")
    assert code == 1
    assert f"{url}/read/100000/{slugs[0]}: {url}/robots.txt asks programs not to read it" in err
    assert "(Disallow: /read/)" in err
    assert "politeness = { robots = false }" in err
