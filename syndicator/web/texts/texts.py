"""Every sentence of our pages, in the languages that we speak."""

from collections.abc import Mapping

from syndicator.web.texts.article_texts import ARTICLE_TEXTS
from syndicator.web.texts.configuration_texts import CONFIGURATION_TEXTS
from syndicator.web.texts.console_texts import CONSOLE_TEXTS
from syndicator.web.texts.delivery_texts import DELIVERY_TEXTS
from syndicator.web.texts.feed_texts import FEED_TEXTS
from syndicator.web.texts.group_texts import GROUP_TEXTS
from syndicator.web.texts.page_texts import PAGE_TEXTS
from syndicator.web.texts.portal_texts import PORTAL_TEXTS
from syndicator.web.texts.schedule_texts import SCHEDULE_TEXTS
from syndicator.web.texts.source_texts import SOURCE_TEXTS
from syndicator.web.texts.standing_texts import STANDING_TEXTS
from syndicator.web.texts.state_texts import STATE_TEXTS
from syndicator.web.texts.story_texts import STORY_TEXTS
from syndicator.web.texts.token_texts import TOKEN_TEXTS
from syndicator.web.texts.trial_texts import TRIAL_TEXTS

LANGUAGES = ("id", "en")

TEXTS: Mapping[str, tuple[str, str]] = {
    # key: (Indonesian, English), as in LANGUAGES
    **PAGE_TEXTS,
    **CONSOLE_TEXTS,
    **STANDING_TEXTS,
    **SOURCE_TEXTS,
    **GROUP_TEXTS,
    **STATE_TEXTS,
    **DELIVERY_TEXTS,
    **TOKEN_TEXTS,
    **CONFIGURATION_TEXTS,
    **TRIAL_TEXTS,
    **ARTICLE_TEXTS,
    **FEED_TEXTS,
    **STORY_TEXTS,
    **SCHEDULE_TEXTS,
    **PORTAL_TEXTS,
}

MONTHS: Mapping[str, tuple[str, ...]] = {
    "id": (
        "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober",
        "November", "Desember",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
        "November", "December",
    ),
}  # fmt: skip
DAYS: Mapping[str, tuple[str, ...]] = {
    "id": ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
