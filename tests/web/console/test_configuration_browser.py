"""The pages that change a table of the configuration, in a real browser: they fit, and need no scripts."""

import pytest
from web.browser import NO_BROWSER, Seen
from web.test_browser import FAINT

pytestmark = [NO_BROWSER, pytest.mark.asyncio(loop_scope="module")]

LINE = 'description = "' + "sangat-panjang-" * 60 + '"'


async def fits(seen: Seen) -> None:
    """Check that nothing overflows, or is faint, in both schemes and at any width."""
    await seen.page.wait_for_load_state("load")
    for scheme in ("light", "dark"):
        await seen.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        assert await seen.page.evaluate(FAINT) == [], scheme
        for width in (360, 768, 1440):
            await seen.page.set_viewport_size({"width": width, "height": 800})
            wide = await seen.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, (scheme, width)


async def test_a_change_is_seen_taken_back_and_saved(seen: Seen) -> None:
    page = seen.page
    await page.goto(f"{seen.ops}/admin/configuration/source/desa")
    block = await page.input_value("#block")
    changed = block.replace("<b>Desa</b>", "<i>Desa</i>") + LINE
    await page.fill("#block", changed)
    await page.click("form.edit button")
    assert await page.text_content(".toml .gone .sign") == "−"
    assert await page.text_content(".toml .gone del") == 'title = "<b>Desa</b>"'
    assert await page.locator(".toml .new").count() == 2
    assert await page.locator(".toml b, .toml i").count() == 0
    await fits(seen)
    await page.click("button[value=edit]")
    assert await page.input_value("#block") == changed
    await page.fill("#block", f"{block}\n{LINE}\nwrong = = 1")
    await page.click("form.edit button")
    wrong = len(block.strip().splitlines()) + 2 + block.endswith("\n")
    assert await page.text_content(".toml .wrong .sign") == "▶"
    assert await page.text_content(".toml .wrong .at") == str(wrong)
    await fits(seen)
    await page.fill("#block", changed)
    await page.click("form.edit button")
    await page.click("button[value=save]")
    assert page.url == f"{seen.ops}/admin/configuration?note=table_changed"
    await page.goto(f"{seen.ops}/admin/configuration/source/desa")
    assert "<i>Desa</i>" in await page.input_value("#block")
