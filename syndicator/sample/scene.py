"""The cast and the figures of one article, and the filling of its sentences with them."""

from datetime import datetime
from functools import lru_cache

from msgspec import Struct

from syndicator.sample import calendar
from syndicator.sample.chance import Chance, Deck
from syndicator.sample.language import Language, SampleTopic, Verb

COMMON_PHRASES = 5

_SMALL_WORDS = frozenset(
    (
        *("di", "ke", "dari", "untuk", "dan", "atau", "yang", "pada", "bagi", "dengan", "agar", "demi"),
        *("dalam", "oleh", "saat", "of", "the", "and", "for", "in", "on", "at", "to", "a", "an"),
    )
)


class Setting(Struct, frozen=True, kw_only=True):
    """What sets an article apart from all others: its topic, the quarter, and a site there."""

    topic: SampleTopic
    thing: str
    """What is done something about: one of the topic's things."""
    verb: Verb
    place: str
    site: str


class Scene:
    """Everything an article speaks of; the same key gives the same scene.

    Names, places and sums stay the same throughout; phrases of the topic (a thing's synonyms, details,
    worries) come one after the other, so that an article does not repeat itself.
    """

    def __init__(self, language: Language, setting: Setting, at: datetime, chance: Chance) -> None:
        self._introduced = False
        self.topic = topic = setting.topic
        self.language = language
        self.chance = chance
        self._decks = {role: Deck(chance, self._phrases(role)) for role in topic.phrases if role != "thing"}
        self.verb = setting.verb
        self.place = setting.place
        self.site = setting.site
        self.official = self.person()
        self.chief = self.person()
        self.fixed = (
            self._words() | self._places() | self._partners() | self._figures() | _dates(language, at, chance)
        )
        self.fixed["thing"] = setting.thing
        self.fixed["chief_role"] = chance.pick(language.names["chiefs"]).format_map(self.fixed)

    def _phrases(self, role: str) -> tuple[str, ...]:
        """Return what this article says in a role: of the topic, and of what fits any topic.

        All phrases of the topic, and articles about it would be one story for readers of their words.
        """
        own = self.topic.phrases[role]
        common = self.language.common[role]
        return (self.chance.pick(own), *self.chance.shuffled(common)[:COMMON_PHRASES])

    def _words(self) -> dict[str, str]:
        verb, names = self.verb, self.language.names
        agency = self.topic.agency.format(self._coined("firm"))
        return {
            "agency": agency,
            "short": self.topic.short,
            "act": verb.active,
            "bare": verb.headline,
            "acted": verb.passive,
            "official": self.official,
            "official_short": self.official.split()[-1],
            "official_role": self.chance.pick(names["offices"]),
            "chief": self.chief,
            "resident": self.person(),
            "job": self.chance.pick(names["jobs"]),
        }

    def _places(self) -> dict[str, str]:
        # Not of those that articles are about: a name in two headlines would make them one story.
        others = _all_names(self.language, "place", "site")
        second = self.chance.pick(others)
        return {
            "place": self.place,
            "place2": second,
            "place3": self.chance.pick([other for other in others if other != second]),
            "street": self._street(),
            "street2": self._street(),
        }

    def _partners(self) -> dict[str, str]:
        expert = self.person()
        return {
            "site": self._named("site", self.site),
            "firm": self._named("firm", self._coined("firm")),
            "institute": self._named("institute", self._coined("firm")),
            "expert": expert,
            "expert_short": expert.split()[-1],
        }

    def _figures(self) -> dict[str, str]:
        chance = self.chance
        unit = chance.pick(self.topic.units)
        number = chance.number(unit.low, unit.high)
        return {
            "unit": unit.noun,
            "num": self._grouped(number),
            "num2": self._grouped(number + chance.number(unit.low, unit.high)),
            "few": str(chance.number(2, max(3, number // 3))),
            "money": self._money(),
            "money2": self._money(),
            "weeks": str(chance.number(2, 19)),
            "rws": str(chance.number(2, 14)),
            "percent": str(chance.number(11, 89)),
            "people": self._grouped(chance.number(41, 690) * 100),
            "time": f"{chance.number(6, 20):02}.{chance.number(0, 11) * 5:02}",
            "age": str(chance.number(19, 71)),
            "rt": f"RT {chance.number(1, 16):02}",
        }

    def _grouped(self, number: int) -> str:
        return f"{number:,}".replace(",", self.language.names["thousands"][0])

    def _money(self) -> str:
        form = self.chance.pick(self.language.names["money"])
        return form.format(self.chance.number(1, 97), self.chance.number(1, 9))

    def person(self) -> str:
        return f"{self.chance.pick(self.language.names['first_names'])} {self._coined('last')}"

    def _named(self, kind: str, name: str) -> str:
        """Return a name in one of the forms of its kind, as `Pasar Sagaratama`."""
        return self.chance.pick(self.language.names[f"{kind}_forms"]).format(name)

    def _coined(self, kind: str) -> str:
        """Return one of some hundred names, made of a head and a tail."""
        names = self.language.names
        return f"{self.chance.pick(names[f'{kind}_heads'])}{self.chance.pick(names[f'{kind}_tails'])}"

    def _street(self) -> str:
        names = self.language.names
        street = f"{self.chance.pick(names['streets'])} {self.chance.pick(names['street_ends'])}"
        return names["street_form"][0].format(street)

    def fill(self, sentence: str, **more: str) -> str:
        """Fill the braces of a sentence and set its first letter."""
        return _capital(sentence.format_map(_Slots(self, more)))

    def fill_headline(self, sentence: str, **more: str) -> str:
        """Fill a headline and write it as headlines are: words with capitals, but for small ones."""
        filled = sentence.format_map(_Slots(self, more))
        words = filled.split()
        return " ".join(
            word if word in _SMALL_WORDS and at else _capital(word) for at, word in enumerate(words)
        )

    def say(self, slot: str) -> str:
        """Return what a slot stands for; raise KeyError for a slot that no scene knows."""
        if slot == "speaker":
            return self._speaker()
        fixed = self.fixed.get(slot)
        return self._decks[slot].draw() if fixed is None else fixed

    def _speaker(self) -> str:
        """Introduce the official once, with the office; a first name does from then on."""
        if self._introduced:
            return self.fixed["official_short"]
        self._introduced = True
        return f"{self.fixed['official_role']} {self.official}"


class _Slots(dict[str, str]):
    """Looks a slot up among what was given, then in its scene."""

    def __init__(self, scene: Scene, more: dict[str, str]) -> None:
        super().__init__(more)
        self._scene = scene

    def __missing__(self, slot: str) -> str:
        return self._scene.say(slot)


def setting_of(language: Language, seed: int, n: int) -> Setting:
    """Return the setting of article `n`.

    No two articles share the place, the site, or the topic with its thing before all have been used.
    """
    topics, places, sites = language.topics, _all_names(language, "place"), _all_names(language, "site")
    round_, at = divmod(n, len(topics))
    topic = _order(len(topics), seed, "topics", round_)[at]
    things, verbs = topics[topic].phrases["thing"], topics[topic].verbs
    again, thing = divmod(round_, len(things))
    return Setting(
        topic=topics[topic],
        thing=things[_order(len(things), seed, "things", topic)[thing]],
        verb=verbs[_order(len(verbs), seed, "verbs", topic, thing)[again % len(verbs)]],
        place=places[_order(len(places), seed, "places")[n % len(places)]],
        site=sites[_order(len(sites), seed, "sites")[n % len(sites)]],
    )


@lru_cache(maxsize=256)
def _order(count: int, *key: str | int) -> tuple[int, ...]:
    return tuple(Chance(*key).shuffled(range(count)))


def _all_names(language: Language, kind: str, tails_of: str | None = None) -> list[str]:
    """Return every name of a kind: each head with each tail, of this kind or of another one."""
    heads, tails = language.names[f"{kind}_heads"], language.names[f"{tails_of or kind}_tails"]
    return [f"{head}{tail}" for head in heads for tail in tails]


def _dates(language: Language, at: datetime, chance: Chance) -> dict[str, str]:
    ahead, back = chance.number(1, 5), -chance.number(1, 8)
    if language.names["code"][0] == "en":
        return {
            "day": calendar.english_weekday(at),
            "month": calendar.english_month(at, ahead),
            "month_past": calendar.english_month(at, back),
        }
    return {
        "day": calendar.body_date(at),
        "month": f"{calendar.month(at, ahead)} nanti",
        "month_past": f"{calendar.month(at, back)} lalu",
    }


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
