"""Benchmarks: each compares us with a floor or a peer in the same run, and tells a ratio."""
