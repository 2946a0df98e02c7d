"""List pages, sitemaps and OPML."""
