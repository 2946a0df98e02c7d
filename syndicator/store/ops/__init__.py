"""Configured names, listeners, renamed sources, repair."""
