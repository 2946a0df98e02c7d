"""How often something may happen, as people write it: `10/s`, `300/m`, `1000/h`."""

import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from syndicator.model.delivery import Rate
from syndicator.settings.value_texts import wrong

_RATE = re.compile(r"([1-9][0-9]{0,5})/(s|m|h)", re.ASCII)
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def parse_rate(value: object) -> Rate:
    """Read a rate; raises a fault that says how to write one."""
    if isinstance(value, Rate):
        return value
    found = _RATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise wrong("is no rate", 'write how many per second, minute or hour, as in "10/s" or "300/m"')
    return Rate(count=int(found[1]), per_s=_SECONDS[found[2]])


RateText = Annotated[
    Rate, BeforeValidator(parse_rate), WithJsonSchema({"type": "string", "pattern": f"^{_RATE.pattern}$"})
]
