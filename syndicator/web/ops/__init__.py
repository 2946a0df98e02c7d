"""The operators' pages, and health checks."""
