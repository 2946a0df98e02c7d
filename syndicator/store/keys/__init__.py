"""The table of Redis keys, one module for each part."""
