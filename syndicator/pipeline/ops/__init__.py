"""Operation: metrics, doctor, retention, API tokens."""
