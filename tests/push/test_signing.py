import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from syndicator.errors import PushError
from syndicator.model.delivery import Secret
from syndicator.push.signing import public_key, sign_with_all, signing_key


def secret_of(key: bytes) -> Secret:
    return Secret("whsec_" + base64.b64encode(key).decode())


OLD, NEW = secret_of(b"o" * 24), secret_of(b"n" * 32)


def headers_for(signature: str, *, event: str = "evt_1", at: int) -> dict[str, str]:
    return {"webhook-id": event, "webhook-timestamp": str(at), "webhook-signature": signature}


def test_what_is_signed_and_how() -> None:
    """Worked out by hand: id, dot, seconds, dot, body, under the bare bytes of the key."""
    digest = hmac.new(b"o" * 24, b'evt_1.1614265330.{"a": 1}', hashlib.sha256).digest()
    assert sign_with_all([OLD], "evt_1", 1614265330, b'{"a": 1}') == "v1," + base64.b64encode(digest).decode()


@given(key=st.binary(min_size=24, max_size=64), body=st.text(max_size=200))
def test_the_published_verifier_accepts_it(key: bytes, body: str) -> None:
    now = int(datetime.now(UTC).timestamp())
    secret = secret_of(key)
    signature = sign_with_all([secret], "evt_1", now, body.encode())
    Webhook(secret.reveal()).verify(body.encode(), headers_for(signature, at=now), json_parse=False)


@pytest.mark.parametrize("change", ["body", "id", "timestamp", "secret"])
def test_the_published_verifier_notices_any_change(change: str) -> None:
    now = int(datetime.now(UTC).timestamp())
    signature = sign_with_all([OLD], "evt_1", now, b"{}")
    headers = headers_for(
        signature, event="evt_2" if change == "id" else "evt_1", at=now + (change == "timestamp")
    )
    verifier = Webhook((NEW if change == "secret" else OLD).reveal())
    with pytest.raises(WebhookVerificationError):
        verifier.verify(b"[]" if change == "body" else b"{}", headers)


def test_every_secret_signs_while_they_change() -> None:
    now = int(datetime.now(UTC).timestamp())
    signatures = sign_with_all((NEW, OLD), "evt_1", now, b"{}")
    assert (
        signatures
        == f"{sign_with_all([NEW], 'evt_1', now, b'{}')} {sign_with_all([OLD], 'evt_1', now, b'{}')}"
    )
    for secret in (OLD, NEW):
        Webhook(secret.reveal()).verify(b"{}", headers_for(signatures, at=now))


@pytest.mark.parametrize("size", [24, 25, 32, 63, 64])
def test_keys_of_every_allowed_size(size: int) -> None:
    key = bytes(range(size))
    assert signing_key(secret_of(key)) == key
    assert signing_key(Secret(secret_of(key).reveal().rstrip("="))) == key


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "begins with"),
        ("hunter2hunter2hunter2hunter2hunter2", "begins with"),
        ("WHSEC_" + base64.b64encode(b"k" * 24).decode(), "begins with"),
        ("whsec_", "this one holds 0"),
        ("whsec_hunter2!hunter2!hunter2!hunter2!", "base64"),
        ("whsec_hunter2é" + "a" * 30, "base64"),
        ("whsec_aaaaa", "base64"),
        (secret_of(b"hunter2" * 3).reveal(), "this one holds 21"),
        (secret_of(b"hunter2" * 10).reveal(), "this one holds 70"),
        ("whsk_" + base64.b64encode(b"hunter2").decode(), "this one holds 7"),
        ("whsk_" + base64.b64encode(b"s" * 64).decode(), "another key's"),
    ],
)
def test_unusable_secrets_are_named_but_not_shown(text: str, words: str) -> None:
    with pytest.raises(PushError, match=words) as raised:
        sign_with_all([Secret(text)], "evt_1", 0, b"")
    shown = f"{raised.value!r} {raised.value.__cause__!r}"
    assert "hunter2" not in shown
    assert not text or text not in shown


def test_an_ed25519_key_signs_what_its_public_half_verifies() -> None:
    """The seed, key and signature of RFC 8032, 7.1, test 3, around our own words."""
    seed = bytes.fromhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
    public = bytes.fromhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
    for key in (seed, seed + public):
        secret = Secret("whsk_" + base64.b64encode(key).decode())
        scheme, _, signature = sign_with_all([secret], "evt_1", 1614265330, b"{}").partition(",")
        assert scheme == "v1a"
        Ed25519PublicKey.from_public_bytes(public).verify(base64.b64decode(signature), b"evt_1.1614265330.{}")
        assert public_key(secret) == "whpk_" + base64.b64encode(public).decode()
    assert public_key(OLD) is None


def test_beside_an_ed25519_signature_the_published_verifier_finds_its_own() -> None:
    now = int(datetime.now(UTC).timestamp())
    other = Secret("whsk_" + base64.b64encode(b"s" * 32).decode())
    signatures = sign_with_all((other, OLD), "evt_1", now, b"{}")
    Webhook(OLD.reveal()).verify(b"{}", headers_for(signatures, at=now))


def test_an_id_with_a_dot_could_be_read_in_two_ways() -> None:
    with pytest.raises(PushError, match="dot"):
        sign_with_all([OLD], "evt.1", 0, b"")


def test_nothing_goes_out_unsigned() -> None:
    with pytest.raises(PushError, match="needs a secret"):
        sign_with_all((), "evt_1", 0, b"")
