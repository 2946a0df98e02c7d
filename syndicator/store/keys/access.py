"""The part of the key table that says who may do what."""

from syndicator.store.keys.popularity import PopularityKeys


class AccessKeys(PopularityKeys):
    """Keys of API tokens and of links that sign in, behind the prefix of a namespace."""

    def tokens(self) -> str:
        """HASH: SHA-256 of a token's value, hex → msgpack `Token`; the value itself is kept nowhere.
        Kept: until it is revoked, or 30 days after it expired; at most 1 000. Written by: tokens.
        """
        return self._prefix + "tokens"

    def token_names(self) -> str:
        """HASH: id of each token → SHA-256 of its value, hex.
        Kept: as its token. Written by: tokens.
        """
        return self._prefix + "tokens:names"

    def used_link(self, digest: str) -> str:
        """STRING: random, of whoever used it first; by SHA-256, hex, of a link that signed a browser in.
        Kept: until the link has ended, and an hour. Written by: the operators' listener.
        """
        return f"{self._prefix}links:used:{digest}"

    def portal_link(self, digest: str) -> str:
        """STRING: SHA-256 of the token that it stands for, hex; by SHA-256, hex, of a link for a partner.
        Kept: until it is used, a day at most. Written by: tokens.
        """
        return f"{self._prefix}links:portal:{digest}"

    def session(self, digest: str) -> str:
        """STRING: SHA-256 of the token that a browser signed in with, hex; by SHA-256, hex, of its cookie.
        Kept: for 30 days, or until it signs out. Written by: the console.
        """
        return f"{self._prefix}sessions:{digest}"
