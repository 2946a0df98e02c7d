"""Which of several dates in a line is that of publication: portals write the last change beside it."""

import re

_CHANGE = (
    r"(?:terakhir\s+|last\s+)?(?:di(?:perbarui|perbaharui|ubah|mutakhirkan|update|edit|revisi)|pembaruan|perubahan"
    r"|up-?dated?|modified|revised|edited)(?:\s+terakhir)?"
)
_PUBLICATION = (
    r"(?:first\s+|originally\s+)?(?:di(?:terbitkan|publikasikan|publish|muat|unggah|posting|rilis|buat|tulis)|terbit"
    r"|tayang|publikasi|rilis|publish(?:ed)?|posted|created)"
)
_BETWEEN = " |;,:·•()-–—"
_LABEL = re.compile(rf"(?<![^\W_])(?:(?P<change>{_CHANGE})|{_PUBLICATION})(?![^\W_])", re.IGNORECASE)


def parted_by_label(line: str) -> tuple[str, str]:
    """Return what a line says of the publication, and what it says of the last change.

    What stands ahead of the first label is of the publication, so that a line without labels is that alone.
    """
    said: dict[bool, str] = {True: "", False: ""}
    is_change, begin = False, 0
    for match in _LABEL.finditer(line):
        said[is_change] += line[begin : match.start()] + " "
        is_change, begin = match["change"] is not None, match.end()
    said[is_change] += line[begin:]
    return said[False].strip(_BETWEEN), said[True].strip(_BETWEEN)
