"""Rounds of a source, one module for each kind: feed, page, sitemap."""
