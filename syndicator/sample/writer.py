"""Writes the invented articles: the same seed, number, date and revision always give the same text."""

import re
from datetime import datetime
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from syndicator.sample.chance import Chance, Deck
from syndicator.sample.language import Language
from syndicator.sample.scene import Scene, setting_of

_KEPT = 16384
"""Articles: some 3 kB each."""


class SampleText(Struct, frozen=True, kw_only=True):
    """One revision of an article."""

    title: str
    slug: str
    """From the first headline, so that a corrected one moves no URL."""
    lead: str
    quote: str
    """The pull quote: repeats a part of a quote in the paragraphs."""
    paragraphs: tuple[str, ...]
    """After the lead."""
    section: str
    tags: tuple[str, ...]
    reporter: str
    photographer: str
    editor: str
    caption: str

    @property
    def words(self) -> int:
        return len(" ".join((self.lead, *self.paragraphs)).split())


class Writer:
    """Writes for one newsroom. What was written last is kept, as lists and feeds show it again and again."""

    def __init__(self, language: Language, seed: int, voice: str) -> None:
        self._language = language
        self._seed = seed
        self._voice = voice
        self.text = lru_cache(maxsize=_KEPT)(self._text)
        self.copy = lru_cache(maxsize=_KEPT)(self._copy)

    @property
    def sections(self) -> tuple[str, ...]:
        return self._language.sections

    def _text(self, n: int, at: datetime, revision: int = 0) -> SampleText:
        """Write revision `revision` (0 is the first) of article `n`, published at `at`."""
        scene, text = self._first(n, at)
        for edit in range(1, revision + 1):
            text = self._edited(scene, text, n, edit)
        return text

    def _copy(self, n: int, at: datetime, revision: int = 0) -> SampleText:
        """Write article `n` as another paper takes it over: a headline and a first sentence of its own.

        `revision` counts the other paper's edits.
        """
        scene, text = self._first(n, at)
        lines = self._language.sentences
        title = scene.fill_headline(scene.chance.pick(lines["rewordings"]))
        dropped = scene.chance.number(1, len(text.paragraphs) - 1)
        copy = replace(
            text,
            title=title,
            slug=slugged(title),
            lead=scene.fill(scene.chance.pick(lines["wire_leads"])),
            paragraphs=text.paragraphs[:dropped] + text.paragraphs[dropped + 1 :],
        )
        for edit in range(1, revision + 1):
            copy = self._edited(scene, copy, n, edit)
        return copy

    def _first(self, n: int, at: datetime) -> tuple[Scene, SampleText]:
        chance = Chance(self._voice, self._seed, n)
        scene = Scene(self._language, setting_of(self._language, self._seed, n), at, chance)
        lines, names = self._language.sentences, self._language.names
        title = scene.fill_headline(chance.pick(lines["headlines"]))
        lead = scene.fill(chance.pick(lines["leads"]))
        quote, paragraphs = self._body(scene)
        return scene, SampleText(
            title=title,
            slug=slugged(title),
            lead=lead,
            quote=quote,
            paragraphs=paragraphs,
            section=scene.topic.section,
            tags=(*scene.topic.tags, scene.place),
            reporter=chance.pick(names["reporters"]),
            photographer=chance.pick(names["photographers"]),
            editor=chance.pick(names["editors"]),
            caption=scene.fill(chance.pick(lines["captions"])),
        )

    def _body(self, scene: Scene) -> tuple[str, tuple[str, ...]]:
        """Return the pull quote and the paragraphs: the official speaks first, the outlook comes last."""
        chance, lines = scene.chance, self._language.sentences
        decks = {
            use: Deck(chance, lines[use])
            for use in ("quotes", "attributions", "partners", "facts", "residents")
        }

        def line(use: str) -> str:
            return scene.fill(decks[use].draw() if use in decks else chance.pick(lines[use]))

        def official() -> tuple[str, str]:
            first, second = line("quotes"), line("quotes")
            said_by = line("attributions")
            if not said_by.startswith(scene.fixed["official_short"]):  # a name keeps its capital
                said_by = said_by[:1].lower() + said_by[1:]
            return first, f"“{first}. {second},” {said_by}."

        quote, opening = official()
        resident = scene.fill(chance.pick(lines["resident_lines"]), quote=line("residents"))
        middle = [
            f"{line('facts')} {line('facts')}",
            f"{line('backgrounds')} {line('facts')}",
            f"{resident} {line('concerns')}",
            f"{line('facts')} {official()[1]}",
        ]
        kept = sorted(chance.shuffled(range(len(middle)))[: chance.number(2, 3)])
        partners = f"{line('partners')} {line('partners')}"
        return quote, (opening, partners, *(middle[each] for each in kept), line("closings"))

    def _edited(self, scene: Scene, text: SampleText, n: int, edit: int) -> SampleText:
        """Make edit number `edit` (from 1): one of each kind at first, an added paragraph from then on."""
        chance = Chance(self._voice, self._seed, n, "edit", edit)
        lines = self._language.sentences
        kinds = Chance(self._voice, self._seed, n, "edits").shuffled(("lead", "paragraph", "headline"))
        kind = kinds[edit - 1] if edit <= len(kinds) else "paragraph"
        title, lead, paragraphs = text.title, text.lead, text.paragraphs
        if kind == "headline":
            title = chance.pick(lines["headline_edits"]).format(title=title)
        elif kind == "lead":
            lead = scene.fill(chance.pick(lines["lead_edits"]))
        else:
            paragraphs += (scene.fill(chance.pick(lines["updates"]), num2=str(chance.number(20, 900))),)
        return replace(text, title=title, lead=lead, paragraphs=paragraphs)


def slugged(title: str) -> str:
    """Return the last part of an article's path: `trem-malam-di-pasirmelati-diperpanjang`."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
