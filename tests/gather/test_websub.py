"""WebSub on the wire: each rule of the specification that a subscriber must keep has a test named after it."""

import hashlib
import hmac
import time

import pytest

from syndicator.gather.websub import AnnouncedTopic, discover, is_signed, links, subscription_form

BASE = "https://kota.example/rss"
HUB, OTHER = "https://hub.example/", "https://zweiter.example/push"


def found(link: str = "", **embedded: object) -> AnnouncedTopic | None:
    return discover({"link": link} if link else {}, BASE, **embedded)  # type: ignore[arg-type]  # test's shorthand


def test_must_check_link_headers_before_links_in_the_document() -> None:
    topic = found(
        f'<{HUB}>; rel="hub", <{BASE}>; rel="self"', hubs=[OTHER], self_url="https://kota.example/2"
    )
    assert topic == AnnouncedTopic(url=BASE, hubs=(HUB,))


def test_must_check_links_in_the_document_where_no_link_header_names_a_hub() -> None:
    topic = found('<https://kota.example/style.css>; rel="preload"', hubs=[HUB], self_url=BASE)
    assert topic == AnnouncedTopic(url=BASE, hubs=(HUB,))


def test_must_subscribe_to_the_self_url_not_to_the_one_asked() -> None:
    topic = found(hubs=[HUB], self_url="https://kota.example/canonical.rss")
    assert topic is not None
    assert topic.url == "https://kota.example/canonical.rss"


def test_a_self_link_missing_beside_the_hub_is_taken_from_the_document() -> None:
    assert found(f"<{HUB}>; rel=hub", self_url=BASE) == AnnouncedTopic(url=BASE, hubs=(HUB,))


def test_a_hub_in_the_document_may_have_its_self_link_in_the_header() -> None:
    assert found(f"<{BASE}>; rel=self", hubs=[HUB]) == AnnouncedTopic(url=BASE, hubs=(HUB,))


@pytest.mark.parametrize("link", ["", f"<{HUB}>; rel=hub", f"<{BASE}>; rel=self"])
def test_nothing_is_made_up_where_hub_or_self_is_missing(link: str) -> None:
    assert found(link) is None


def test_relative_links_are_resolved_against_the_document() -> None:
    assert found("</hub>; rel=hub, <feed.json>; rel=self") == AnnouncedTopic(
        url="https://kota.example/feed.json", hubs=("https://kota.example/hub",)
    )


def test_an_absolute_topic_is_left_letter_by_letter() -> None:
    odd = "https://KOTA.example/a/../rss?x=%7e&y=a%20b"
    topic = found(hubs=[HUB], self_url=odd)
    assert topic is not None
    assert topic.url == odd


def test_several_hubs_are_all_found_once_and_a_bounded_number() -> None:
    both = found(f'<{HUB}>; rel="hub", <{OTHER}>; rel=hub, <{HUB}>; rel=hub, <{BASE}>; rel=self')
    assert both == AnnouncedTopic(url=BASE, hubs=(HUB, OTHER))
    many = found(hubs=[f"https://hub{number}.example/" for number in range(50)], self_url=BASE)
    assert many is not None
    assert len(many.hubs) == 5


def test_tls_is_favoured_even_if_the_hub_is_named_without() -> None:
    topic = found(hubs=["http://hub.example/x", "https://sure.example/"], self_url=BASE)
    assert topic is not None
    assert topic.hubs == ("https://hub.example/x", "https://sure.example/", "http://hub.example/x")


def test_a_port_is_not_carried_over_to_the_other_protocol() -> None:
    topic = found(hubs=["http://hub.example:8080/"], self_url=BASE)
    assert topic is not None
    assert topic.hubs == ("http://hub.example:8080/",)


