"""Which server has our keys: one, the primary that Sentinel names, or the node of a cluster."""
