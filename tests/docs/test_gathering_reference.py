"""The reference of gathering, line by line: tests prove it, what it lists is complete, figures are real."""

import random
import re
from datetime import timedelta
from pathlib import Path

import pytest
from docs.proofs import is_there, read_proofs
from msgspec import Struct
from support import NOON

from syndicator.gather import language, robots, websub
from syndicator.gather.articles import claim_merge
from syndicator.gather.documents import parser_pool, picture_cleaning
from syndicator.gather.feeds import cleaned_bodies, entry_window
from syndicator.gather.listings import sitemap
from syndicator.model.fetch import FetchFailed, Reason
from syndicator.model.source import (
    Adaptive,
    Every,
    FetchLimits,
    ImagePolicy,
    Politeness,
    Schedule,
    SourceKind,
    SourceScope,
)
from syndicator.pipeline.articles import article_pages, pictures, served_pictures
from syndicator.pipeline.articles import embargo as holding
from syndicator.pipeline.preview import discovery
from syndicator.pipeline.sources import (
    gather_step,
    polite_client,
    polling,
    request_slots,
    robots_policy,
    round_result,
)
from syndicator.rules.articles import admission, embargo, withdrawal
from syndicator.rules.articles import pictures as picture_rules
from syndicator.rules.dates import claimed_dates
from syndicator.rules.durations import span
from syndicator.rules.identity import guid_trust
from syndicator.rules.sources import (
    announcement,
    archive,
    cadence,
    health,
    hints,
    paywall_detection,
    redesign,
    redirect_tracking,
    rhythm,
    validator_trust,
)
from syndicator.rules.websub import subscription
from syndicator.settings.tables.schedules import MOST_SOONER_S, SOONER_SHARE, ScheduleForm
from syndicator.settings.tables.sources import PolitenessForm, SourceForm
from syndicator.store.articles import article_writes, page_retry, picture_files
from syndicator.store.articles import pictures as known_pictures
from syndicator.store.sources import robots as robots_files

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "gathering.md"


class Row(Struct, frozen=True, kw_only=True):
    """One line of a table."""

    section: str
    name: str
    """Its first cell."""
    text: str
    """Its other cells."""
    cells: tuple[str, ...]


def read_rows() -> list[Row]:
    found: list[Row] = []
    section, in_table = "", False
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("#"):
            section = line.lstrip("# ")
        if not line.startswith("|"):
            in_table = False
            continue
        cells = tuple(cell.strip() for cell in line.strip("|").split("|"))
        if in_table and not set(line) <= set("|- "):
            found.append(Row(section=section, name=cells[0], text=" ".join(cells[1:]), cells=cells))
        in_table = True
    return found


ROWS = read_rows()
PROOFS = read_proofs("gathering.toml")
IDS = [f"{row.section}: {row.name}" for row in ROWS]


def of(section: str) -> dict[str, Row]:
    return {row.name: row for row in ROWS if row.section == section}


def test_the_tables_are_seen() -> None:
    assert len(ROWS) > 150
    assert len(set(IDS)) == len(IDS)


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_each_line_is_proven_by_tests_that_exist(row: Row) -> None:
    proofs = PROOFS[row.section][row.name]
    assert proofs
    assert [proof for proof in proofs if not is_there(proof)] == []


def test_nothing_is_proven_that_the_page_does_not_say() -> None:
    assert {(section, name) for section, of_one in PROOFS.items() for name in of_one} == {
        (row.section, row.name) for row in ROWS
    }


@pytest.mark.parametrize(
    "proof",
    [
        "cases/rss/no_such_case",
        "rules/dates/test_date_parser",
        "rules/dates/test_date_parser::test_of_nothing",
    ],
)
def test_what_does_not_exist_is_noticed(proof: str) -> None:
    assert not is_there(proof)


FORMS: list[tuple[str, set[str]]] = [
    ("Kinds of source", {kind.value for kind in SourceKind}),
    ("Forms of `schedule`", set(ScheduleForm.model_fields) - {"min", "max", "timezone", "jitter"}),
    ("Scopes of `politeness`", {scope.value for scope in SourceScope}),
    ("Policies of `images`", {policy.value for policy in ImagePolicy}),
]


@pytest.mark.parametrize(("section", "expected"), FORMS, ids=[section for section, _ in FORMS])
def test_each_form_has_a_line(section: str, expected: set[str]) -> None:
    assert {name.strip("`") for name in of(section)} == expected


OWN_STATUSES = {206, 401, 403, 404, 410, 429}
CODES = {reason.value for reason in Reason if reason is not Reason.HTTP}
CODES |= {f"http_{status}" for status in OWN_STATUSES} | {"http_3xx", "http_4xx", "http_5xx"}


