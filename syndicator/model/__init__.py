"""Values only: what the rooms hand to each other. Frozen, keyword-only, no I/O.

A stored value tolerates unknown fields and gives new fields a default, so that two versions can run
side by side on one Redis.
"""
