"""HTTP itself: negotiation, responses, problems, credentials, limits."""
