"""Subscriptions at hubs of others, and what these pushed."""