@pytest.mark.parametrize(
    "hub",
    [
        "javascript:alert(1)",
        "ftp://hub.example/",
        "http://",
        "http://[::1",
        "http://user:pass@hub.example/",
        "https://hub.example/\u202e",
        "https://hub.example/a b",
        "https://hub.example:99999/",
        "https://hub.example/" + "x" * 3000,
        "",
    ],
)
def test_hubs_that_cannot_be_asked_are_left_out(hub: str) -> None:
    assert found(hubs=[hub], self_url=BASE) is None


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ('<a>; rel="hub self"', [("hub", "a"), ("self", "a")]),
        ("<a>;REL=Hub", [("hub", "a")]),
        ('<a>; title="a, <b>; rel=hub"; rel=next, <c>; rel=hub', [("next", "a"), ("hub", "c")]),
        ('<a>; title="say \\"hi\\", you"; rel=hub', [("hub", "a")]),
        ("<a,b>; rel=self", [("self", "a,b")]),
        ("<a>; rel=hub; rel=self", [("hub", "a")]),  # the first counts: RFC 8288, 3.3
        ('<a>; rel=hub; anchor="https://elsewhere.example/"', []),
        ("<a>, <b>; rel=self", [("self", "b")]),
        (" , ,<a> ; rel = hub ,, <b>;rel=self ,", [("hub", "a"), ("self", "b")]),
        ("a; rel=hub", []),
        ('<a>; rel="hub', []),
        ("", []),
    ],
)
def test_link_fields_are_read_as_rfc_8288_writes_them(field: str, expected: list[tuple[str, str]]) -> None:
    assert list(links(field)) == expected


@pytest.mark.parametrize(
    "unit", [" ", ",", "<", '<a>;x="', "<a>; ", '<a>; rel="hub', "<a>;rel=hub,", ";", '"\\']
)
def test_a_hostile_link_field_costs_little(unit: str) -> None:
    began = time.process_time()
    list(links(unit * (200_000 // len(unit))))
    assert time.process_time() - began < 2


def test_must_send_callback_mode_and_topic() -> None:
    form = subscription_form("subscribe", topic=BASE, callback="https://we.example/c", secret="s", lease_s=60)
    assert form == {
        "hub.callback": "https://we.example/c",
        "hub.mode": "subscribe",
        "hub.topic": BASE,
        "hub.secret": "s",
        "hub.lease_seconds": "60",
    }
    assert set(subscription_form("unsubscribe", topic=BASE, callback="x")) == {
        "hub.callback", "hub.mode", "hub.topic",
    }  # fmt: skip


def test_a_secret_must_be_less_than_200_bytes() -> None:
    subscription_form("subscribe", topic=BASE, callback="x", secret="s" * 199)
    with pytest.raises(ValueError, match="199"):
        subscription_form("subscribe", topic=BASE, callback="x", secret="s" * 200)


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_must_verify_with_each_recognised_algorithm(method: str) -> None:
    body, secret = b"<rss/>\x00\xff", "rahasia ✓"
    digest = hmac.new(secret.encode(), body, getattr(hashlib, method)).hexdigest()
    assert is_signed(f"{method}={digest}", body, secret)
    assert is_signed(f"{method.upper()}={digest.upper()}", body, secret)
    assert not is_signed(f"{method}={digest}", body + b" ", secret)
    assert not is_signed(f"{method}={digest}", body, secret + "x")
    assert not is_signed(f"{method}={digest[:-1]}", body, secret)


def test_a_published_vector_is_verified() -> None:
    """RFC 2202, 3, test case 2, and RFC 4231, 4.3."""
    data = b"what do ya want for nothing?"
    assert is_signed("sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79", data, "Jefe")
    sha256 = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert is_signed(f"sha256={sha256}", data, "Jefe")


@pytest.mark.parametrize(
    "signature",
    [None, "", "sha1", "sha1=", "=", "md5=5d41402abc4b2a76b9719d911017c592", "sha256=é", "sha1=zz" * 30],
)
def test_what_is_no_signature_is_none(signature: str | None) -> None:
    assert not is_signed(signature, b"hello", "secret")


def test_a_digest_of_another_method_is_none() -> None:
    digest = hmac.digest(b"s", b"body", "sha256").hex()
    assert not is_signed(f"sha512={digest}", b"body", "s")
    assert not is_signed(f"md5={hmac.digest(b's', b'body', 'md5').hex()}", b"body", "s")
