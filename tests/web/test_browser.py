"""Our pages in a real browser: nothing overflows, nothing is refused, everything can be reached by keys."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.async_api import Page, Request, Route, async_playwright
from support import ManualClock
from web.web_world import World, client_of, source, story

from syndicator.model.feed import Site
from syndicator.model.ids import ArticleId
from syndicator.pipeline.searching import Searching
from syndicator.store.search_index import SearchIndex
from syndicator.store.store import Store
from syndicator.web.app import create_app, create_ops_app
from syndicator.web.auth import Gate
from syndicator.web.json_api import PublicApi
from syndicator.web.options import OpsOptions, WebOptions

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
LONG = "https://example.example/" + "sangat-panjang/" * 20

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


@dataclass
class Seen:
    """A page, and what the browser complained about."""

    page: Page
    public: str
    ops: str
    article: ArticleId
    complaints: list[str] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        pages = (
            "/", "/feeds/latest", "/feeds/popular", f"/articles/{self.article}", "/problems/internal",
            "/api/docs", "/search", "/search?q=judul+OR+kabar", f"/search?q={'a' * 299}",
        )  # fmt: skip
        return [*(self.public + path for path in pages), f"{self.ops}/status"]


@pytest.fixture
async def seen(store: Store, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Seen]:
    site = Site(title="Warta Nusantara", public_url="http://127.0.0.1", language="id")
    world = World(store, clock, site=site, sources=(source("kota", "Berita Kota"),))
    body = (
        f"<p>{LONG}</p><pre>{LONG}</pre><table><tr><td>{LONG}</td></tr></table><iframe src='{LONG}'></iframe>"
    )
    ids = await world.admit(story(1, body_html=body, title=f"Judul {LONG}"), story(2, lead=LONG), story(3))
    await world.rank(*ids)
    searching = Searching(store, SearchIndex(tmp_path))
    await searching.build()
    public, ops = (
        create_app(
            world.reading,
            WebOptions(),
            searching=searching,
            api=PublicApi(table=world.table, gate=Gate(world.access, clock)),
        ),
        create_ops_app(world.reading, OpsOptions(metrics=lambda: b""), world.table),
    )
    async with client_of(public) as front, client_of(ops) as back, async_playwright() as play:
        browser = await play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await browser.new_page(locale="id-ID")
        one = Seen(page=page, public=front.base, ops=back.base, article=ids[0])
        page.on("console", lambda message: one.complaints.append(message.text))
        await page.route("**/*", lambda route, request: _only_here(one, route, request))
        yield one
        await browser.close()
    searching.close()


async def _only_here(seen: Seen, route: Route, request: Request) -> None:
    """Let nothing out: pictures of the portals are answered here, and anything else is a complaint."""
    if request.url.startswith((seen.public, seen.ops)):
        await route.continue_()
    elif request.resource_type == "image":
        await route.fulfill(body=b"<svg xmlns='http://www.w3.org/2000/svg'/>", content_type="image/svg+xml")
    else:
        seen.complaints.append(f"asked for {request.url}")
        await route.abort()


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_fits_and_nothing_is_refused(seen: Seen, width: int, scheme: str) -> None:
    await seen.page.set_viewport_size({"width": width, "height": 800})
    await seen.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for path in seen.paths:
        answer = await seen.page.goto(path)
        assert answer is not None
        assert answer.ok
        wide = await seen.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, path
        paper = await seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (paper == "rgb(20, 23, 26)") is (scheme == "dark"), "the style sheet was loaded"
    framed = [text for text in seen.complaints if "frame" in text]
    assert [text for text in seen.complaints if text not in framed] == []
    assert framed, "a frame in an article is refused"


async def test_addresses_are_copied_with_keys_alone(seen: Seen) -> None:
    await seen.page.goto(f"{seen.public}/feeds/latest")
    await seen.page.keyboard.press("Tab")
    assert await seen.page.evaluate("document.activeElement.className") == "skip"
    await seen.page.keyboard.press("Enter")
    await seen.page.keyboard.press("Tab")
    await seen.page.keyboard.press("Tab")
    chosen = await seen.page.evaluate(
        "(e => e.value.slice(e.selectionStart, e.selectionEnd))(document.activeElement)"
    )
    assert chosen == "http://127.0.0.1/feeds/latest.rss"


async def test_the_end_of_every_address_is_seen(seen: Seen) -> None:
    """What tells the three formats apart stands at the end: a narrow page must not cut it off."""
    await seen.page.set_viewport_size({"width": 360, "height": 800})
    for path in ("/", "/feeds/latest"):
        await seen.page.goto(seen.public + path)
        hidden = await seen.page.evaluate(
            "[...document.querySelectorAll('.addresses input')].filter(e => e.checkVisibility())"
            ".map(e => e.scrollWidth > e.clientWidth && getComputedStyle(e).direction !== 'rtl')"
        )
        assert hidden
        assert not any(hidden)


async def test_search_works_by_keys_alone(seen: Seen) -> None:
    await seen.page.goto(f"{seen.public}/search")
    await seen.page.focus("#q")
    await seen.page.keyboard.type("pembuka kabar")
    await seen.page.keyboard.press("Enter")
    await seen.page.wait_for_url("**/search?q=pembuka+kabar&order=newest")
    assert await seen.page.locator(".entries h3").count() >= 2
    assert await seen.page.input_value("#q") == "pembuka kabar"
    assert seen.complaints == []


async def test_text_stands_out(seen: Seen) -> None:
    """WCAG 2.2, 1.4.3: at least 4.5 to 1, in both schemes."""
    for scheme in ("light", "dark"):
        await seen.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        for path in seen.paths:
            await seen.page.goto(path)
            for ratio, text in await seen.page.evaluate(CONTRASTS):
                assert ratio >= 4.5, (scheme, path, text)


CONTRASTS = """
() => {
  const parse = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const paper = node => {
    for (; node; node = node.parentElement) {
      const colour = parse(getComputedStyle(node).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim(), parent = walker.currentNode.parentElement;
    if (!text || !parent.checkVisibility()) continue;
    const [a, b] = [light(parse(getComputedStyle(parent).color)), light(paper(parent))].sort((x, y) => y - x);
    found.push([(a + 0.05) / (b + 0.05), text.slice(0, 40)]);
  }
  return found;
}
"""
