"""Failures, as the operators' pages tell them."""

from msgspec import Struct

from syndicator.model.fetch import Reason


class ShownFailure(Struct, frozen=True, kw_only=True):
    """A failure, as it is told. Without a `key` its code stands for itself."""

    key: str | None
    code: str
    status: str
    detail: str


def told_reason(code: str, detail: str = "") -> ShownFailure:
    """Put a reason into words: `http_404` is the reason `http` with its status."""
    word, _, number = code.partition("_")
    if word == Reason.HTTP and number.isdigit():
        return ShownFailure(key="reason.http", code=code, status=number, detail=detail)
    known = code in list(Reason)
    return ShownFailure(key=f"reason.{code}" if known else None, code=code, status="", detail=detail)
