"""Configuration as TOML, ready to paste: what a preview found, written as people would write it."""

import json
import re
from collections.abc import Collection, Mapping
from datetime import date, time
from itertools import count
from unicodedata import normalize
from urllib.parse import urlsplit

from msgspec.structs import asdict

from syndicator.model.source import ArticleRule, ListRule, PopularRule, Source, SourceKind
from syndicator.model.token import Token
from syndicator.observe.redact import UNSAFE

_ADAPTIVE = "schedule = { adaptive = true }\n"
_EVERY = 'schedule = { every = "5m", jitter = "30s" }\n'


def block(source: Source, taken: Collection[str]) -> str:
    """Write what the configuration needs to gather this source, and to publish it as a feed of its own."""
    name = free_name(source.title, source.url, taken)
    lines = [_table(f"source.{name}", {"title": source.title, **_fields(source)}) + _EVERY]
    for part, rule in _rules(source).items():
        lines.append(_table(f"source.{name}.{part}", rule))
    lines.append(_table(f"feed.{name}", {"title": source.title}) + f'filter = {{ source = ["{name}"] }}\n')
    return "\n".join(lines)


def settings_block(source: Source) -> str:
    """Write the table of a source without its header and title, to be read as a document of its own."""
    lines = [_lines(_fields(source)) + _EVERY]
    return "\n".join([*lines, *(_table(part, rule) for part, rule in _rules(source).items())])


def _fields(source: Source) -> dict[str, str | bool]:
    fields: dict[str, str | bool] = {"kind": source.kind.value, "url": source.url}
    fields |= {"language": source.language} if source.language else {}
    fields |= {"timezone": source.timezone} if source.timezone != "UTC" else {}
    if source.full_text or source.kind is SourceKind.SITEMAP:  # which reads pages by default
        fields["full_text"] = source.full_text
    return fields | ({"future_dates": True} if source.future_dates else {})


def _rules(source: Source) -> dict[str, dict[str, str]]:
    rules = {part: getattr(source, part) for part in ("list", "article", "popular")}
    return {part: _rule(rule) for part, rule in rules.items() if rule is not None}


def token_block(token: Token) -> str:
    """Write what the configuration needs to know a token."""
    lists = (("scopes", token.scopes), ("feeds", token.feeds))
    lines = [f"{key} = [{', '.join(map(_quoted, values))}]\n" for key, values in lists if values]
    texts = {"sha256": token.sha256, "owner": token.owner, "description": token.description}
    block = _table(f"token.{token.id}", {key: text for key, text in texts.items() if text})
    expires = f"expires = {token.expires.isoformat(timespec='seconds')}\n" if token.expires else ""
    return block + "".join(lines) + expires.replace("+00:00", "Z")


def feed_block(name: str, fields: Mapping[str, str]) -> str:
    """Write the configuration of a feed that was not read yet."""
    return _table(f"source.{name}", {"title": fields["title"], "kind": "feed", **fields}) + _ADAPTIVE


def table_block(kind: str, name: str, table: Mapping[str, object]) -> str:
    """Write any table of the configuration, such as `[source.ID]`."""
    return f"[{kind}.{_key(name)}]\n" + "".join(
        f"{_key(key)} = {_value(value)}\n" for key, value in table.items()
    )


def _key(key: str) -> str:
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else _quoted(key)


def _value(value: object) -> str:
    """Write a value as TOML; tables inside as `{ key = value }`."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(str(key))} = {_value(each)}" for key, each in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):
        return _quoted(value)
    return value.isoformat() if isinstance(value, date | time) else json.dumps(value)


def free_name(title: str, url: str, taken: Collection[str]) -> str:
    """Make an id of the title, else of the host, that the configuration does not have yet."""
    host = (urlsplit(url).hostname or "source").removeprefix("www.")
    name = free = _slug(title) or _slug(host) or "source"
    for number in count(2):
        if free not in taken:
            break
        free = f"{name}-{number}"
    return free


def _rule(rule: ListRule | ArticleRule | PopularRule) -> dict[str, str]:
    return {key: value for key, value in asdict(rule).items() if isinstance(value, str)}


def _table(name: str, values: Mapping[str, str | bool]) -> str:
    return f"[{name}]\n{_lines(values)}"


def _lines(values: Mapping[str, str | bool]) -> str:
    return "".join(
        f"{key} = {json.dumps(value) if isinstance(value, bool) else _quoted(value)}\n"
        for key, value in values.items()
    )


def _slug(text: str) -> str:
    """Make a name for the configuration of a title: at most four words of it, without accents."""
    plain = normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain)[:4])[:40].strip("-")


def _quoted(text: str) -> str:
    """Write a TOML string: those of JSON are, and what is not seen, or turns the writing, is escaped."""
    return UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))
