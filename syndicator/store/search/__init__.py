"""The search index of a process, on disk."""
