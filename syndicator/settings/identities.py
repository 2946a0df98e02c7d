"""What a source's table says of how its articles are known again."""

import re
from typing import Annotated

from pydantic import AfterValidator

from syndicator.settings.texts import Line, wrong

_PARAMETER = re.compile(r"[^\s&=#?*]+\*?")


def _parameter(value: str) -> str:
    if not _PARAMETER.fullmatch(value):
        raise wrong(
            "is no name of a parameter", 'write the name alone, as in "ref", or its beginning, as in "kn_*"'
        )
    return value.lower()


Parameter = Annotated[Line, AfterValidator(_parameter)]
