"""What a log line shows, and what it never shows."""

import io
import json
import logging
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from support import until

from syndicator.observe.logs import configure, get_logger
from syndicator.observe.redact import MAX_TEXT, clean, clean_text

log = get_logger("syndicator.gather.feeds.feed")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.setLevel(level)
    root.handlers[:] = handlers


def test_a_terminal_gets_one_tidy_line_per_event() -> None:
    out = Terminal()
    configure(stream=out, colours=False)
    log.info("source_gathered", source="berita-kota", new=3, changed=1, duplicate=0, took_ms=12.34)
    time, rest = out.getvalue().split(" ", 1)
    assert len(time) == len("12:03:04Z")
    assert time.endswith("Z"), "its zone is marked"
    assert rest == "source_gathered  berita-kota  3 new, 1 changed, took 12.34 ms\n"


def test_a_terminal_says_how_bad_it_is() -> None:
    out = Terminal()
    configure(stream=out, colours=False)
    log.warning("delivery_dead", endpoint="partner-a", reason="http_503", retry=None)
    assert out.getvalue().endswith(" warning: delivery_dead  partner-a  reason=http_503\n")


async def test_many_deliveries_are_one_line_of_text_for_each_endpoint() -> None:
    out = Terminal()
    configure(stream=out, colours=False)
    for _ in range(40):
        log.info("delivery_succeeded", endpoint="sample-partner", status=204)
    log.info("delivery_succeeded", endpoint="partner-b", status=204)
    log.warning("delivery_retrying", endpoint="sample-partner", reason="http_503")
    await until(lambda: "delivered" in out.getvalue())
    lines = [line.split(" ", 1)[1] for line in out.getvalue().splitlines()]
    assert lines == [
        "warning: delivery_retrying  sample-partner  reason=http_503",
        "delivery_succeeded  sample-partner  40 delivered",
        "delivery_succeeded  partner-b  1 delivered",
    ]


@pytest.mark.parametrize("form", [{"json": True}, {"level": "debug"}])
async def test_programs_and_debuggers_get_a_line_for_each_delivery(form: dict[str, Any]) -> None:
    out = Terminal()
    configure(stream=out, colours=False, **form)
    for _ in range(3):
        log.info("delivery_succeeded", endpoint="sample-partner", status=204)
    assert len(out.getvalue().splitlines()) == 3


def test_numbers_carry_their_units() -> None:
    out = Terminal()
    configure(stream=out, colours=False)
    log.info(
        "delivery_succeeded", endpoint="p", status=204, ms=17, answer_bytes=5, waited_for_turn_s=0.25, items=3
    )
    assert out.getvalue().endswith(
        " delivery_succeeded  p  status=204, 17 ms, answer 5 bytes, waited for turn 0.25 s, items=3\n"
    )


def test_colours_are_for_terminals_only() -> None:
    terminal, pipe = Terminal(), io.StringIO()
    for out in (terminal, pipe):
        configure(stream=out, json=False)
        log.error("gone")
    assert "\x1b[" in terminal.getvalue()
    assert "\x1b" not in pipe.getvalue()


def test_elsewhere_each_line_is_one_json_object() -> None:
    out = io.StringIO()
    configure(stream=out)
    log.info(
        "source_gathered", source="a", new=3, at=datetime(2026, 11, 1, tzinfo=UTC), odd=object, many=("x", 1)
    )
    log.warning("second")
    first, second = map(json.loads, out.getvalue().splitlines())
    assert datetime.fromisoformat(first.pop("time")).tzinfo is not None
    assert first.pop("odd") == "<class 'object'>"
    assert first == {
        "level": "info",
        "event": "source_gathered",
        "source": "a",
        "new": 3,
        "at": "2026-11-01T00:00:00+00:00",
        "many": ["x", 1],
    }
    assert (second["level"], second["event"]) == ("warning", "second")


def test_debug_lines_name_their_module() -> None:
    out, terminal = io.StringIO(), Terminal()
    configure("debug", stream=out)
    log.debug("robots_read")
    log.info("source_gathered")
    debug, info = map(json.loads, out.getvalue().splitlines())
    assert debug["where"] == "gather.feeds.feed"
    assert "where" not in info
    configure("debug", stream=terminal, colours=False)
    log.debug("robots_read", source="a")
    assert terminal.getvalue().endswith(" debug: robots_read  a  (gather.feeds.feed)\n")


