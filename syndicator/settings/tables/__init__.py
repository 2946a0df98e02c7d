"""The tables that may stand in configuration files, as forms."""
