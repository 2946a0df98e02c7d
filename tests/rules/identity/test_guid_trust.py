"""When guids are relied on, and when not any more."""

from datetime import timedelta

from gather.gather_values import source
from support import NOON, candidate

from syndicator.model.source import IdentityPolicy, SourceState, Way
from syndicator.model.sources.source_findings import GuidRecord
from syndicator.rules.identity.guid_trust import (
    GuidEvidence,
    after_round,
    evidence,
    identified_by,
    policy_of,
    sentence,
)

CHURN = GuidEvidence(known=20, new=20, entries=20)
CALM = GuidEvidence(known=20, entries=20)


def after(*rounds: GuidEvidence) -> GuidRecord:
    record = GuidRecord()
    for number, one in enumerate(rounds):
        record = after_round(record, one, NOON + timedelta(minutes=number))
    return record


def test_guids_that_change_again_and_again_are_no_names() -> None:
    assert after(CHURN, CHURN).distrusted_since is None
    record = after(CHURN, CHURN, CHURN)
    assert record.distrusted_since == NOON + timedelta(minutes=2)
    assert "new guids in 3 rounds" in record.why
    assert after(CHURN, CHURN, CHURN, CALM, CALM) == record


def test_one_change_of_guids_is_a_new_system_not_a_habit() -> None:
    assert after(CHURN, *[CALM] * 5, CHURN, *[CALM] * 5, CHURN).distrusted_since is None
    few = GuidEvidence(known=20, new=1, entries=20)
    assert after(*[few] * 20).distrusted_since is None


def test_what_was_not_read_shows_nothing() -> None:
    assert after(CHURN, GuidEvidence(), CHURN, GuidEvidence(), CHURN).distrusted_since is not None


def test_a_guid_for_different_articles_of_one_document_is_no_name() -> None:
    document = [
        candidate(n, guid="sama" if n < 3 else f"g{n}", title=f"Judul {'abcdefgh'[n]} lain") for n in range(8)
    ]
    shown = evidence([], document)
    assert (shown.entries, shown.shared) == (8, 3)
    record = after(shown)
    assert record.distrusted_since == NOON
    assert record.why == "3 of 8 entries of one document had a guid of other articles"


def test_an_entry_that_is_listed_twice_shares_its_guid_with_itself() -> None:
    twice = [candidate(1, guid="g"), candidate(1, guid="g"), candidate(2, guid="g2")]
    assert evidence([], twice).shared == 0
    moved = [candidate(1, guid="g"), candidate(1, guid="g", url="https://city.example/lain")]
    assert evidence([], moved).shared == 0


def test_a_guid_that_is_used_again_in_later_rounds_is_no_name() -> None:
    again = GuidEvidence(known=9, entries=10, anothers=1)
    assert after(again).distrusted_since is None
    assert after(again, CALM, again).distrusted_since is not None


def test_auto_goes_by_the_address_alone_then_and_says_so() -> None:
    record = after(CHURN, CHURN, CHURN)
    before, then = SourceState(), SourceState(guids=record)
    assert policy_of(source(), before).way is Way.AUTO
    assert policy_of(source(), then).way is Way.LINK
    assert (identified_by(source(), before), identified_by(source(), then)) == (
        "auto: guid, address",
        "auto: address alone",
    )
    assert sentence(source(), before) is None
    assert record.why in (sentence(source(), then) or "")
    declared = source(identity=IdentityPolicy(way=Way.GUID))
    assert policy_of(declared, then).way is Way.GUID
    assert sentence(declared, then) is None
    assert identified_by(declared, then) == "guid"
