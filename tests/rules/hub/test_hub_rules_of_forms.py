"""What the hub reads of forms and makes of callbacks, whatever they hold."""

import re
from contextlib import suppress
from datetime import timedelta
from urllib.parse import parse_qsl, unquote_to_bytes, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import NOON

from syndicator.model.hub import (
    Confirmed,
    Failed,
    HubPolicy,
    Left,
    Mode,
    PendingRequest,
    Protocol,
    Refused,
    Sent,
    Subscriber,
    TopicName,
    Unneeded,
    Unreached,
)
from syndicator.rules.hub.subscribers import (
    NotUnderstood,
    asked,
    callback_of,
    decoded,
    distributed,
    host_of,
    new_subscriber,
    read_form,
    read_request,
    retry_after_s,
    same_url,
    verified,
    with_query,
)

POLICY = HubPolicy()
CHARACTERS = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"], exclude_characters="#\\"))
QUERIES = st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), max_size=5)
PARAMETERS = st.dictionaries(
    st.sampled_from(["hub.mode", "hub.topic", "hub.challenge"]), st.text(), min_size=1
)


@given(path=CHARACTERS, query=CHARACTERS, own=PARAMETERS)
def test_what_is_appended_comes_after_what_is_there_and_nothing_is_touched(
    path: str, query: str, own: dict[str, str]
) -> None:
    callback = f"https://reader.example/{path.replace('?', '')}?{query}"
    url = with_query(callback, own)
    assert url.startswith(callback)
    rest = url.removeprefix(callback).removeprefix("&" if query else "")
    assert parse_qsl(rest, keep_blank_values=True, strict_parsing=True) == list(own.items())
    assert urlsplit(url).path == urlsplit(callback).path


@given(fields=QUERIES, own=PARAMETERS)
def test_a_receiver_reads_its_own_parameters_first_and_then_ours(
    fields: list[tuple[str, str]], own: dict[str, str]
) -> None:
    callback = f"https://reader.example/cb?{urlencode(fields)}" if fields else "https://reader.example/cb"
    read = parse_qsl(urlsplit(with_query(callback, own)).query, keep_blank_values=True)
    assert read == [*fields, *own.items()]


@given(pieces=st.lists(st.one_of(st.sampled_from("azAZ09-._~/?&=+:"), st.integers(0, 255)), max_size=60))
def test_decoding_changes_no_meaning_and_is_done_at_once(pieces: list[str | int]) -> None:
    text = "".join(one if isinstance(one, str) else f"%{one:02x}" for one in pieces)
    once = decoded(text)
    assert unquote_to_bytes(once) == unquote_to_bytes(text)
    assert decoded(once) == once
    assert not re.search("%(4[1-9A-F]|5[0-9A]|6[1-9A-F]|7[0-9A]|3[0-9]|2[DE]|5F|7E)", once)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://A.example/x", "https://a.example:443/x"),
        ("http://a.example", "http://a.example:80/"),
        ("https://a.example/%7eb", "https://a.example/~b"),
        ("https://a.example/%2fb", "https://a.example/%2Fb"),
        ("https://[2001:DB8::1]/", "https://[2001:db8::1]:443/"),
    ],
)
def test_two_spellings_of_one_url(one: str, other: str) -> None:
    assert same_url(one) == same_url(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://a.example/x", "https://a.example/x"),
        ("https://a.example/x", "https://a.example/X"),
        ("https://a.example/a%2Fb", "https://a.example/a/b"),
        ("https://a.example/x", "https://a.example/x?"[:-1] + "?y"),
        ("https://a.example:8443/x", "https://a.example/x"),
    ],
)
def test_two_urls(one: str, other: str) -> None:
    assert same_url(one) != same_url(other)


@given(text=st.text(max_size=80))
def test_no_text_breaks_the_reading_of_a_callback(text: str) -> None:
    for url in (text, f"https://{text}", f"https://a.example/{text}"):
        same_url(url)
        with suppress(NotUnderstood):
            found = callback_of(url, "hub.callback")
            assert urlsplit(found).hostname
            assert found.isprintable()


@given(body=st.binary(max_size=200))
def test_no_body_breaks_the_reading_of_a_form(body: bytes) -> None:
    with suppress(NotUnderstood):
        request = read_request(read_form(body), POLICY)
        assert urlsplit(request.callback).hostname


