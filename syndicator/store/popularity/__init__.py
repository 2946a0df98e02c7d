"""Signals, counters of portals, and rankings' crossings."""
