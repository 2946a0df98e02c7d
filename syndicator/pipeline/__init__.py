"""The use cases. Each takes what it needs by its constructor, runs once, and returns a report."""
