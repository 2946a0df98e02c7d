"""Who wrote it and what it is about: the names in what portals write above and below an article.

A byline is taken apart at labels ("Penulis: … | Editor: …"), then at what parts one name from the next.
Names stay as they are written, academic degrees with them. What stands beside a name and is none (a role,
a portal, an agency, a place) is left out; an agency or a desk that stands alone stays.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from syndicator.gather.documents.text import MAX_AUTHORS, MAX_NAME, MAX_TAGS, folded, title_text, without_mail
from syndicator.gather.place_names import is_place, is_place_in_another

_BLANKS = r"(?:(?<!\s)\s++)?"
"""White space, if any, from its beginning on: without that it would be tried from each blank on."""
_WRITER = "reporter|wartawan|penulis|jurnalis|pewarta|kontributor|koresponden|author|writer|correspondent"
_NO_WRITER = (
    "editor|redaktur|penyunting|fotografer|photographer|penerjemah|translator|videografer|ilustrator|foto|photos?"
    "|sumber|source|infografis|uploader|publisher"
)
_DEED = "ditulis|dilaporkan|written|reported|reporting|posted|story|words|text|teks|naskah|reportase|liputan"
_NO_DEED = (
    "disunting|diedit|edited|editing|diunggah|published|diterjemahkan|translated|reviewed|ditinjau"
    "|fact-checked"
)
_ANY = rf"(?:laporan\s++)?(?:{_WRITER}|{_NO_WRITER}|{_DEED}|{_NO_DEED}|laporan|rep|red)"
_COLON = rf"\b(?:{_ANY}(?:\s*+[/&]\s*+(?:{_ANY}))*+(?:\s++(?:oleh|by))?|oleh|by)\s*+[:：]"
_BARE = (
    rf"(?:(?:laporan\s++)?(?:{_WRITER})(?:\s++(?:oleh|by))?|editor|redaktur|penyunting|fotografer|laporan"
    rf"|(?:{_DEED}|{_NO_DEED}|foto|photos?)\s++(?:oleh|by)|oleh|by)\s++(?=\S)"
)
_LABEL = re.compile(rf"[\s,/]*+(?:(?P<reporting>laporan\s[^:：,]*?)?(?:{_COLON}|{_BARE}))\s*+", re.IGNORECASE)
_OF_OTHERS = re.compile(rf"(?:{_NO_WRITER}|{_NO_DEED}|\bred)\b", re.IGNORECASE)
_OF_WRITERS = re.compile(rf"(?:{_WRITER}|{_DEED}|laporan|\brep|\A\W*(?:oleh|by))\b", re.IGNORECASE)
_NO_DEED_BEFORE = "".join(f"(?<!{word})" for word in f"{_DEED}|{_NO_DEED}".replace("?", "").split("|"))
"""The words of "Edited by:" belong together."""
_PIECES = re.compile(
    rf"{_BLANKS}[|;·•]\s*+|{_NO_DEED_BEFORE}(?:(?<![\s,])[\s,]++/?\s*+|/\s++)(?={_COLON})"
    rf"|(?<![\s,])[\s,]++(?=(?:editor|redaktur|penyunting|(?:{_NO_DEED})\s++(?:oleh|by))\s++\S)",
    re.IGNORECASE,
)
"""Where another saying begins in the same line; "Budi Santoso Editor Siti" has no colon."""
_REPORTED_FOR = re.compile(r"laporan\s+\w|(?:kontributor|koresponden)\Z", re.IGNORECASE)
"""Behind it a portal or place stands ahead of the name: "Laporan wartawan Kota Pos, Budi Santoso"."""
_POST = re.compile(r"(?:kontributor|koresponden|wartawan|reporter|correspondent)\b.*", re.IGNORECASE)
_SEVERAL = re.compile(
    rf"(?<!\s)(?:\s*+,)?\s++(?:dan|and|serta)\s++|,\s++(?:dan|and|serta)\s++|{_BLANKS}[&/]\s*+", re.IGNORECASE
)
_DASH = re.compile(r"(?<!\s)\s++[-–—]\s++")
_IN_BRACKETS = re.compile(rf"{_BLANKS}[(\[][^()\[\]]*+[)\]]")
_HOST = re.compile(
    r"(?<![^\s(])(?:[a-z0-9-]+\.){1,4}(?:com|co|id|net|org|tv|news|info|my|sg|uk|au|online|media)\b[:,]?(?!\.?\w)",
    re.IGNORECASE,
)
_HANDLE = re.compile(r"(?<!\s)\s++@\w+")
_PLACE = re.compile(r"(?<!\s)\s++(?P<where>(?i:dari|for|from|in))\s++(?=[A-Z])")
_ORGANISATION = re.compile(
    r"\b(?:societ(?:y|ies)|institut(?:e|es|ion|ions|o|et)?|cent(?:er|re|ro|ers|res)|committees?|councils?"
    r"|commissions?|foundations?|associations?|unions?|networks?|alliances?|coalitions?|collective|projects?"
    r"|initiatives?|lab(?:s|orator(?:y|ies))?|universit(?:y|ies|as|ät|é|à)|universidad|college|schools?|departments?"
    r"|ministr(?:y|ies)|agenc(?:y|ies)|services?|groups?|teams?|desk|watch|funds?|campaign|movement|women|men"
    r"|students|workers|journalists|reporters|writers|editors|scientists|doctors|lawyers|citizens|friends|people"
    r"|data|research|sciences?|policy|news(?:room)?|magazine|journal|review|podcast|studios?|productions?"
    r"|lembaga|yayasan|pusat|komite|komisi|dewan|aliansi|serikat|forum|kementerian|dinas|badan|ikatan|persatuan"
    r"|komunitas|jaringan|koalisi|himpunan|masyarakat|asosiasi|asociación|verein|gesellschaft|association|société)\b",
    re.IGNORECASE,
)
"""Words of names that are not those of people: such a name is whole, whatever it is joined with."""
_COPYRIGHT = re.compile(r"©|\b(?:copyright|hak cipta)\b", re.IGNORECASE)
_WHENCE = frozenset({"dari", "for", "from", "in"})
"""In small letters; others stand in names ("Lee In Hwa")."""
_FULL_STOP = re.compile(r"(?<=[a-z]{3})\.\Z")
_DEGREE = re.compile(
    r"(?!(?:Prof|Dr|Ir|Hj?|KH|Rr?)\.)(?:[A-Z][A-Za-z]{0,3}\.\s?){1,4}(?:[A-Z][A-Za-z]{0,4}\.?)?|S[EHT]|M[AHMT]"
    r"|[SM][A-Z][a-z]{1,3}|MBA|MPH|PhD|LL\.?M\.?|[JS]r|I{2,3}|IV"
)
"""Behind a comma: "S.Sos.", "M.Si", "SH", "Ph.D.", "Jr."."""
_WHOLE_NAME = re.compile(
    r"(?:(?:Prof|Drs?|Ir|Hj?|KH|Rr?)\.\s*)*[^\s.]{2,}(?:\s+\S+){1,4}|[A-Z]\.\s?(?:[A-Z]\.\s?)*\S{2,}(?:\s+\S+){0,3}"
)
"""Two words or more: what stands between commas is then no name turned round ("Doe, Jane")."""
_NO_NAME = re.compile(
    r"(?:super)?admin(?:istrator)?|(?:senior\s+)?(?:staff|editor|redaktur|reporter|penulis|writer)s?(?:\s+writers?)?"
    r"|agenc(?:y|ies)|our\s+(?:own\s+)?(?:correspondent|reporter)s?|oleh|by|.*(?:\d{4}|\d[:.]\d\d).*|senin|selasa|rabu|kamis|ju[mn].?at|sabtu|minggu|ahad|(?:mon|tues|wednes|thurs|fri|satur|sun)day",
    re.IGNORECASE,
)
_ROLE = re.compile(
    r".*\b(?:staff|writers?|reporters?|editors?|correspondents?|contributors?|columnists?|analysts?|wartawan"
    r"|penulis|jurnalis|kontributor|koresponden|redaktur|pewarta|fotografer|photographers?|guru|dosen|peneliti"
    r"|pengamat|direktur|ketua|mahasiswa|kolumnis|pemerhati|analis)\b.*|(?:dari|di|in|from|for)\s.*",
    re.IGNORECASE,
)
"""What somebody is, or where: beside a name, none."""
_AGENCY = re.compile(
    r"(?:lkbn\s+)?antara(?:\s*news)?|ant|reuters|afp|ap|associated press|bloomberg|dpa|upi|jpnn|xinhua"
    r"|okezone|detik\w*|tempo|(?:kompas|tribun)\w*(?:\s+\w+)?|republika|liputan ?6|merdeka|viva"
    r"|sindonews|kumparan|suara|jawa pos|media indonesia|rri|tvri|inilah|voa|the\s.*|washington post"
    r"|(?:cnn|cnbc|bbc|abc|nbc|cbs|fox|sky)(?:\s+(?:indonesia|news|sport))?"
    r"|(?:tim\s+)?(?:redaksi|liputan)(?:\s.*)?|.*\b(?:news|tv|press|media|daily|online|network)|\w+news",
    re.IGNORECASE,
)
"""Agencies, portals and desks: they are nobody where somebody is named."""
_ESCAPED = 2
_REMEMBERED = 1000
"""Bylines of the usual length: the same people write again and again."""
_PROPER = re.compile(r"(?:[A-Z][\w.'’-]*\s+){1,4}[A-Z][\w.'’-]*(?:,.*)?")
"""A name that is beyond doubt: "By Friday" and "Oleh karena itu" begin with a label too."""
MAX_BYLINE = 150
_PLAIN = re.compile(r"[A-Z][a-z]{2,20}(?: [A-Z][a-z]{2,20}){1,3}")
_BEGINS_OTHERWISE = re.compile(rf"(?:{_ANY}|oleh|by|tim|staff|super|the)\b", re.IGNORECASE)


def reporters(texts: Iterable[str], *, site: str = "") -> tuple[str, ...]:
    """Return the names of those who wrote it: where one is labelled as the reporter, only such; no editor.

    `site` is the portal's own name, which is nobody's; hosts and addresses of profiles are none either, nor
    are initials in brackets ("(bud/sar)"), of which nobody knows whose they are.
    """
    line = tuple(texts)
    if sum(map(len, line)) > MAX_NAME:
        return _reporters(line, site)
    return _known_reporters(line, site)


def _reporters(texts: tuple[str, ...], site: str) -> tuple[str, ...]:
    labelled: list[str] = []
    unlabelled: list[str] = []
    for text in texts:
        if _is_plain(text, site):
            unlabelled.append(text)
            continue
        for label, piece in _pieces(without_mail(_without_markup(text))):
            if _OF_WRITERS.search(label):
                labelled += _names(piece, site, has_portal=bool(_REPORTED_FOR.match(label)))
            elif not _OF_OTHERS.search(label):
                unlabelled += _names(piece, site)
    return _distinct(labelled or unlabelled)


_known_reporters = lru_cache(maxsize=_REMEMBERED)(_reporters)


def labelled_reporters(line: str) -> tuple[str, ...]:
    """Return the names in a line that is a byline: one that begins with a label, be it without a colon."""
    match = _LABEL.match(line) if len(line) <= MAX_BYLINE else None
    if match is None or not _OF_WRITERS.search(match[0]):
        return ()
    names = reporters([line])
    is_sure = ":" in match[0] or all(map(_PROPER.fullmatch, names))
    return names if is_sure else ()


def labelled_others(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the names that stand under a label of another deed than reporting: those of editors."""
    names: list[str] = []
    for line in lines:
        if len(line) <= MAX_BYLINE:
            for label, piece in _pieces(line):
                if _OF_OTHERS.search(label) and not _OF_WRITERS.search(label):
                    names += _names(piece, "")
    return tuple(dict.fromkeys(names))


