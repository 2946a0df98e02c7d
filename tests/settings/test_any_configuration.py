"""Any value at any key of the configuration, and any key in any table: read, or told by its name; never a crash."""

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from settings.as_toml import toml

from syndicator.errors import ConfigError, Fault
from syndicator.settings import load
from syndicator.settings.advice import advice
from syndicator.settings.json_schema import configuration_schema

SCHEMA = configuration_schema()
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
GOOD: dict[str, Any] = {
    "source": {
        "wire": {
            "title": "Wire",
            "kind": "feed",
            "url": "https://wire.example/rss",
            "schedule": {"every": "5m"},
        }
    },
    "feed": {"latest": {"title": "Latest"}},
    "endpoint": {"p": {"url": "https://p.example/", "secret": SECRET}},
    "alert": {"desk": {"url": "mailto://mail.example/?to=a@x.example"}},
    "token": {"ops": {"sha256": "0" * 64, "scopes": ["read"]}},
}
NAMES = {"source": "wire", "feed": "latest", "endpoint": "p", "alert": "desk", "token": "ops"}

Keys = tuple[str, ...]


def tables(schema: Mapping[str, Any], at: Keys = ()) -> Iterator[tuple[Keys, Mapping[str, Any]]]:
    """Yield every table that the schema describes, with where it stands and its keys."""
    for described in (schema, *schema.get("anyOf", ())):
        ref = described.get("$ref")
        form = SCHEMA["$defs"][ref.rpartition("/")[2]] if ref else described
        if "properties" in form:
            yield at, form["properties"]
            for name, inner in form["properties"].items():
                yield from tables(inner, (*at, name))
        elif at and at[-1] in NAMES and isinstance(form.get("additionalProperties"), dict):
            yield from tables(form["additionalProperties"], (*at, NAMES[at[-1]]))


TABLES = [at for at, _ in tables(SCHEMA)]
KEYS = [(*at, name) for at, names in tables(SCHEMA) for name in names]
AS_ONE = "identity"
"""A table that is one value of several forms, and told as a whole."""

ANY_VALUE = st.recursive(
    st.text(max_size=6)
    | st.sampled_from(["5m", "-1s", "10MiB", "127.0.0.1", "::1/200", "https://x.example", "id", "re:(", "{"])
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.dates()
    | st.datetimes(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["x", "url", "every"]), inner, max_size=2)
    ),
    max_leaves=6,
)


def put(at: Keys, value: object) -> dict[str, Any]:
    """Return the good configuration with a value at a place."""
    tree = copy.deepcopy(GOOD)
    table = tree
    for name in at[:-1]:
        table = table.setdefault(name, {})
    table[at[-1]] = value
    return tree


def told(folder: Path, text: str) -> tuple[Fault, ...]:
    """Read a configuration as `syndicator check` does; return its faults."""
    (folder / "all.toml").write_text(text, "utf-8")
    faults: tuple[Fault, ...] = ()
    try:
        advice(load(folder, {}))
    except ConfigError as error:
        faults = error.faults
    assert all(one.file and one.reason and "\n" not in str(one) for one in faults)
    return faults


def named(at: Keys) -> str:
    """Return the key by which a fault at a place is told."""
    return ".".join(at[: at.index(AS_ONE) + 1] if AS_ONE in at else at)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("config")


def test_the_schema_is_walked() -> None:
    assert {("site",), ("source", "wire", "schedule"), ("endpoint", "p", "filter")} <= set(TABLES)
    assert len(KEYS) > 200


@settings(max_examples=100, derandomize=True)
@given(at=st.sampled_from(KEYS), value=ANY_VALUE)
def test_any_value_is_read_or_told_with_its_section(folder: Path, at: Keys, value: object) -> None:
    for fault in told(folder, toml(put(at, value))):
        assert fault.key.split(".")[0] in {at[0], "source", "defaults"}, fault


def test_what_has_another_type_is_told_by_its_key(folder: Path) -> None:
    for at in KEYS:
        faults = told(folder, toml(put(at, {"x": {"y": [{}]}})))
        assert any(fault.key.startswith(named(at)) for fault in faults), (at, faults)


@settings(max_examples=60, derandomize=True)
@given(at=st.sampled_from(TABLES), name=st.from_regex(r"[a-z_-]{1,12}x", fullmatch=True), value=ANY_VALUE)
def test_a_key_that_is_not_known_is_told_by_its_name(
    folder: Path, at: Keys, name: str, value: object
) -> None:
    assume((*at, name) not in KEYS)
    faults = told(folder, toml(put((*at, name), value)))
    assert named((*at, name)) in {fault.key for fault in faults}


@settings(max_examples=60, derandomize=True)
@given(st.text(max_size=40) | st.text("[]{}=.\"'#\n\\ a1", max_size=40))
def test_any_text_is_read_or_told(folder: Path, text: str) -> None:
    assert told(folder, text)
