"""Turns a snapshot of a feed into bytes: RSS, Atom, JSON Feed, ninjs and OPML.

Pure: the same snapshot gives the same bytes, in any process and at any time.

    FeedSnapshot → items (cleaned once, for all formats) → rss | atom | json_feed | ninjs → Rendition
"""

from syndicator.render.opml import render_opml
from syndicator.render.rendition import render

__all__ = ["render", "render_opml"]