def test_each_reason_has_a_line() -> None:
    assert {name.strip("`") for name in of("Reasons")} == CODES


def failures_of(code: str) -> list[FetchFailed]:
    """Give failures that are shown by a code; of a group, those of some statuses."""
    if not code.startswith("http_"):
        return [failure(Reason(code), None)]
    if code == "http_5xx":
        return [failure(Reason.HTTP, status) for status in (408, 425, 500, 502, 503, 504, 599)]
    if code == "http_3xx":
        return [failure(Reason.HTTP, status) for status in (300, 305, 306)]
    if code == "http_4xx":
        return [failure(Reason.HTTP, status) for status in (400, 402, 406, 418, 451)]
    return [failure(Reason.HTTP, int(code.removeprefix("http_")))]


def failure(reason: Reason, status: int | None) -> FetchFailed:
    return FetchFailed(
        requested_url="https://portal.example/rss", reason=reason, detail="x", fetched_at=NOON, status=status
    )


def wait_s(failed: FetchFailed, schedule: Schedule) -> float:
    """Give after what time a source is tried again when this was its second failure in a row."""
    excused = 2 if cadence.excuses(failed) else 0
    due = cadence.after_failure(
        schedule, failed, failures=2, excused=excused, began_at=NOON, now=NOON, rng=random.Random(1)
    )
    return (due.at - NOON).total_seconds()


def is_as_told(told: str, failed: FetchFailed) -> bool:
    often, usual, rare = (wait_s(failed, Every(interval_s=length)) for length in (5, 600, 86400))
    return {
        "twice as late": 1200 <= usual <= 1200 * 1.1,
        "1.4 times as late": 840 <= usual <= 849 * 1.1,
        "not again": usual > 300 * 86400,
        "after 1 min at the latest": rare <= 60 * 1.1 and often < 6,
        "after 1 min at the soonest, then twice as late, up to 1 h": 120 <= often <= 120 * 1.1
        and 600 <= usual <= 600 * 1.1,
        "after 1 min at the latest, then twice as late, up to 1 h": 10 <= often <= 11
        and 120 <= usual <= 132
        and 120 <= rare <= 132,
    }[told]


@pytest.mark.parametrize("row", of("Reasons").values(), ids=lambda row: row.name)
def test_each_reason_is_treated_as_told(row: Row) -> None:
    _, _, counts, again, advice = row.cells
    for failed in failures_of(row.name.strip("`")):
        assert cadence.counts_against(failed) is (counts == "yes")
        assert is_as_told(again, failed), failed.code
    assert advice


def shown(value: object) -> str:
    """Write a figure of the code as the page does."""
    if isinstance(value, timedelta):
        days = value / timedelta(days=1)
        return f"{days:.0f} d" if days >= 1 and days == int(days) else span(value.total_seconds())
    return f"{value:,}" if isinstance(value, int) else str(value)


def seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


def mebibytes(value: int) -> str:
    assert value % 2**20 == 0
    return f"{value // 2**20} MiB"


