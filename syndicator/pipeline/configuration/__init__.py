"""The configuration while the service runs: it reaches the store; where its tables stand, how they change."""
