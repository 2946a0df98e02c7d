"""Signatures of Standard Webhooks 1.0.0 over id, timestamp and body: HMAC-SHA256 (`v1`), ed25519 (`v1a`)."""

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from syndicator.errors import PushError
from syndicator.model.delivery import Endpoint, Secret

_SHARED, _PRIVATE, _PUBLIC = "whsec_", "whsk_", "whpk_"
_KEY_BYTES = range(24, 65)
_SEED_BYTES = 32

Signature = Literal["v1", "v1a"]

Signer = Callable[[bytes], str]
"""Returns the signature of a text: a scheme, a comma, and base64."""


def new_secret(signature: Signature = "v1") -> Secret:
    """Make a secret of 32 random bytes, which are an ed25519 key as well."""
    prefix = _SHARED if signature == "v1" else _PRIVATE
    return Secret(prefix + base64.b64encode(secrets.token_bytes(_SEED_BYTES)).decode())


@lru_cache(maxsize=4096)
def signer(secret: Secret) -> Signer:
    """Return what signs by a secret: `whsec_…` (base64 of 24 to 64 bytes), or `whsk_…` (an ed25519 key).

    Raises PushError, which never holds any part of the secret.
    """
    text = secret.reveal()
    if text.startswith(_PRIVATE):
        key = _private_key(text)
        return lambda signed: "v1a," + base64.b64encode(key.sign(signed)).decode()
    shared = signing_key(secret)
    return lambda signed: "v1," + base64.b64encode(hmac.digest(shared, signed, "sha256")).decode()


def signing_key(secret: Secret) -> bytes:
    """Return the key that a `whsec_…` secret stands for: base64 of 24 to 64 bytes.

    Raises PushError, which never holds any part of the secret.
    """
    text = secret.reveal()
    if not text.startswith(_SHARED):
        raise PushError(f"A webhook secret begins with {_SHARED!r} or {_PRIVATE!r}; this one does not.")
    key = _decoded(text.removeprefix(_SHARED))
    if len(key) not in _KEY_BYTES:
        raise PushError(f"A webhook secret holds 24 to 64 bytes; this one holds {len(key)}.")
    return key


def public_key(secret: Secret) -> str | None:
    """Return the `whpk_…` that verifies what a `whsk_…` signed.

    None for a shared secret. Raises PushError.
    """
    text = secret.reveal()
    if not text.startswith(_PRIVATE):
        return None
    return _PUBLIC + base64.b64encode(_private_key(text).public_key().public_bytes_raw()).decode()


def sign_with_all(secrets: Sequence[Secret], webhook_id: str, timestamp_s: int, body: bytes) -> str:
    """Sign with every secret, divided by single spaces, so that receivers may change theirs in peace.

    `timestamp_s` is whole seconds since 1970. Raises PushError for an unusable secret, where there is none
    (nothing is sent unsigned), and for an id with a dot (a dot divides what is signed).
    """
    if "." in webhook_id:
        raise PushError("The id of a webhook holds no dot.")
    if not secrets:
        raise PushError("An endpoint needs a secret to sign with.")
    signed = b"%b.%d.%b" % (webhook_id.encode(), timestamp_s, body)
    return " ".join(signer(secret)(signed) for secret in secrets)


def _private_key(text: str) -> Ed25519PrivateKey:
    """Read an ed25519 key: its 32 bytes, or these and the 32 of its public half."""
    key = _decoded(text.removeprefix(_PRIVATE))
    if len(key) not in {_SEED_BYTES, 2 * _SEED_BYTES}:
        raise PushError(f"A key to sign with holds 32 or 64 bytes; this one holds {len(key)}.")
    private = Ed25519PrivateKey.from_private_bytes(key[:_SEED_BYTES])
    if key[_SEED_BYTES:] not in {b"", private.public_key().public_bytes_raw()}:
        raise PushError("The public half of a key to sign with is another key's.")
    return private


def _decoded(digits: str) -> bytes:
    padding = "=" * (-len(digits) % 4)  # receivers' libraries take secrets without it, so we do
    try:
        return base64.b64decode((digits + padding).encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        # without its cause: that one may quote what it could not read
        raise PushError("A webhook secret is base64 after its prefix; this one is not.") from None


def signed_headers(
    endpoint: Endpoint, webhook_id: str, body: bytes, now: datetime, *, replay: str | None = None
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the endpoint's own headers, and ours, which win: the first are without these, whatever their
    case.

    `replay`: the id of the replay that it is part of.

    Raises PushError where the endpoint has no secret that lives.
    """
    timestamp_s = int(now.timestamp())
    secrets = [secret for secret in endpoint.secrets if secret.until is None or secret.until > now]
    ours = {
        "content-type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": sign_with_all(secrets, webhook_id, timestamp_s, body),
    }
    if replay is not None:
        ours["webhook-replay"] = replay
    theirs = endpoint.headers
    if theirs:
        theirs = {name: value for name, value in theirs.items() if name.lower() not in ours}
    return theirs, ours
