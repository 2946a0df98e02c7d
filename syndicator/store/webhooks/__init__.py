"""Endpoints, events, and the queues of deliveries."""