LIMITS, POLITE = FetchLimits(), Politeness()
FIGURES: list[tuple[str, str, list[object]]] = [
    ("Forms of `schedule`", "`every`", [{0.1: "a tenth"}[SOONER_SHARE], seconds(MOST_SOONER_S)]),
    ("Forms of `schedule`", "`adaptive`", [seconds(Adaptive().min_s), seconds(Adaptive().max_s)]),
    (
        "Forms of `schedule`",
        "`adaptive`",
        [ScheduleForm.model_fields[name].default for name in ("min", "max")],
    ),
    ("Feeds", "An order", [f"{entry_window.LOOKED_AT} entries"]),
    ("Sitemaps", "The archive of a portal", [archive.LATE]),
    ("Sitemaps", "More than the protocol allows", [sitemap.MAX_URLS, sitemap.MAX_LENGTH]),
    ("Pages", "Sayings that contradict each other", [claim_merge.MAX_APART]),
    ("Pages", "Language", [f"{language.MIN_WORDS} are needed"]),
    ("Dates", "Ahead of now", [claimed_dates.MAX_AHEAD]),
    ("Dates", "Absurd", [f"{claimed_dates.OLDEST.year} is"]),
    ("Dates", "Feeds of events (`future_dates = true`)", [claimed_dates.FARTHEST_EVENT]),
    ("Dates", "Late finds", [claimed_dates.LATE_FIND]),
    ("Asking", "Left out", [polling.READ_WHOLE_EVERY]),
    ("Asking", "Read whole", [polling.READ_WHOLE_EVERY]),
    ("Asking", "Honesty", [f"One answer in {validator_trust.ONE_IN}"]),
    ("Asking", "A lie", [validator_trust.FIRST_DISTRUST, validator_trust.LONGEST_DISTRUST]),
    (
        "Asking",
        "Permanent redirects (301, 308)",
        [f"{redirect_tracking.SIGHTINGS} rounds", redirect_tracking.LONG_ENOUGH],
    ),
    ("Asking", "The same source", [{1 / 3: "a third"}[redirect_tracking.KNOWN_SHARE]]),
    ("Asking", "A move that turns bad", [f"{redirect_tracking.BAD_ROUNDS} documents"]),
    ("Asking", "The configured address of a source that has moved", [redirect_tracking.LOOK_BACK_EVERY]),
    ("Cadence", "Absurd wishes", [seconds(hints.LONGEST_WISH_S)]),
    (
        "Cadence",
        "`Retry-After`",
        [seconds(cadence.SHORTEST_RETRY_AFTER_S), seconds(cadence.LONGEST_RETRY_AFTER_S)],
    ),
    ("Cadence", "Rhythm", [f"{rhythm.HOURS} hours", rhythm.HALF_LIFE]),
    ("Cadence", "Level", [f"{rhythm.EXPECTED_NEW} articles"]),
    ("Cadence", "A first guess", [seconds(rhythm.FIRST_INTERVAL_S)]),
    ("Cadence", "Gaps", [f"{rhythm.SMALLEST_DOCUMENT} or more"]),
    ("Cadence", "After a gap", [timedelta(hours=rhythm.HOURS)]),
    ("Cadence", "Hubs that push", [f"{cadence.PUSHED_FACTOR} times", seconds(cadence.LONGEST_PUSHED_S)]),
    ("Cadence", "Failures", [seconds(cadence.LONGEST_BACKOFF_S)]),
    ("Cadence", "Quiet", [health.QUIET_AFTER, f"{health.QUIET_EXPECTED:.0f} articles"]),
    ("Politeness", "At once", [f"{POLITE.max_in_flight} by default"]),
    ("Politeness", "At once", [f"{PolitenessForm.model_fields['in_flight'].default} by default"]),
    ("Politeness", "The first turn of a round", [f"{request_slots.MOMENT_S} s"]),
    ("Politeness", "Its other turns", [f"{request_slots.MAX_WAIT_S:.0f} s"]),
    ("Politeness", "A dead worker's turn", [request_slots.LEASE]),
    (
        "Politeness",
        "429, and 503 with `Retry-After` where two URLs say so",
        [seconds(polite_client.MAX_HOLD_OFF_S), f"{polite_client.TOO_OFTEN_HOLD_OFF_S:.0f} s"],
    ),
    (
        "Politeness",
        "What it says",
        [f"{robots.MAX_BYTES // 1024} KiB", f"{robots.MAX_RULES_BYTES // 1024} KiB"],
    ),
    ("Politeness", "Of other servers", [f"{robots_policy.MAX_ELSEWHERE} are", robots_files.ELSEWHERE_KEPT]),
    ("Politeness", "It cannot be had (5xx, no answer)", [robots_policy.RETRY, robots_files.KEPT]),
    ("Politeness", "How long it holds", [robots_policy.FRESH_AT_LEAST, robots_policy.FRESH_AT_MOST]),
    ("Politeness", "`Crawl-delay`", [seconds(robots.MAX_CRAWL_DELAY_S)]),
    (
        "Article pages",
        "Read again",
        [admission.SHORTEST_RECHECK, admission.LONGEST_RECHECK, admission.RECHECK_UNTIL],
    ),
    (
        "Article pages",
        "A page that cannot be read",
        [page_retry.FIRST_PAUSE, page_retry.LONGEST_PAUSE, article_pages.LONGEST_OUTAGE_PAUSE],
    ),
    (
        "Withdrawals",
        "A page that is gone",
        [withdrawal.CONFIRMED_AFTER[404], withdrawal.CONFIRMED_AFTER[410]],
    ),
    ("Withdrawals", "A portal whose pages are gone", [f"{withdrawal.PORTAL_WIDE} or more"]),
    ("Identity", "Earlier revisions", [f"{article_writes.MAX_KEPT_BYTES // 1024} KiB"]),
    (
        "Article pages",
        "None can be read any more",
        [f"of {paywall_detection.SURE_PAGES} or more", f"in {paywall_detection.SURE_ROUNDS} rounds"],
    ),
    ("Article pages", "Redesign", [f"{redesign.SURE_AFTER} rounds", f"in {redesign.PATIENT_AFTER}"]),
    ("Article pages", "An embargo over 400 d", []),
    ("Article pages", "A held page", [holding.READ_AGAIN_AFTER]),
    (
        "Pictures",
        "A look",
        [f"{pictures.MAX_LOOKS} new", f"{pictures.LOOKS_AT_ONCE} at once", seconds(pictures.LOOKS_S)],
    ),
    (
        "Pictures",
        "Broken",
        [mebibytes(picture_rules.MAX_LINKED_BYTES), f"fail {pictures.MAX_FAILURES} times"],
    ),
    ("Pictures", "A silent server", [pictures.SILENT_FOR]),
    ("Pictures", "A long address", [picture_rules.MAX_ADDRESS]),
    ("Pictures", "How many are known", [known_pictures.MAX_LINKED, known_pictures.MAX_SERVED]),
    ("Pictures", "Served by us", [picture_cleaning.MAX_SIDE]),
    ("Pictures", "The cache", [picture_files.MAX_FILES]),
    ("Pictures", "No proxy for others", [f"{served_pictures.MISSES_PER_MINUTE} in a minute"]),
    ("WebSub", "Discovery", [f"{websub.MAX_HUBS} hubs"]),
    ("WebSub", "Leases", [seconds(subscription.ASKED_LEASE_S)]),
    ("WebSub", "Hubs in trouble", [f"{subscription.TRIES_PER_HUB} tries", subscription.ROUND_PAUSE]),
    ("WebSub", "A pushed document that breaks every round", [f"after {subscription.MAX_TAKES}"]),
    (
        "Identity",
        "A first gathering",
        [SourceForm.model_fields["announce_age"].default, announcement.LONG_PAUSE],
    ),
    ("Identity", "`auto`", [f"{guid_trust.CHURN_ROUNDS} rounds", f"{guid_trust.REUSE_ROUNDS} rounds"]),
    ("Limits", "A request", [f"{LIMITS.timeout_s:.0f} s"]),
    ("Limits", "A document", [mebibytes(LIMITS.max_body_bytes)]),
    (
        "Limits",
        "A round",
        [seconds(gather_step.ROUND_DEADLINE_S), f"{round_result.READING_TIME_S:.0f} s"],
    ),
    (
        "What is found at an address",
        '`<link rel="alternate">`, the HTTP header `Link`',
        [f"{discovery.MAX_TRIED} feeds"],
    ),
    ("Limits", "Reading a document", [f"{parser_pool.DEFAULT_TIMEOUT_S:.0f} s"]),
    ("Limits", "Warnings", [f"{round_result.MAX_WARNINGS} of a round"]),
    ("Limits", "Memory for that", [mebibytes(parser_pool.DEFAULT_MEMORY_BYTES)]),
    ("Limits", "Cleaned bodies remembered", [mebibytes(cleaned_bodies.MAX_BYTES)]),
]


