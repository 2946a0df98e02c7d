"""What rounds find out about a source besides its articles."""

from datetime import datetime

from msgspec import Struct


class Honesty(Struct, frozen=True, kw_only=True):
    """What checks of a source's validators brought: see `rules.sources.validator_trust`."""

    checks: int = 0
    """How often a document that was said to be unchanged was fetched all the same."""
    lies: int = 0
    """How often it held something new."""
    distrusted_until: datetime | None = None


class GuidRecord(Struct, frozen=True, kw_only=True):
    """How the guids of a source have behaved: see `rules.identity.guid_trust`."""

    churned: int = 0
    """Rounds in which many known addresses had new ones, less those in which none had."""
    reused: int = 0
    """Rounds in which one stood for another article."""
    distrusted_since: datetime | None = None
    why: str = ""


class PagesTried(Struct, frozen=True, kw_only=True):
    """Results of the article pages that one round asked for."""

    read: int = 0
    """Known ones that were read again included."""
    failed: int = 0
    """Unknown ones that could not be read."""
    failed_first: int = 0
    """Those of them that had never failed before."""
    why: str = ""
    """What most of them have in common: a reason, or a sentence."""


class Walled(Struct, frozen=True, kw_only=True):
    """Results of article pages since one could last be read: see `rules.sources.paywall_detection`."""

    rounds: int = 0
    """Rounds that asked for some, and could read none."""
    pages: int = 0
    """How many pages these were."""
    why: str = ""
