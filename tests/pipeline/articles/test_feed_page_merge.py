"""What a feed and a page tell of one article, made one, and where each part of it comes from."""

from gather.article_pages import TEXT, TITLE, URL, page, read
from gather.gather_values import fetched, rss, source

from syndicator.gather.feeds.feed import read_thoroughly
from syndicator.pipeline.articles.feed_page_merge import merge


def test_what_only_the_feed_tells_is_told_to_be_from_it() -> None:
    item = f"<title>{TITLE}</title><link>{URL}</link><author>Budi Santoso</author><category>banjir</category>"
    (told,) = read_thoroughly(source(), fetched(rss(item))).candidates
    joined = merge(read(page(f"<div>{TEXT}</div>", f"<title>{TITLE}</title>")), told)
    assert joined is not None
    assert (joined.authors, joined.tags) == (("Budi Santoso",), ("banjir",))
    read_from = joined.provenance.read_from
    assert (read_from["authors"], read_from["tags"]) == ("feed", "feed")
    assert (read_from["title"], read_from["body"]) == ("meta", "text density")
    assert "photos" not in read_from
