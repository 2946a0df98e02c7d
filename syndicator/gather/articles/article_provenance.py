"""What the provenance says of an article page: what was taken out of it, and what was made of its dates."""

from collections.abc import Mapping, Sequence

from selectolax.lexbor import LexborNode

from syndicator.gather.articles.claim_merge import Dated
from syndicator.gather.documents.html_cleaning import to_text
from syndicator.gather.provenance_changes import CREDENTIALS, MAX_RECEIVED, excerpt
from syndicator.model.article import Change, ListedItem
from syndicator.observe.redact import HIDDEN, hide_userinfo
from syndicator.rules.dates.claimed_dates import NO_DATE

MAX_DATES = 5


def taken_out(nodes: Sequence[LexborNode]) -> list[Change]:
    """Return what `article.remove` matches, before it is cut: how much, and how it begins."""
    if not nodes:
        return []
    words = next(filter(None, (to_text(node.html or "", MAX_RECEIVED) for node in nodes)), "")
    number = "an element was" if len(nodes) == 1 else f"{len(nodes)} elements were"
    return [Change(field="page", received=excerpt(words), why=f"{number} taken out, as article.remove says")]


def credentials_left_out(nodes: Sequence[LexborNode]) -> list[Change]:
    """Return the warning that an address in the body held a name or a password, which is not kept."""
    for node in nodes:
        shown = hide_userinfo(node.html or "")
        at = shown.find(f"://{HIDDEN}@")
        if at >= 0:
            received = excerpt(shown[shown.rfind("<", 0, at) :])
            return [Change(field="body_html", received=received, why=CREDENTIALS)]
    return []


def written(date: Dated | None, listed: ListedItem | None, read_from: Mapping[str, str]) -> str | None:
    """Return the date that counts with the offset that it is given."""
    if listed and read_from.get("published_at") == "list":
        return listed.claimed_at
    return date.written if date else None


def date_rule(date: Dated | None, read_from: Mapping[str, str]) -> str:
    """Return the sentence that says what was made of the page's best date."""
    if read_from.get("published_at") == "list":
        return "as the list has it"
    return date.rule if date else NO_DATE


def dates_passed_over(
    dates: Sequence[Dated], best: Dated | None, read_from: Mapping[str, str]
) -> list[Change]:
    """Return, for each date of the page that cannot be true, why another one counts."""
    taken = None if read_from.get("published_at") == "list" else best
    refused = [date for date in dates if date is not taken and not date.is_believable]
    return [
        Change(
            field="published_at",
            received=excerpt(date.text),
            why=f"passed over, from {date.read_from}: {date.rule.partition(':')[0]}",
        )
        for date in refused[:MAX_DATES]
    ]
