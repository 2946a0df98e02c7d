"""Routes of feeds: current bytes, history, deltas, private feeds."""
