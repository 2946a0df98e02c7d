"""Commands about what was admitted: list, show, export, trace, withdraw, restore."""
