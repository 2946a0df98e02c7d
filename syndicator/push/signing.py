"""Signatures of Standard Webhooks 1.0.0: HMAC-SHA256 over id, timestamp and body."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from syndicator.errors import PushError
from syndicator.model.delivery import Secret

_PREFIX = "whsec_"
_KEY_BYTES = range(24, 65)


def signing_key(secret: Secret) -> bytes:
    """Give the key that a `whsec_…` secret stands for: base64 of 24 to 64 bytes.

    Raises PushError, which never holds any part of the secret.
    """
    text = secret.reveal()
    if not text.startswith(_PREFIX):
        raise PushError(f"A webhook secret begins with {_PREFIX!r}; this one does not.")
    digits = text.removeprefix(_PREFIX)
    padding = "=" * (-len(digits) % 4)  # receivers' libraries take secrets without it, so we do
    try:
        key = base64.b64decode((digits + padding).encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        # without its cause: that one may quote what it could not read
        raise PushError(f"A webhook secret is base64 after {_PREFIX!r}; this one is not.") from None
    if len(key) not in _KEY_BYTES:
        raise PushError(f"A webhook secret holds 24 to 64 bytes; this one holds {len(key)}.")
    return key


def sign(secret: Secret, webhook_id: str, timestamp_s: int, body: bytes) -> str:
    """Sign one delivery with one secret: `v1,` and base64. `timestamp_s` is whole seconds since 1970.

    Raises PushError for an unusable secret, or an id with a dot (a dot divides what is signed).
    """
    if "." in webhook_id:
        raise PushError("The id of a webhook holds no dot.")
    signed = b".".join((webhook_id.encode(), str(timestamp_s).encode(), body))
    digest = hmac.new(signing_key(secret), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def sign_with_all(secrets: Sequence[Secret], webhook_id: str, timestamp_s: int, body: bytes) -> str:
    """Sign with every secret, divided by single spaces, so that receivers may change theirs in peace.

    Raises PushError where there is no secret: nothing is sent unsigned.
    """
    if not secrets:
        raise PushError("An endpoint needs a secret to sign with.")
    return " ".join(sign(secret, webhook_id, timestamp_s, body) for secret in secrets)
