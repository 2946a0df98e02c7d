"""Copies and stories: how well they are found, what that costs, and whether racing workers agree.

Measured on invented news (`bench.stories.news`), and on labelled texts of third parties where there are any.
"""

import asyncio

from bench.stories import cost, edits, folds, quality, racing


async def run() -> None:
    await asyncio.to_thread(quality.report_copies)
    await asyncio.to_thread(edits.report_edits)
    await quality.report_stories()
    await asyncio.to_thread(folds.report_folds)
    await cost.report_admitting()
    for articles in (cost.FEW, cost.MANY):
        await cost.report_memory(articles)
    await cost.report_rates()
    await racing.report_racing()
