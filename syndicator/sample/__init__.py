"""Owns the sample portals and their partner: an invented city, its newspaper, a wire, and a webhook sink.

Knows nothing of the rest of syndicator: what it shows, it shows over HTTP, as a portal of the world would.
"""
