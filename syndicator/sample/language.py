"""What the invented articles are made of: topics, sentences and names, read from `words/*.toml`."""

from importlib.resources import files
from typing import Any

import tomli
from msgspec import Struct


class Verb(Struct, frozen=True, kw_only=True):
    active: str
    headline: str
    passive: str


class NewsUnit(Struct, frozen=True, kw_only=True):
    """What an article counts, and how many of it are believable."""

    noun: str
    low: int
    high: int


class SampleTopic(Struct, frozen=True, kw_only=True):
    section: str
    agency: str
    short: str
    verbs: tuple[Verb, ...]
    units: tuple[NewsUnit, ...]
    phrases: dict[str, tuple[str, ...]]
    """By role: thing, cause, effect, group, detail, worry."""
    tags: tuple[str, ...]


class Language(Struct, frozen=True, kw_only=True):
    """One newsroom's topics, its sentences by use, and its names by kind."""

    topics: tuple[SampleTopic, ...]
    common: dict[str, tuple[str, ...]]
    """Phrases that fit any topic, by role."""
    sentences: dict[str, tuple[str, ...]]
    names: dict[str, tuple[str, ...]]

    @property
    def sections(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(topic.section for topic in self.topics))


_ROLES = {
    "thing": "things",
    "cause": "causes",
    "effect": "effects",
    "group": "groups",
    "detail": "details",
    "worry": "worries",
}
_OWN_ROLE = "thing"
"""What a topic is about: nothing common stands for it."""


def load_language(name: str) -> Language:
    """Read a newsroom's words: `city` (Indonesian) or `wire` (English)."""
    folder = files("syndicator.sample") / "words"
    wanted = sorted(each.name for each in folder.iterdir() if each.name.startswith(f"{name}_"))
    tables = {each: tomli.loads((folder / each).read_text("utf-8")) for each in wanted}
    topics = [topic for table in tables.values() for topic in table.get("topic", ())]
    return Language(
        topics=tuple(_topic(topic) for topic in topics),
        common={
            role: _split(tables[f"{name}_common.toml"][key])
            for role, key in _ROLES.items()
            if role != _OWN_ROLE
        },
        sentences={use: tuple(lines) for use, lines in tables[f"{name}_sentences.toml"].items()},
        names={kind: _split(line) for kind, line in tables[f"{name}_names.toml"].items()},
    )


def _split(line: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in line.split("|"))


def _topic(table: dict[str, Any]) -> SampleTopic:
    return SampleTopic(
        section=table["section"],
        agency=table["agency"],
        short=table["short"],
        verbs=tuple(_verb(text) for text in _split(table["verbs"])),
        units=tuple(_unit(text) for text in _split(table["units"])),
        phrases={role: _split(table[key]) for role, key in _ROLES.items()},
        tags=_split(table["tags"]),
    )


def _verb(text: str) -> Verb:
    active, headline, passive = text.split("/")
    return Verb(active=active, headline=headline, passive=passive)


def _unit(text: str) -> NewsUnit:
    noun, span = text.rsplit(" ", 1)
    low, high = span.split("-")
    return NewsUnit(noun=noun, low=int(low), high=int(high))
