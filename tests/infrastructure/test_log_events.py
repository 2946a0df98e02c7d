"""Log events have stable names, and fields of stable keys, that operators can search for."""

import ast
import re
from pathlib import Path

import syndicator

NAME = re.compile(r"[a-z]+(_[a-z]+)*")
LOGGERS = {"log", "_log"}
SUBJECTS = {
    "source_": ("source",),
    "article_": ("article", "source"),
    "embargo_": ("source",),
    "delivery_": ("endpoint",),
    "endpoint_": ("endpoint",),
    "replay_": ("endpoint",),
    "websub_": ("source",),
}
"""What an event is about, by the beginning of its name: it has one of these keys."""
SEVERAL = {"delivery_endpoints_unknown"}
OTHER_NAMES = {"id", "article_id", "source_id", "endpoint_id", "evt", "event_name"}
"""An article is `article`, a source `source`, an endpoint `endpoint`, and the id of an event `event_id`."""


def test_events_are_named_in_snake_case() -> None:
    modules = sorted(Path(syndicator.__file__).parent.rglob("*.py"))
    events = [event for module in modules for event in events_of(module)]
    assert len(events) > 100
    assert [event for event in events if not NAME.fullmatch(event)] == []


def test_what_a_line_is_about_stands_under_one_key() -> None:
    modules = sorted(Path(syndicator.__file__).parent.rglob("*.py"))
    lines = [line for module in modules for line in lines_of(module)]
    assert len(lines) > 100
    assert [(event, keys & OTHER_NAMES) for event, keys in lines if keys & OTHER_NAMES] == []
    nameless = [
        event
        for event, keys in lines
        for start, subjects in SUBJECTS.items()
        if event.startswith(start) and event not in SEVERAL and keys.isdisjoint(subjects)
    ]
    assert nameless == []


def lines_of(module: Path) -> list[tuple[str, frozenset[str]]]:
    """Return the literal events of calls such as `log.info("…", source=…)`, each with its keys."""
    return [
        (event, frozenset(one.arg for one in node.keywords if one.arg))
        for node in ast.walk(ast.parse(module.read_text("utf-8")))
        if isinstance(node, ast.Call)
        for event in events_logged(node)
    ]


def events_logged(node: ast.Call) -> list[str]:
    match node:
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id=name)), args=[ast.Constant(value=str(event)), *_]
        ) if name in LOGGERS:
            return [event]
    return []


def events_of(module: Path) -> list[str]:
    """Return the literal events of calls such as `log.info("…")` and `JobReport(event="…")`."""
    events = []
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name)), args=[ast.Constant(value=str(event)), *_]
            ) if name in LOGGERS:
                events.append(event)
            case ast.Call(func=ast.Name(id=name), keywords=keywords) if name.endswith("Report"):
                named = [one.value for one in keywords if one.arg == "event"]
                events += [str(one.value) for one in named if isinstance(one, ast.Constant)]
    return events
