"""The query language, and the words that articles are found by."""
