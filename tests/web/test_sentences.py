"""Sentences of use cases on Indonesian pages, as the code really makes them."""

import random
import string

import pytest
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser
from support import NOON, ManualClock
from web.trouble import ENDPOINTS, open_troubled_world
from web.web_world import OPS, client_of, story

from syndicator.egress.failures import http_detail
from syndicator.gather.feeds.xml_feed import NO_ENTRIES
from syndicator.model.endpoint import EndpointListed, Overflow
from syndicator.model.event import Event, EventType
from syndicator.model.feed import Site
from syndicator.model.fetch import FetchFailed, Reason
from syndicator.model.ids import EventId, TokenId
from syndicator.model.schedule import Every
from syndicator.model.token import Token, TokenScope
from syndicator.pipeline.configuration.configuration_editing import NameTaken, NotAdded
from syndicator.pipeline.ops.api_tokens import Access, TokenRefused, new_token
from syndicator.pipeline.preview.remedies import remedy_for, remedy_of
from syndicator.rules.sources.cadence import after_failure
from syndicator.rules.sources.redesign import warning
from syndicator.rules.sources.rhythm import Poll, gap_warning
from syndicator.rules.webhooks.delivery_trace import Unsent, unsent_trace
from syndicator.store.store import Store
from syndicator.web.i18n import wordings
from syndicator.web.sentences import LONGEST, SENTENCES
from syndicator.web.texts.sentence_texts import INDONESIAN

SAY = wordings(Site(title="Warta", public_url="http://127.0.0.1"))
STATUSES = (206, 301, 401, 403, 404, 410, 429, 451, 418, 500)
PATHS = ("/admin/articles/{article}", "/admin/endpoints/stuck", "/admin/deliveries")


def translated(text: str) -> str | None:
    return SENTENCES["id"].translated(text)


def test_both_languages_have_the_same_gaps() -> None:
    for pair in INDONESIAN:
        english, indonesian = (
            sorted(name for _, name, _, _ in string.Formatter().parse(text) if name) for text in pair
        )
        assert english == indonesian, pair


@pytest.mark.parametrize("code", [*Reason, *(f"http_{status}" for status in STATUSES)])
def test_every_remedy_is_translated(code: str) -> None:
    assert translated(remedy_of(code, "", "https://portal.example/")) is not None


def test_remedies_with_values_are_translated() -> None:
    refused = "10.0.0.1 is not a public address: if it is meant, allow its network in [egress]."
    remedy = remedy_of("blocked", refused, "http://10.0.0.1:81/")
    assert translated(remedy) == 'jika Anda memercayainya: [egress] allow = ["10.0.0.1:81"]'
    assert (
        translated(refused)
        == "10.0.0.1 bukan alamat publik: jika memang dimaksud, izinkan jaringannya di [egress]."
    )
    busy = FetchFailed(
        reason=Reason.HTTP,
        status=503,
        detail="",
        retry_after_s=600,
        requested_url="https://a.example/",
        fetched_at=NOON,
    )
    assert (
        translated(remedy_for(busy))
        == "servernya sedang bermasalah: coba lagi nanti (servernya meminta 10 min)"
    )


@pytest.mark.parametrize("status", [403, 404, 418, 429, 500, 503])
def test_what_servers_answer_is_translated(status: int) -> None:
    said = translated(http_detail("portal.example", status))
    assert said is not None
    assert said.startswith("portal.example ")
    assert said.endswith(f"(HTTP {status}).")


@pytest.mark.parametrize(
    ("reason", "failures"), [(Reason.TIMEOUT, 1), (Reason.TIMEOUT, 9), (Reason.DNS, 3), (Reason.BUSY, 1)]
)
def test_why_a_source_is_due_later_is_translated(reason: Reason, failures: int) -> None:
    failed = FetchFailed(reason=reason, detail="", requested_url="https://portal.example/", fetched_at=NOON)
    due = after_failure(
        Every(interval_s=300), failed, failures=failures, began_at=NOON, now=NOON, rng=random.Random(1)
    )
    assert translated(due.because) not in {None, due.because}


def test_warnings_of_sources_are_translated() -> None:
    every = Every(interval_s=300)
    gap = gap_warning(Poll(new=20), every)
    redesign = warning({"list.link": 9}, {})
    for sentence in (gap, redesign, NO_ENTRIES, f"article page https://a.example/1: {NO_ENTRIES}"):
        assert sentence is not None
        assert translated(sentence) not in {None, sentence}, sentence


def test_why_an_event_waits_in_the_log_is_translated() -> None:
    event = Event(id=EventId("evt_1"), type=EventType.ARTICLE_CREATED, at=NOON, subject="a", revision=1)
    waits = Unsent(
        event=event,
        listed=EndpointListed(endpoint=ENDPOINTS[0], verified_at=NOON),
        refusal=None,
        article=None,
        overflow=Overflow(position="1-0", since=NOON, events=2000),
    )
    for one in (waits, replace(waits, overflow=None)):
        why = unsent_trace(one).why
        assert translated(why) is not None, why
    assert str(translated(unsent_trace(waits).why)).startswith("article.created menunggu di log kabar")


async def test_refusals_are_translated(store: Store, clock: ManualClock) -> None:
    access = Access(store, {}, clock)
    token = Token(id=TokenId("a"), scopes=(TokenScope.READ,))
    await access.keep(new_token(token, NOON))
    with pytest.raises(TokenRefused) as taken:
        await access.keep(new_token(token, NOON))
    assert translated(str(taken.value)) == "token 'a' sudah ada: pakai id lain, atau cabut dulu"
    for error in (NotAdded("source", "a", in_files=True), NameTaken("source", "a")):
        assert translated(str(error)) is not None, error


async def test_pages_that_an_operator_meets_in_trouble_have_no_english(
    store: Store, clock: ManualClock
) -> None:
    world = await open_troubled_world(store, clock)
    (article,) = await world.admit(story(1))
    clock.advance(60)
    async with client_of(world.ops_app(), OPS) as operator:
        for path in PATHS:
            answer = await operator.get(
                path.format(article=article), {"Accept": "text/html", "Accept-Language": "id"}
            )
            assert answer.status == 200
            found = [one.text() for one in LexborHTMLParser(answer.body).css("[lang=en]")]
            assert found == [], path


def test_what_is_not_known_is_marked_and_harmless() -> None:
    assert SAY["id"].sentence("<b>odd one") == '<span lang="en">&lt;b&gt;odd one</span>'
    assert SAY["en"].sentence("<b>odd") == "&lt;b&gt;odd"
    host = "<i>x</i>"
    assert SAY["id"].sentence(f"{host} did not answer completely in time.").startswith("&lt;i&gt;x")
    assert translated("every " + "x" * LONGEST) is None


def test_a_value_with_spaces_is_no_word() -> None:
    assert translated("every 15s") == "tiap 15s"
    assert translated("every day is a good day") is None
