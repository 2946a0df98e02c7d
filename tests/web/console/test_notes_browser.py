"""What a form has just done is said once, in a real browser: not to who goes back, or loads a page anew."""

import pytest
from web.browser import NO_BROWSER, Seen

pytestmark = [NO_BROWSER, pytest.mark.asyncio(loop_scope="module")]


async def test_who_goes_back_sees_how_a_source_stands_now(seen: Seen) -> None:
    page, note = seen.page, ".note[role=status]"
    await page.goto(f"{seen.ops}/admin/sources/fine")
    await page.click("details:has(form[action$='/pause']) summary")
    await page.click("form[action$='/pause'] button")
    await page.wait_for_url("**?note=source_paused")
    assert await page.locator(note).count() == 1
    await page.click("form[action$='/resume'] button")
    await page.wait_for_url("**?note=source_resumed")
    assert await page.locator(note).count() == 1
    await page.go_back()
    await page.wait_for_url("**?note=source_paused")
    assert await page.locator(note).count() == 0
    assert await page.locator("form[action$='/run']").count() == 1, "it is not paused any more"
    await page.go_forward()
    await page.reload()
    assert await page.locator(note).count() == 0
    assert seen.complaints == []
