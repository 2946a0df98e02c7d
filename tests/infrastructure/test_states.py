"""A state has one word: in its definition, on pages in both languages, in the API's schema, metrics and events."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from syndicator.cli.reference import api_routes
from syndicator.model.event import EventType
from syndicator.model.ops.states import (
    KINDS,
    UNDELIVERED,
    AttemptResult,
    DeliveryStatus,
    EndpointStanding,
    ObjectiveState,
    PartStatus,
    RoundStatus,
    Severity,
    SourceStanding,
    StateWord,
    VerificationResult,
    state_table,
    worst,
)
from syndicator.model.ops.status import QueueCounts
from syndicator.model.sources.alarm import Trouble
from syndicator.observe.metrics import open_metrics
from syndicator.web.api.openapi import openapi_for
from syndicator.web.texts.texts import TEXTS

CONTRIB = Path(__file__).parents[2] / "contrib"
STATES = [state for states in KINDS.values() for state in states]
WORDS = {str(state) for state in STATES}
SAYING_STATES = {"status", "state", "standing", "result", "health", "kind"}
"""Names of fields by which the API gives states, or something else."""
OTHER_ENUMS = {
    "CopyKind", "Kind", "SourceKind", "SpecialKind", "StarvedKind", "StoryKind",
}  # fmt: skip
NO_STATES = {
    ("AddedTable", "kind"), ("Alias", "kind"), ("Probed", "status"), ("Problem", "status"),
    ("FoundBy", "status"), ("Provenance", "status"), ("Removed", "kind"), ("ReportItem", "kind"),
}  # fmt: skip
"""Fields with such a name that say something else: a status of HTTP, or of what kind a thing is."""
NO_LABELS = {"agent", "problem", "trend"}
"""Texts of pages about something else: problems (410 is `gone`), programs without a name, trends that go down."""


def test_every_kind_of_states_is_listed() -> None:
    assert set(KINDS.values()) == set(StateWord.__subclasses__())


@pytest.mark.parametrize("kind", KINDS)
def test_states_stand_in_one_order_the_worst_first(kind: str) -> None:
    severities = [list(Severity).index(state.severity) for state in KINDS[kind]]
    assert severities == sorted(severities)
    assert [state.rank for state in KINDS[kind]] == list(range(len(KINDS[kind])))


def test_the_worst_severity_of_several_counts() -> None:
    assert worst([SourceStanding.OK, SourceStanding.QUIET, SourceStanding.NEW]) is Severity.ATTENTION
    assert worst([]) is Severity.GOOD


def test_a_state_is_a_word_with_a_meaning_of_its_own() -> None:
    assert [state for state in STATES if not re.fullmatch(r"[a-z]+(_[a-z]+)*", state)] == []
    meant = defaultdict(set)
    for kind, states in KINDS.items():
        for state in states:
            meant[kind, state.meaning].add(str(state))
    assert "" not in {meaning for _, meaning in meant}
    assert [words for words in meant.values() if len(words) > 1] == []


@pytest.mark.parametrize("language", [0, 1])
def test_pages_have_one_label_for_each_word(language: int) -> None:
    labels = {key.removeprefix("state."): texts[language] for key, texts in TEXTS.items() if "state." in key}
    assert set(labels) == WORDS
    words = defaultdict(set)
    for word, label in labels.items():
        words[label].add(word)
    assert [shared for shared in words.values() if len(shared) > 1] == []


def test_english_labels_are_the_words_themselves() -> None:
    for word in WORDS:
        assert TEXTS[f"state.{word}"][1].lower().replace(" ", "_") == word


def test_troubles_of_sources_that_are_announced_are_states_of_sources() -> None:
    assert {str(trouble) for trouble in Trouble} <= {str(state) for state in SourceStanding}


def test_pages_have_no_other_label_for_a_state() -> None:
    labels = {key: texts for key, texts in TEXTS.items() if key.partition(".")[2] in WORDS}
    others = {key: texts for key, texts in labels.items() if key.partition(".")[0] not in NO_LABELS}
    assert others == {key: TEXTS[f"state.{key.partition('.')[2]}"] for key in others}


def fields(schemas: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield each field that may give a state: its schema, its name, and what it refers to."""
    for name, schema in schemas.items():
        for field, value in schema.get("properties", {}).items():
            if field in SAYING_STATES and (name, field) not in NO_STATES:
                yield name, field, str(value.get("$ref", "")).rpartition("/")[2]


