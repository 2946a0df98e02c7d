"""Commands about what is pushed, and to whom."""
