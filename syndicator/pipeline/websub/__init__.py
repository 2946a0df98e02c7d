"""Our subscriptions at the hubs of sources."""
