"""When a source is due, how it stands, and how far its answers are trusted."""
