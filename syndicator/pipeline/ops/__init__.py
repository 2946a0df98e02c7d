"""Operation: configuration sync, metrics, doctor, retention, API tokens."""
