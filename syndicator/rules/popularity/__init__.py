"""Scores, crossings of thresholds, and who counts as a reader."""
