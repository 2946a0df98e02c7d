"""Endpoints as partners describe them: the rules of the configuration, as JSON, and nothing of our files."""

from typing import Any

import pytest

from syndicator.errors import ConfigError, Fault
from syndicator.model.delivery import Endpoint
from syndicator.model.event import EventType
from syndicator.model.feed import FeedSpec
from syndicator.model.ids import EndpointId, FeedId, SourceId
from syndicator.settings.endpoint_registration import Registrations, registration_schema, written

URL = {"url": "https://koran.example/hook"}
FEEDS = [FeedSpec(id=FeedId(name), title=name, private=name == "premium") for name in ("latest", "premium")]
FORMS = Registrations([SourceId("city")], {spec.id: spec for spec in FEEDS})


def read(values: dict[str, Any], *, is_operator: bool = False) -> Endpoint:
    return FORMS.read(values, EndpointId("a"), (), is_operator=is_operator)


def faults(values: dict[str, Any]) -> tuple[Fault, ...]:
    with pytest.raises(ConfigError) as caught:
        read(values)
    return caught.value.faults


def test_what_is_written_may_be_sent_back() -> None:
    chosen: dict[str, Any] = URL | {
        "description": "Redaksi",
        "events": ["article.*", "feed.updated"],
        "filter": {"source": "city", "since": "2026-01-01T07:00:00+07:00", "query": "banjir"},
        "feeds": ["latest"],
        "payload": "thin",
        "headers": {"X-Key": "abc"},
        "max_age": "1d",
        "retry": {"delays": ["1s", "1m"], "jitter": 0.1},
    }
    endpoint = read(chosen)
    assert read(written(endpoint)) == endpoint
    assert written(endpoint)["retry"] == {"delays": ["1s", "1m"], "jitter": 0.1}


@pytest.mark.parametrize("text", ["1s", "90s", "5m", "36h", "14d", "1.5s", "0.25s"])
def test_durations_are_written_as_people_write_them(text: str) -> None:
    delays = {"retry": {"delays": [text]}}
    assert written(read(URL | delays))["retry"]["delays"] == [text]


def test_all_events_are_those_of_partners_to_a_partner() -> None:
    assert set(read(URL | {"events": ["*"]}).events) == {
        kind for kind in EventType if kind.family != "source"
    }
    assert set(read(URL | {"events": ["*"]}, is_operator=True).events) == set(EventType)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    told = faults(
        {
            "url": "ftp://koran.example",
            "events": ["source.*"],
            "headers": {"A_file": "/etc/passwd"},
            "max_age": "30d",
            "timeout": "60s",
            "max_in_flight": 500,
            "secret": "whsec_x",
            "filter": {"until": "soon"},
            "retry": {"delays": ["1s"] * 21},
        }
    )
    assert [one.key for one in told] == [
        "url", "events", "filter.until", "headers.A_file", "max_in_flight", "timeout", "max_age",
        "retry.delays", "secret",
    ]  # fmt: skip
    assert all(one.reason for one in told)
    assert "/etc" not in "".join(one.reason + one.remedy for one in told)


@pytest.mark.parametrize(
    ("values", "key", "remedy"),
    [
        ({}, "url", ""),
        (URL | {"filter": {"source": "cty"}}, "filter.source", "did you mean city?"),
        (URL | {"feeds": ["newest"]}, "feeds", "known here: latest"),
        (URL | {"feeds": ["premium"]}, "feeds", "known here: latest"),
        (URL | {"headers": {f"X-{number}": "" for number in range(21)}}, "headers", "20 headers"),
        (URL | {"headers": {"Host": "x"}}, "headers.Host", "remove it"),
        ({"url": "https://" + "a" * 3000}, "url", ""),
    ],
)
def test_a_single_fault_is_named(values: dict[str, Any], key: str, remedy: str) -> None:
    (fault,) = faults(values)
    assert fault.key == key
    assert remedy in fault.remedy


def test_its_schema_tells_what_is_read() -> None:
    schema = registration_schema()
    assert schema["required"] == ["url"]
    assert {"events", "filter", "headers", "retry", "payload"} <= schema["properties"].keys()
