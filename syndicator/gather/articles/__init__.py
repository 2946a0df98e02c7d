"""Article pages: metadata, headline, dates, body, photos."""
