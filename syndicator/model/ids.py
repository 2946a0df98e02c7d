"""Identifiers, a `NewType` each, so that a checker sees a mix-up; plain text at run time."""

import re
from typing import NewType

_ARTICLE_ID = re.compile(r"[a-z2-7]{16}")

SourceId = NewType("SourceId", str)
"""The key of `[source.KEY]` in the configuration."""

FeedId = NewType("FeedId", str)
"""The key of `[feed.KEY]`; also the last part of its URL."""

EndpointId = NewType("EndpointId", str)
"""The key of `[endpoint.KEY]`."""

ArticleId = NewType("ArticleId", str)
"""16 characters of lower-case base32, made from the identity the article was first seen with."""

EventId = NewType("EventId", str)
"""`evt_` and 26 characters, made from article, revision and type: the same change is the same event."""

ReplayId = NewType("ReplayId", str)
"""`rpl_` and 16 random characters."""

StoryId = NewType("StoryId", str)
"""The id of the article that founded the story."""

TokenId = NewType("TokenId", str)
"""The key of `[token.KEY]`, or the name of a token that was made at run time; never its value."""


def is_article_id(text: str) -> bool:
    """Return whether a text has the form of an article's id."""
    return _ARTICLE_ID.fullmatch(text) is not None
