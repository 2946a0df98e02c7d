"""Our pages in a real browser: nothing overflows, nothing is refused, everything can be reached by keys."""

import asyncio
from io import BytesIO
from typing import Literal

import pytest
import structlog
from PIL import Image
from playwright.async_api import Route
from web.browser import NO_BROWSER, Seen

from syndicator.observe import logs
from syndicator.observe.recent_lines import RECENT

pytestmark = [NO_BROWSER, pytest.mark.asyncio(loop_scope="module")]

PAPERS: dict[Literal["light", "dark"], str] = {"light": "rgb(251, 250, 247)", "dark": "rgb(20, 23, 26)"}
"""The background of each scheme, which the style sheet sets."""

FAINT = """
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
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) found.push([ratio, text.slice(0, 40)]);
  }
  return found;
}
"""


async def test_every_page_fits_and_stands_out_and_nothing_is_refused(seen: Seen) -> None:
    """WCAG 2.2, 1.4.3: a contrast of at least 4.5 to 1, in both schemes."""
    for path in seen.paths:
        answer = await seen.page.goto(path)
        assert answer is not None
        assert answer.ok
        for scheme, paper in PAPERS.items():
            await seen.page.emulate_media(color_scheme=scheme)
            assert await seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == paper, path
            assert await seen.page.evaluate(FAINT) == [], (path, scheme)
            for width in (360, 768, 1440):
                await seen.page.set_viewport_size({"width": width, "height": 800})
                wide = await seen.page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert wide <= 0, (path, scheme, width)
    framed = [text for text in seen.complaints if "frame" in text]
    assert [text for text in seen.complaints if text not in framed] == []
    assert framed, "a frame in an article is refused"


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_picture_that_is_not_there_is_a_plain_area(seen: Seen, width: int, scheme: str) -> None:
    async def refuse(route: Route) -> None:
        await route.fulfill(status=503)

    await seen.page.route("https://**/*", refuse)
    await seen.page.set_viewport_size({"width": width, "height": 800})
    await seen.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await seen.page.goto(seen.public)
    picture = seen.page.locator(".first > img")
    assert await picture.evaluate("node => node.complete && node.naturalWidth === 0"), "it is broken"
    area = Image.open(BytesIO(await picture.screenshot())).convert("RGB")
    inner = area.crop((6, 6, area.width - 6, area.height - 6))  # without its round corners
    assert inner.width > 200
    assert inner.getcolors() is not None
    assert len(inner.getcolors() or ()) == 1, "no icon, no border"


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


async def test_it_is_seen_where_the_keys_are(seen: Seen) -> None:
    """WCAG 2.2, 2.4.7: whatever Tab leads to shows that it has the focus."""
    for path in (f"{seen.public}/", f"{seen.public}/search", f"{seen.public}/stories/{seen.articles[3]}"):
        await seen.page.goto(path)
        reached = []
        for _ in range(12):
            await seen.page.keyboard.press("Tab")
            reached.append(
                await seen.page.evaluate(
                    "(e => [e.tagName, getComputedStyle(e).outlineStyle])(document.activeElement)"
                )
            )
        assert {outline for _, outline in reached} == {"solid"}, reached


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
    assert await seen.page.locator(".entries h3").count() == 1
    assert await seen.page.input_value("#q") == "pembuka kabar"
    assert seen.complaints == []


async def test_new_lines_of_the_log_appear_by_themselves(seen: Seen) -> None:
    logs.configure("info", json=True)
    try:
        before = set(RECENT._listening)  # pages that were left lately
        await seen.page.goto(f"{seen.ops}/admin/log")
        await seen.page.wait_for_selector(".live input:checked")
        while not RECENT._listening - before:
            await asyncio.sleep(0.02)
        logs.get_logger("test").warning("source_failed", source="<b>kota</b>")
        line = seen.page.locator(".log li", has_text="source_failed").first
        await line.wait_for()
        assert "warning source=<b>kota</b>" in " ".join((await line.inner_text()).split())
        await seen.page.uncheck(".live input")
        while RECENT._listening - before:
            logs.get_logger("test").info("noise")
            await asyncio.sleep(0.02)
    finally:
        structlog.reset_defaults()
    assert seen.complaints == []