@pytest.mark.parametrize(
    ("section", "name", "figures"), FIGURES, ids=[f"{section}: {name}" for section, name, _ in FIGURES]
)
def test_figures_are_those_of_the_code(section: str, name: str, figures: list[object]) -> None:
    row = of(section)[name]
    for figure in figures:
        assert re.search(rf"(?<![\d,.]){re.escape(shown(figure))}(?!\w)", row.text), shown(figure)


def test_the_longest_embargo_is_that_of_the_code() -> None:
    assert f"An embargo over {shown(embargo.LONGEST)}" in of("Article pages")


def test_every_line_with_a_figure_is_compared() -> None:
    """A length of time, a size or a share that is told is one that is compared with the code."""
    compared = {(section, name) for section, name, _ in FIGURES}
    measure = re.compile(r"\b\d[\d,.]* (?:s|min|h|d|KiB|MiB|rounds|times)\b")
    loose = [
        (row.section, row.name)
        for row in ROWS
        if measure.search(row.text) and (row.section, row.name) not in compared and row.section != "Reasons"
    ]
    assert loose == []


def test_what_the_reference_says_of_defaults() -> None:
    assert SourceForm.model_fields["images"].default is ImagePolicy.LINK
    assert "The default" in of("Policies of `images`")["`link`"].text
    assert POLITE.scope is SourceScope.HOST
    assert "the default" in of("Scopes of `politeness`")["`host`"].text


def test_links_between_tables_lead_somewhere() -> None:
    text = PAGE.read_text("utf-8")
    sections = {
        line.lstrip("# ").lower().replace(" ", "-") for line in text.splitlines() if line.startswith("#")
    }
    targets = re.findall(r"\]\(#([a-z-]+)\)", text)
    assert targets
    assert set(targets) <= sections
