"""Copies and stories: how well they are told, what that costs, and whether racing workers agree.

Measured on invented news (`bench.news`), and on labelled texts of third parties where they are at hand.
"""

import asyncio

from bench import story_cost, story_edits, story_folds, story_quality, story_racing


async def run() -> None:
    await asyncio.to_thread(story_quality.tell_copies)
    await asyncio.to_thread(story_edits.tell_edits)
    await story_quality.tell_stories()
    await asyncio.to_thread(story_folds.tell_folds)
    await story_cost.tell_admitting()
    for articles in (story_cost.FEW, story_cost.MANY):
        await story_cost.tell_memory(articles)
    await story_cost.tell_rates()
    await story_racing.tell_racing()
