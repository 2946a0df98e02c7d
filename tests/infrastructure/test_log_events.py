"""Log events have stable names that operators can search for."""

import ast
import re
from pathlib import Path

import syndicator

NAME = re.compile(r"[a-z]+(_[a-z]+)*")
LOGGERS = {"log", "_log"}


def test_events_are_named_in_snake_case() -> None:
    modules = sorted(Path(syndicator.__file__).parent.rglob("*.py"))
    events = [event for module in modules for event in events_of(module)]
    assert len(events) > 100
    assert [event for event in events if not NAME.fullmatch(event)] == []


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
