"""What a source's table says of how its articles are known again."""

import re
import time
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from syndicator.model.source import IdentityPolicy, Way
from syndicator.rules.identity.identity import MAX_SEARCHED
from syndicator.rules.politeness_scope import registrable_domain
from syndicator.settings.value_texts import Line, regex_fault, wrong

_PARAMETER = re.compile(r"[^\s&=#?*]+\*?")
_WAYS = tuple(way.value for way in Way if way is not Way.PATTERN)
_REMEDY = (
    'write "auto", "guid", "link", "path", "content" or { link = "a regular expression with one group" }'
)

_TRIED = ("a", "1", "-", "/", ".", "a-", "1-", "a/", "1/", "a1", "%2")
"""Of what addresses are made in which an expression is tried, one after the other, over and over."""
_ATTEMPTS = 2
"""Something else in this process may disturb one measurement."""
_MOST_S = 0.02
"""For one address: a feed names hundreds of them, and the event loop waits."""


def _parameter(value: str) -> str:
    if not _PARAMETER.fullmatch(value):
        raise wrong(
            "is not the name of a parameter",
            'write the name alone, as in "ref", or its beginning, as in "kn_*"',
        )
    return value.lower()


_HOST_NAME = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63}){1,10}")


def _domain(value: str) -> str:
    name = value.lower()
    if not _HOST_NAME.fullmatch(name):
        raise wrong("is not a domain", 'write its name alone, as in "portal.co.id": no scheme, port or path')
    domain = registrable_domain(name)
    if domain is None:
        raise wrong("is a suffix under which anybody registers", 'write a domain, as in "portal.co.id"')
    if domain != name:
        raise wrong("is not a registered domain", f'write it without a subdomain: "{domain}"')
    return domain


def _identity(value: object) -> str | Mapping[str, str]:
    if isinstance(value, str) and value in _WAYS:
        return value
    if not isinstance(value, Mapping) or set(value) != {"link"} or not isinstance(value["link"], str):
        raise wrong("does not say how articles are recognised", _REMEDY)
    pattern = value["link"]
    if fault := regex_fault(pattern):
        raise wrong(f"link is not a valid regular expression: {fault}", _REMEDY)
    if re.compile(pattern).groups != 1:
        raise wrong(
            "link has not exactly one group: what it takes is the article's name",
            'write one pair of parentheses, as in "/read/(\\\\d+)/"; (?:…) is not a group',
        )
    if _takes_long(re.compile(pattern)):
        raise wrong(
            "link takes too long for some addresses",
            'write it without a repetition inside of, or right behind, another, as in "/read/(\\\\d+)/"',
        )
    return {"link": pattern}


def _takes_long(expression: re.Pattern[str]) -> bool:
    """Return whether searching an address may take long: source and readers choose what is in it."""
    return any(
        all(_spent_s(expression, address) > _MOST_S for _ in range(_ATTEMPTS)) for address in _addresses()
    )


def _spent_s(expression: re.Pattern[str], address: str) -> float:
    began = time.process_time()
    expression.search(address)
    return time.process_time() - began


def _addresses() -> Iterator[str]:
    """Yield addresses, each a fifth longer than the last: an expression that explodes is noticed in time."""
    for piece in _TRIED:
        length = 10
        while length < MAX_SEARCHED:
            yield f"https://a.example/{piece * (length // len(piece))}!"
            length += max(length // 5, 2)


Parameter = Annotated[Line, AfterValidator(_parameter)]
Domain = Annotated[Line, AfterValidator(_domain)]
IdentityChoice = Annotated[
    str | Mapping[str, str],
    BeforeValidator(_identity),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": list(_WAYS), "type": "string"},
                {
                    "type": "object",
                    "properties": {"link": {"type": "string", "format": "regex"}},
                    "required": ["link"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]


def policy(choice: str | Mapping[str, str]) -> IdentityPolicy:
    """Return the policy that a table chooses."""
    if isinstance(choice, str):
        return IdentityPolicy(way=Way(choice))
    return IdentityPolicy(way=Way.PATTERN, pattern=choice["link"])
