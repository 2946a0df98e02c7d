"""The console: pages on which operators see how all stands, and change it."""
