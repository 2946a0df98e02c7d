"""Which story an article belongs to: assignment, representatives, editing, related articles, coverage."""
