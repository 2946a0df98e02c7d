"""Dry runs of sources and discovery at an address; nothing is stored."""
