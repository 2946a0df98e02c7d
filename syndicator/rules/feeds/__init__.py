"""Addresses, dates, history and deltas of feeds."""