def test_what_is_below_the_level_is_not_written() -> None:
    out = io.StringIO()
    configure("warning", stream=out)
    log.info("quiet")
    log.warning("loud")
    assert "quiet" not in out.getvalue()
    assert "loud" in out.getvalue()


def test_libraries_are_heard_from_warning_on_and_once() -> None:
    out = io.StringIO()
    configure(stream=out)
    configure(stream=out)
    logging.getLogger("some.library").info("chatter")
    logging.getLogger("some.library").warning("fell %s", "over")
    (line,) = out.getvalue().splitlines()
    shown = json.loads(line)
    assert (shown["level"], shown["event"], shown["library"]) == ("warning", "fell over", "some.library")


def test_a_broken_message_of_a_library_is_shown_as_it_is() -> None:
    logging.getLogger().handlers.clear()  # pytest's own would raise
    out = io.StringIO()
    configure(stream=out)
    logging.getLogger("some.library").warning("%d apples", "three")
    assert json.loads(out.getvalue())["event"] == "%d apples"


@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_hides_credentials_and_control_characters(as_json: bool) -> None:
    out = io.StringIO()
    configure(stream=out, json=as_json)
    try:
        int("https://me:hunter2@host/ \x1b[2J")
    except ValueError:
        log.exception("failed", source="a")
    shown = out.getvalue()
    assert "Traceback" in shown
    assert "ValueError" in shown
    assert "hunter2" not in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize(
    "values",
    [
        {"secret": "hunter2"},
        {"api_token": "hunter2"},
        {"headers": {"Authorization": "hunter2", "Cookie": ["hunter2"]}},
        {"url": "redis://:hunter2@host/0"},
        {"url": "https://me:hun@ter2:hunter2@host/"},
        {"url": "https://host/feed?a=1&access_token=hunter2"},
        {"detail": "sent Authorization: Bearer hunter2hunter2"},
        {"detail": "whsec_hunter2"},
        {"detail": {"password": {"deep": "hunter2"}}},
        {"detail": [["https://x:hunter2@h"]]},
    ],
)
def test_secrets_are_hidden_wherever_they_stand(as_json: bool, values: dict[str, object]) -> None:
    out = io.StringIO()
    configure(stream=out, json=as_json)
    log.warning("look", **values)
    assert "hunter2" not in out.getvalue()
    assert "[hidden]" in out.getvalue()


def test_numbers_under_such_names_are_counts_and_stay() -> None:
    assert clean({"tokens": 3, "password": None, "token": True}) == {
        "tokens": 3,
        "password": None,
        "token": True,
    }


def test_events_too_are_cleaned() -> None:
    out = io.StringIO()
    configure(stream=out, json=False)
    log.info("title\r\n12:00:00 forged \x1b]0;x\x07\u202e\ud800")
    assert out.getvalue().endswith(r" title\x0d\x0a12:00:00 forged \x1b]0;x\x07\u202e\ud800" + "\n")


def test_nothing_is_endless() -> None:
    assert len(clean_text("x" * 100_000)) == MAX_TEXT + 1
    nested: list[object] = []
    nested.append(nested)
    assert len(str(clean([nested, *range(10_000)]))) < 10_000


def test_a_closed_stream_is_no_reason_to_stop() -> None:
    out = io.StringIO()
    configure(stream=out)
    out.close()
    log.error("nobody listens")


@given(
    st.text(),
    st.recursive(st.text() | st.floats(), lambda inner: st.dictionaries(st.text(), inner, max_size=3)),
)
def test_whatever_is_logged_a_line_stays_a_line(event: str, value: object) -> None:
    for as_json in (True, False):
        out = io.StringIO()
        configure(stream=out, json=as_json)
        log.info(event, value=value)
        shown = out.getvalue()
        assert shown.splitlines() == [shown[:-1]]
        assert not any(unicodedata.category(character) in {"Cc", "Cs"} for character in shown[:-1])
        if as_json:
            json.loads(shown)
