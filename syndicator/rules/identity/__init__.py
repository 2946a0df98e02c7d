"""Which article a candidate is: addresses, names, fingerprints, and how far these are trusted."""
