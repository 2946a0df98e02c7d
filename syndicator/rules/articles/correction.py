"""Words by which portals mark a correction: in the headline, and at the beginning or the end of the text.

Newsrooms write "Ralat:" and "Correction:", "(Koreksi)" behind a headline, or a note: "Artikel ini telah
dikoreksi …", "An earlier version of this article …". The same words are news elsewhere ("koreksi pasar
saham", "ia meralat ucapannya", "correctional officer"): only where a mark stands do they count, and those
that are news as often as not only where the sentence speaks of an article.
"""

import html
import re

from syndicator.model.article import Candidate
from syndicator.rules.identity.content_fingerprint import text_blocks

MAX_SENTENCE = 500
"""Characters of a correction that are kept."""
_FIRST, _LAST = 2, 3
"""Blocks of a body, from its beginning and from its end, that may hold a mark."""

_SURE = r"ralat|pembetulan|correction|corrected|corrects|corrigendum|erratum"
_UNSURE = r"koreksi|klarifikasi|clarification|revisi"
_HEADLINE_BEGINS = re.compile(
    rf"\W{{0,9}}(?:(?:{_SURE})\s?[:\uff1a]|(?:{_SURE})\s[-\u2013\u2014|]\s|(?:koreksi|klarifikasi\s+redaksi)\s?[:\uff1a])",
    re.IGNORECASE,
)
_HEADLINE_HOLDS = re.compile(
    rf"[(\[]\s?(?:{_SURE}|{_UNSURE})\s?[)\]]|\s[-\u2013\u2014|]\s?(?:{_SURE})\W{{0,3}}$", re.IGNORECASE
)
_NOTE = re.compile(
    rf"\W{{0,9}}(?:(?:{_SURE})\s?[:\uff1a]|(?:{_SURE})\s-\s|(?:{_SURE})\s\(?\d"
    r"|(?:this|the)\s+(?:article|story|report|headline|post|page)\s+(?:has\s+been|was|is)\s+"
    r"(?:corrected|amended|updated\s+to\s+correct)"
    r"|an?\s+(?:earlier|previous)\s+version\s+of\s+(?:this|the)\s+(?:article|story|report|headline|post)"
    r"|(?:(?:judul\s+)?(?:artikel|berita|tulisan|naskah)|judul)\s+(?:ini|di\s+atas)\b[^.!?]{0,40}?\s"
    r"(?:di|kami\s+)(?:koreksi|ralat|revisi|perbaiki|betulkan|ubah\s+karena)"
    r"|redaksi\s+(?:telah\s+)?(?:meralat|mengoreksi|memperbaiki)\b"
    r"|kami\s+(?:telah\s+)?(?:meralat|mengoreksi)\s+(?:artikel|berita|judul)"
    r"|dengan\s+ini\b[^.!?]{0,60}?\b(?:meralat|diralat|ralat|dikoreksi))",
    re.IGNORECASE,
)
_LABEL = re.compile(
    rf"\W{{0,9}}(?:{_UNSURE}|catatan\s+(?:redaksi|editor)|editor'?s?\s+note|note\s+to\s+readers)\b[^:\uff1a]{{0,30}}[:\uff1a]",
    re.IGNORECASE,
)
_OF_AN_ARTICLE = re.compile(
    r"\b(?:artikel|berita\s+ini|redaksi|sebelumnya|seharusnya|semestinya|tertulis|keliru|kekeliruan|kesalahan|salah"
    r"|article|story|version|earlier|previously|misstated|misspelled|incorrect(?:ly)?|in\s+error|should\s+have)\b",
    re.IGNORECASE,
)


def correction_of(candidate: Candidate) -> str | None:
    """Return the sentence that says that an article was corrected, at most `MAX_SENTENCE` characters."""
    if candidate.correction:
        return _shortened(candidate.correction)
    title = candidate.title[:MAX_SENTENCE]
    is_marked = _HEADLINE_BEGINS.match(title) or _HEADLINE_HOLDS.search(title)
    return _note(candidate) or (_shortened(title) if is_marked else None)


def _note(candidate: Candidate) -> str | None:
    blocks = text_blocks(candidate.body_html)
    edges = blocks if len(blocks) <= _FIRST + _LAST else [*blocks[:_FIRST], *blocks[-_LAST:]]
    return next((_shortened(block) for block in (candidate.lead, *edges) if _is_note(block)), None)


def _is_note(block: str) -> bool:
    block = " ".join(block[: 2 * MAX_SENTENCE].split())
    if _NOTE.match(block):
        return True
    return _LABEL.match(block) is not None and _OF_AN_ARTICLE.search(block) is not None


def _shortened(text: str) -> str:
    sentence = " ".join(html.unescape(text[: 4 * MAX_SENTENCE]).split())
    return sentence if len(sentence) <= MAX_SENTENCE else sentence[: MAX_SENTENCE - 1].rstrip() + "…"