def test_the_schema_of_the_api_names_all_states() -> None:
    described = openapi_for(api_routes())
    schemas = described["components"]["schemas"]
    kinds = {states.__name__: states for states in KINDS.values()}
    shown = set()
    for name, field, kind in fields(schemas):
        if kind in kinds:
            assert set(schemas[kind]["enum"]) == {str(state) for state in kinds[kind]}
            shown.add(kind)
        else:
            assert kind in OTHER_ENUMS or "properties" in schemas.get(kind, {}), (
                f"{name}.{field} is no enum of model.ops.states"
            )
    assert shown == set(kinds) - {
        "ObjectiveState", "PartStatus", "ProcessState", "SubscriberState", "VerificationResult",
    }  # fmt: skip


def test_parameters_of_the_api_choose_by_the_same_words() -> None:
    chosen = {
        parameter["name"]: set(parameter["schema"]["enum"])
        for operations in openapi_for(api_routes())["paths"].values()
        for operation in operations.values()
        for parameter in operation.get("parameters", ())
        if parameter["name"] in SAYING_STATES
    }
    assert chosen == {"status": set(DeliveryStatus), "result": set(AttemptResult)}


def described(metric: str) -> set[str]:
    """Return the words that the description of a metric lists behind `is`."""
    text = next(one.documentation for one in open_metrics().registry.collect() if one.name == metric)
    listed = re.sub(r" of an update| else", "", text.partition(" is ")[2])
    return set(re.findall(r"[a-z_]+", listed)) - {"or"}


def test_descriptions_of_metrics_list_the_states_that_labels_have() -> None:
    attempts = {*map(str, AttemptResult)} - {"superseded"}
    assert described("syndicator_rounds") == {*map(str, RoundStatus)} - {"partly", "waiting"}
    assert described("syndicator_deliveries") == attempts
    assert described("syndicator_hub_requests") == attempts | {*map(str, VerificationResult)}
    assert described("syndicator_deliveries_pending") == {*map(str, UNDELIVERED), "in_log"}


def test_numbers_of_deliveries_have_the_names_of_their_states() -> None:
    counts = set(QueueCounts.__struct_fields__)
    assert counts == {*map(str, DeliveryStatus), "in_log"} - {"superseded"}
    assert QueueCounts(ready=1, delayed=2, in_flight=3, dead=4).undelivered == {
        "in_log": 0, "ready": 1, "delayed": 2, "in_flight": 3, "dead": 4,
    }  # fmt: skip


def test_types_of_events_end_with_a_state_or_say_that_it_is_over() -> None:
    ends = {
        "source": {*map(str, SourceStanding), *map(str, ObjectiveState)},
        "endpoint": {*map(str, EndpointStanding)},
    }
    for kind in EventType:
        family, _, word = kind.partition(".")
        if family in ends:
            assert word in ends[family] | {"recovered"}, kind


def test_alerts_and_dashboards_choose_by_states() -> None:
    files = [one for one in CONTRIB.rglob("*") if one.suffix in {".yml", ".json"}]
    chosen = {
        word
        for one in files
        for words in re.findall(r'\b(?:standing|result)=~?\\?"([a-z_|]+)\\?"', one.read_text("utf-8"))
        for word in words.split("|")
    }
    assert len(chosen) > 5
    assert chosen <= WORDS


def test_the_table_of_the_docs_has_every_state_once() -> None:
    rows = state_table().splitlines()[2:]
    assert len(rows) == len(set(rows)) == len(STATES)
    assert f"| part of the service | `degraded` | attention | {PartStatus.DEGRADED.meaning} |" in rows
