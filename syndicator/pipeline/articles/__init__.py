"""From candidates to admitted articles: merge, embargo, pictures, admission, revisions, withdrawals."""
