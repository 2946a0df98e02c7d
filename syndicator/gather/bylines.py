"""Who wrote it and what it is about: the names in what portals write above and below an article."""

import re
from collections.abc import Iterable, Sequence

from syndicator.gather.candidates import MAX_AUTHORS, MAX_TAGS
from syndicator.gather.text import MAX_NAME, person_name

_EDITOR = re.compile(
    r"(?:editor|redaktur|penyunting|fotografer|foto|sumber|source)(?:\s*[:：]|\s+by\b)", re.IGNORECASE
)
_REPORTER = re.compile(
    r"(?:reporter|wartawan|penulis|jurnalis|pewarta|author|writer|by|oleh)\s*[:：]", re.IGNORECASE
)
_ROLE = re.compile(
    r"(?<=[\s|])(?=(?:editor|redaktur|penyunting|fotografer|reporter|wartawan|penulis|jurnalis|pewarta)\s*[:：])",
    re.IGNORECASE,
)
"""Where the next one is named in the same line: "Penulis: Nama Satu | Editor: Nama Dua"."""
_SEVERAL = re.compile(r"\s+(?:dan|and|&)\s+|\s*[;/|]\s*")
_DASH = re.compile(r"\s+[-–—]\s+")
_COMMA = re.compile(r"\s*,\s*")
_WHOLE_NAME = re.compile(r"[^\s.,]{2,}(?:\s+[^\s,]+){1,4}")
"""Two words or more, the first no abbreviation: what stands between commas is then no academic degree."""


def reporters(texts: Iterable[str], *, site: str = "") -> tuple[str, ...]:
    """Give the names of those who wrote it: where one is labelled as the reporter, only such; no editor.

    `site` is the portal's own name, which is nobody's; addresses of profiles are none either.
    """
    parts = [part.strip(" |") for text in texts for part in _ROLE.split(text)]
    written = [part for part in parts if part and not _EDITOR.match(part)]
    labelled = [part for part in written if _REPORTER.match(part)]
    names = (_alone(person_name(name), site) for part in labelled or written for name in _split(part))
    return tuple(dict.fromkeys(name for name in names if _is_name(name, site)))[:MAX_AUTHORS]


def _split(text: str) -> list[str]:
    parts = _COMMA.split(text)
    if len(parts) > 1 and all(map(_WHOLE_NAME.fullmatch, parts)):
        return [name for part in parts for name in _SEVERAL.split(part)]
    return _SEVERAL.split(text) if "://" not in text else []


def _alone(name: str, site: str) -> str:
    """Give a name without the portal or place that stands beside it ("Nama - kanalBerita")."""
    parts = [part for part in _DASH.split(name) if _is_name(part, site)]
    return parts[0] if parts else ""


def _is_name(name: str, site: str) -> bool:
    return bool(name) and name.casefold() != site.casefold()


def tags_in(texts: Sequence[str]) -> tuple[str, ...]:
    """Give the tags in what a selector found; a single text lists them with commas."""
    parts = texts[0].split(",") if len(texts) == 1 else texts
    names = (part.strip().removeprefix("#").strip()[:MAX_NAME] for part in parts)
    return tuple(dict.fromkeys(filter(None, names)))[:MAX_TAGS]
