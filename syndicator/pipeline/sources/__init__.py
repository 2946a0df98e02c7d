"""A source between and during its rounds: polite requests, robots.txt, redirects, when it is due again."""