@given(lease=st.integers(0, 10**12 - 1))
def test_every_lease_is_within_the_bounds(lease: int) -> None:
    form = {"hub.mode": "subscribe", "hub.topic": "t", "hub.callback": "http://x.example/"}
    got = read_request(form | {"hub.lease_seconds": str(lease)}, POLICY).lease_s
    assert POLICY.min_lease_s <= got <= POLICY.max_lease_s
    if POLICY.min_lease_s <= lease <= POLICY.max_lease_s:
        assert got == lease


def subscriber() -> Subscriber:
    return new_subscriber(Protocol.WEBSUB, TopicName("latest.rss"), "https://Reader.example/cb")


OUTCOMES = st.sampled_from([Sent(digest="b"), Failed(reason="timeout"), Left(), Unneeded()])


@given(outcomes=st.lists(OUTCOMES, max_size=30), retries=st.integers(0, 5))
def test_only_410_ends_a_subscription_and_tries_are_bounded(outcomes: list[object], retries: int) -> None:
    lease = PendingRequest(mode=Mode.SUBSCRIBE, topic_url="t", lease_s=1000, at=NOON)
    known = verified(subscriber(), lease, Confirmed(at=NOON), standing="a")
    assert known is not None
    assert (known.sent, known.host) == ("a", "reader.example")
    policy = HubPolicy(retries_s=(1.0,) * retries)
    in_a_row = 0
    for outcome in outcomes:
        after = distributed(known, outcome, retries=retries, now=NOON)  # type: ignore[arg-type]
        if isinstance(outcome, Left):
            assert after is None
            return
        assert after is not None
        assert after.lease == known.lease
        in_a_row = in_a_row + 1 if isinstance(outcome, Failed) else 0
        waits = retry_after_s(policy, after.attempts, 0.0)
        assert (waits is None) == (in_a_row % (retries + 1) == 0 or not isinstance(outcome, Failed))
        known = after
        if waits is None:
            in_a_row = 0


@given(jitter=st.floats(-1, 1))
def test_a_pause_is_moved_by_its_part_at_most(jitter: float) -> None:
    waits = retry_after_s(POLICY, 1, jitter)
    assert waits is not None
    assert 4 <= waits <= 6


def test_what_is_refused_or_cannot_be_asked_leaves_what_was_there() -> None:
    first = PendingRequest(mode=Mode.SUBSCRIBE, topic_url="t", sealed=b"1", lease_s=1000, at=NOON)
    known = verified(subscriber(), first, Confirmed(at=NOON), standing="a")
    assert known is not None
    request = read_request(
        {"hub.mode": "subscribe", "hub.topic": "t", "hub.callback": known.callback}, POLICY
    )
    again = asked(known, request, b"2", NOON + timedelta(seconds=5))
    assert again.asked is not None
    assert again.lease == known.lease
    refused = verified(again, again.asked, Refused(reason="http_404"), standing="b")
    assert refused is not None
    assert (refused.lease, refused.asked, refused.sent) == (known.lease, None, "a")
    current = again
    for _ in range(2):
        assert current.asked is not None
        later = verified(current, current.asked, Unreached(reason="timeout"), standing="b")
        assert later is not None
        assert later.asked is not None
        current = later
    assert current.asked is not None
    given_up = verified(current, current.asked, Unreached(reason="timeout"), standing="b")
    assert given_up is not None
    assert (given_up.lease, given_up.asked) == (known.lease, None)
    nobody = verified(subscriber(), first, Refused(reason="x"), standing="b")
    assert nobody is None


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://ex%61mple.com/", "example.com"),
        ("http://EXAMPLE.com.:8080/", "example.com"),
        ("http://a_b.example/", "a_b.example"),
        ("http://例え。jp/", "xn--r8jz45g.jp"),
        ("http://xn--R8JZ45G.jp/", "xn--r8jz45g.jp"),
        ("http://1２7.0.0.1/", "127.0.0.1"),
        ("http://127.0.0.1./", "127.0.0.1"),
        ("http://[2001:DB8:0::1]/", "2001:db8::1"),
        ("http://[::ffff:192.0.2.1]/", "192.0.2.1"),
        ("http://[fe80::1%25eth0]/", ""),
        ("http://127.1/", ""),
        ("http://cb.0x7f/", ""),
        ("http://2130706433/", ""),
        ("http://a..b/", ""),
        ("http://cb.example%2F/", ""),
        (f"http://{'a' * 64}.example/", ""),
        (f"http://{'a.' * 130}example/", ""),
        (f"http://{'é' * 100_000}/", ""),
    ],
)
def test_all_spellings_of_a_host_are_one(url: str, host: str) -> None:
    assert host_of(url) == host
