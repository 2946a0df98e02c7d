"""The cold store: texts of older articles, outside Redis."""
