"""The words of all pages, in the languages that we speak."""
