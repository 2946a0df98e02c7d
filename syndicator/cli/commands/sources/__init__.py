"""Commands about where news comes from."""
