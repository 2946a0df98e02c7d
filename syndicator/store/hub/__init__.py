"""Subscribers of our own hub, and their queues."""
