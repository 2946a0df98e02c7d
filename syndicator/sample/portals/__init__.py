"""The two sample portals: pages, feeds and photos."""
