"""Near duplicates and stories: words, terms, clustering."""
