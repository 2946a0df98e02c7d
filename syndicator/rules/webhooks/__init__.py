"""Which events an endpoint gets, when they are tried again, and how an endpoint stands."""
