"""Owns what operators see of a running process: its log and its metrics. Knows nothing of news."""
