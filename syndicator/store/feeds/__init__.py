"""Versions, rankings and rendered bytes of feeds."""
