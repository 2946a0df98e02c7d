"""Bytes of any document: encoding, repair, HTML, selectors, and the pool of parsers."""
