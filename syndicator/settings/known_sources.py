"""Sources that stand in a configuration as in the one read before it: not checked and built again."""

import hashlib
from collections.abc import Mapping

from syndicator.model.ids import SourceId
from syndicator.model.source import Source
from syndicator.settings.files import ConfigDocument

_AROUND = ("site", "egress", "defaults", "group")
"""Tables that a source takes values from, besides its own."""
_FROM_FILE = "_file"
"""In a key whose value stands in another file: whether that changed is only seen by reading it."""


class KnownSources:
    """The sources of the configuration that was valid last, each with the digest of what it was read from."""

    def __init__(self) -> None:
        self._known: Mapping[str, tuple[bytes, Source]] = {}

    def unchanged(self, digests: Mapping[str, bytes]) -> dict[str, Source]:
        """Return the sources that are known by these digests."""
        known = self._known  # another thread may replace it meanwhile
        return {key: known[key][1] for key, each in digests.items() if key in known and known[key][0] == each}

    def keep(self, digests: Mapping[str, bytes], sources: Mapping[SourceId, Source]) -> None:
        """Know these sources from now on, and no others."""
        self._known = {key: (each, sources[SourceId(key)]) for key, each in digests.items()}


def digests_of_sources(document: ConfigDocument) -> dict[str, bytes]:
    """Return a digest of all that a source is read from; none for a source with a value in another file."""
    try:
        around = repr([document.tree.get(name) for name in _AROUND])
        written = {key: repr(table) for key, table in document.table("source").items()}
    except RecursionError:  # nested too deeply to be a source
        return {}
    if _FROM_FILE in around:
        return {}
    common = hashlib.blake2b(around.encode(), digest_size=16)
    digests: dict[str, bytes] = {}
    for key, text in written.items():
        if _FROM_FILE not in text:
            digest = common.copy()
            digest.update(text.encode())
            digests[key] = digest.digest()
    return digests
