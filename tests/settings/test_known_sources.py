"""A configuration that is read after another one: sources that stayed as they were are the same values."""

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from settings.as_toml import toml
from settings.test_any_configuration import ANY_VALUE, KEYS, put

from syndicator.errors import ConfigError, Fault
from syndicator.model.ids import SourceId
from syndicator.settings.settings import Settings
from syndicator.settings.shared_files import LocalConfiguration

CITY, HARBOUR = SourceId("city"), SourceId("harbour")
TREE: dict[str, Any] = {
    "site": {"timezone": "Asia/Jakarta"},
    "egress": {"timeout": "20s"},
    "defaults": {"politeness": {"scope": "url"}},
    "group": {"press": {"max_pages": 3}},
    "source": {
        name: {
            "title": name,
            "kind": "feed",
            "url": f"https://{name}.example/rss",
            "group": "press",
            "schedule": {"every": "5m"},
        }
        for name in (CITY, HARBOUR)
    },
}


class Folder:
    """A folder of one file, and a process that reads it again and again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.process = LocalConfiguration(path, {})

    def read(self, tree: dict[str, Any]) -> Settings:
        (self.path / "all.toml").write_text(toml(tree), "utf-8")
        return self.process.settings(self.process.read())

    def outcome(self, tree: dict[str, Any]) -> Settings | tuple[Fault, ...]:
        try:
            return self.read(tree)
        except ConfigError as error:
            return error.faults


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def changed(*at: str, value: object) -> dict[str, Any]:
    tree = copy.deepcopy(TREE)
    table = tree
    for name in at[:-1]:
        table = table[name]
    table[at[-1]] = value
    return tree


def test_only_the_source_that_changed_is_built_again(folder: Folder) -> None:
    before = folder.read(TREE)
    after = folder.read(changed("source", CITY, "title", value="City"))
    assert after.sources[HARBOUR] is before.sources[HARBOUR]
    assert after.sources[CITY].title == "City"
    assert list(after.sources) == [CITY, HARBOUR]


def test_nothing_is_built_again_where_only_a_feed_changed(folder: Folder) -> None:
    before = folder.read(TREE)
    after = folder.read(TREE | {"feed": {"latest": {"title": "Latest"}}})
    assert all(after.sources[name] is before.sources[name] for name in before.sources)


@pytest.mark.parametrize(
    ("at", "value", "field"),
    [
        (("site", "timezone"), "UTC", "timezone"),
        (("egress", "timeout"), "7s", "limits"),
        (("defaults", "politeness"), {"scope": "host"}, "politeness"),
        (("group", "press", "max_pages"), 4, "max_pages"),
    ],
)
def test_what_all_sources_inherit_reaches_those_that_stayed(
    folder: Folder, at: tuple[str, ...], value: object, field: str
) -> None:
    before = folder.read(TREE)
    after = folder.read(changed(*at, value=value))
    assert getattr(after.sources[CITY], field) != getattr(before.sources[CITY], field)


@pytest.mark.parametrize("at", [("source", CITY, "headers"), ("defaults", "headers")])
def test_a_secret_in_a_file_is_read_again(folder: Folder, at: tuple[str, ...]) -> None:
    tree = changed(*at, value={"X-Key_file": "key"})
    keys = []
    for secret in ("first", "second"):
        (folder.path / "key").write_text(secret)
        keys.append(folder.read(tree).sources[CITY].headers["X-Key"])
    assert keys == ["first", "second"]


def test_a_value_of_another_type_is_no_equal_one(folder: Folder) -> None:
    folder.read(changed("source", CITY, "max_pages", value=1))
    with pytest.raises(ConfigError, match=r"source\.city\.max_pages: must be a whole number"):
        folder.read(changed("source", CITY, "max_pages", value=True))


def test_all_faults_are_told_beside_sources_that_stayed(folder: Folder) -> None:
    folder.read(TREE)
    tree = changed("source", CITY, "title", value=3) | {"feed": {"latest": {"size": "many"}}}
    faults = folder.outcome(tree)
    assert isinstance(faults, tuple)
    assert {fault.key for fault in faults} == {"source.city.title", "feed.latest.title", "feed.latest.size"}


def test_without_any_source_left_the_configuration_is_refused(folder: Folder) -> None:
    folder.read(TREE)
    with pytest.raises(ConfigError, match="source"):
        folder.read({"feed": {"latest": {"title": "Latest"}}})


def test_a_refused_configuration_changes_nothing_of_what_is_known(folder: Folder) -> None:
    before = folder.read(TREE)
    folder.outcome(changed("source", CITY, "title", value=3))
    after = folder.read(TREE)
    assert all(after.sources[name] is before.sources[name] for name in before.sources)


@settings(max_examples=100, derandomize=True)
@given(st.lists(st.tuples(st.sampled_from(KEYS), ANY_VALUE), min_size=2, max_size=4))
def test_any_configuration_after_any_other_is_read_as_alone(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[tuple[str, ...], object]]
) -> None:
    path = tmp_path_factory.mktemp("config")
    folder = Folder(path)
    for at, value in changes:
        tree = put(at, value)
        if isinstance(tree["source"], dict):
            tree["source"]["harbour"] = TREE["source"][HARBOUR] | {"group": "press"}
        tree.setdefault("group", {"press": {}})
        assert folder.outcome(tree) == Folder(path).outcome(tree)
