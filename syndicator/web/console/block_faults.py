"""What is wrong in a block of TOML that was typed in: each fault with its line."""

import re

import tomli
from msgspec import Struct

from syndicator.errors import ConfigError, Fault
from syndicator.rules.toml_lines import key_lines, show, syntax_fault
from syndicator.web.api.json_api import sentence

_LAST_PART = re.compile(r"(\.[^.\[]*|\[\d+\])$")


class BlockFault(Struct, frozen=True, kw_only=True):
    """One thing that is wrong in a block."""

    text: str
    """In English: the key, the reason, and what to do."""
    line: int | None = None
    """None where it is in no line of the block."""


def block_faults(error: Exception, block: str) -> list[BlockFault]:
    """Return all that an error says of a block."""
    if isinstance(error, tomli.TOMLDecodeError):
        line, reason = syntax_fault(error, block)
        return [BlockFault(line=line, text=f"Not valid TOML: {reason}. → see https://toml.io")]
    if not isinstance(error, ConfigError):
        return [BlockFault(text=sentence(error).replace("..", "."))]
    lines = {show(place): line for place, line in key_lines(block).items()}
    return [_placed(fault, lines) for fault in error.faults]


def _placed(fault: Fault, lines: dict[str, int]) -> BlockFault:
    """Find the line of a key, or else of the innermost table around it that the block has."""
    key = fault.key
    while key and key not in lines:
        key = _LAST_PART.sub("", key) if _LAST_PART.search(key) else ""
    inside = "." in key  # [source] alone would be the place of any source
    remedy = f" → {fault.remedy}" if fault.remedy else ""
    text = f"{fault.key}: {fault.reason}{remedy}" if inside else str(fault)
    return BlockFault(line=lines[key] if inside else None, text=text)
