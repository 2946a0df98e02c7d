"""Failures as pages of the console show them."""

from msgspec import Struct

from syndicator.model.fetch import Reason


class ShownFailure(Struct, frozen=True, kw_only=True):
    """A failure as pages show it. Without a `key` its code is shown."""

    key: str | None
    code: str
    status: str
    detail: str


def shown_failure(code: str, detail: str = "") -> ShownFailure:
    """Return a reason with the key of its text: `http_404` is the reason `http` with its status."""
    word, _, number = code.partition("_")
    if word == Reason.HTTP and number.isdigit():
        return ShownFailure(key="reason.http", code=code, status=number, detail=detail)
    known = code in list(Reason)
    return ShownFailure(key=f"reason.{code}" if known else None, code=code, status="", detail=detail)
