"""Pages of sources and groups: lists, one source, what is done to them, and how they are added."""