def signed_reporters(texts: Iterable[str], site: str = "") -> tuple[str, ...]:
    """Return the names in texts that are to name the author, be it without a label: only sure ones."""
    names = reporters([text for text in texts if len(text) <= MAX_BYLINE], site=site)
    return tuple(name for name in names if _PROPER.fullmatch(name) and not _AGENCY.fullmatch(name))


def _is_plain(text: str, site: str) -> bool:
    """Return what most bylines are, a name and nothing else, without looking closely."""
    return bool(
        _PLAIN.fullmatch(text)
        and not _BEGINS_OTHERWISE.match(text)
        and not _AGENCY.fullmatch(text)
        and folded(text) != folded(site)
    )


def _without_markup(text: str) -> str:
    """Return a byline as plain text, also where it was escaped once too often: no name has a tag."""
    plain = title_text(text, MAX_NAME)
    for _ in range(_ESCAPED):
        if "<" not in plain and "&" not in plain:
            break
        plain = title_text(plain, MAX_NAME)
    return plain


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Yield each part of a line with the label that it stands under."""
    label = ""
    for piece in _PIECES.split(text):
        match = _LABEL.match(piece)
        if match is not None:
            label = match[0].strip()
        yield label, piece[match.end() :] if match else piece


def _names(text: str, site: str, *, has_portal: bool = False) -> list[str]:
    if "://" in text:
        return []
    text = _COPYRIGHT.split(text, maxsplit=1)[0]
    bare = _HOST.sub(" ", _HANDLE.sub("", _IN_BRACKETS.sub(" ", text)))
    parts = _parted(bare)
    ahead, _, behind = parts[0].partition(",")
    if has_portal and ahead.strip() and behind and not _DEGREE.fullmatch(behind.partition(",")[0].strip()):
        parts[0] = behind
    return [name for part in parts for name in _between_commas(part, site, several=len(parts) > 1)]


def _parted(text: str) -> list[str]:
    """Part a line where one name ends and the next begins; places behind a slash are left out."""
    parts: list[str] = []
    end, joint = 0, ""
    for match in (*_SEVERAL.finditer(text), None):
        part = text[end : match.start() if match else len(text)]
        if parts and "/" not in joint and _is_one_name(parts[-1], part):
            parts[-1] += joint + part
        elif not (parts and "/" in joint and _is_where(part, parts[-1])):
            parts.append(part)
        end, joint = (match.end(), match[0]) if match else (end, "")
    return parts


def _is_where(part: str, ahead: str) -> bool:
    """Return whether a part is the place of the whole name ahead: "Alice Park / Milan"."""
    return " " in ahead.strip() and (is_place(part) or is_place_in_another(part))


def _is_one_name(ahead: str, behind: str) -> bool:
    """Return whether a conjunction belongs to the name of an organisation, as in "Data & Society"."""
    sides = ahead.rpartition(",")[2].strip(), behind.partition(",")[0].strip()
    names_one = [_ORGANISATION.search(side) is not None for side in sides]
    return any(names_one) and all(
        is_one or not _PROPER.fullmatch(side) for side, is_one in zip(sides, names_one, strict=True)
    )


def _between_commas(text: str, site: str, *, several: bool) -> list[str]:
    """Return the names in a part: degrees stay with theirs, and a name that is turned round stays whole."""
    names: list[str] = []
    for part in filter(None, map(_trimmed, text.split(","))):
        if names and _DEGREE.fullmatch(part):
            names[-1] += f", {part}"
        elif names and " " in names[-1] and is_place(part):
            continue  # behind a single word it may be a first name: "Doe, Austin"
        elif not (_ROLE if names else _POST).fullmatch(part):
            names.append(part)
    whole = several or len(names) != 2 or all(map(_WHOLE_NAME.fullmatch, names))  # noqa: PLR2004 -- "Doe, Jane"
    known = [name for name in names if _is_name(name, site) and not _AGENCY.fullmatch(name)]
    if not whole and len(known) == len(names):
        return [", ".join(names)]
    return [name for each in names if (name := _alone(each, site))]


def _trimmed(text: str) -> str:
    return _FULL_STOP.sub("", _without_place(text).strip(" ,;:|*-–—"))


def _without_place(text: str) -> str:
    """Return a name without where somebody reports from, or for whom: "Jane Doe in London".

    "Women in Journalism" is one name.
    """
    for match in _PLACE.finditer(text):
        name, where = text[: match.start()], text[match.end() :]
        if is_place(where):
            return name
        if match["where"] in _WHENCE and not (_ORGANISATION.search(name) and match["where"] != "dari"):
            return name
    return text


def _alone(name: str, site: str) -> str:
    """Return a name without the portal or place that stands beside it ("Nama - kanalBerita")."""
    return next((part for part in _DASH.split(name) if _is_name(part, site)), "")


def _is_name(name: str, site: str) -> bool:
    return bool(name) and folded(name) != folded(site) and not _NO_NAME.fullmatch(name)


def _distinct(names: list[str]) -> tuple[str, ...]:
    """Return each name once, in whatever capitals; agencies and desks only where nobody else is named."""
    persons = [name for name in names if not _AGENCY.fullmatch(name)]
    found: dict[str, str] = {}
    for name in persons or names:
        key = folded(name)
        if key not in found or found[key].isupper():
            found[key] = name
    return tuple(found.values())[:MAX_AUTHORS]


def tags_in(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the tags in what a selector found; a single text lists them with commas."""
    parts = texts[0].split(",") if len(texts) == 1 else texts
    names = (part.strip().removeprefix("#").strip()[:MAX_NAME] for part in parts)
    return tuple(dict.fromkeys(filter(None, names)))[:MAX_TAGS]
