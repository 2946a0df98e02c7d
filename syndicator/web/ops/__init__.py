"""Metrics and health checks."""
