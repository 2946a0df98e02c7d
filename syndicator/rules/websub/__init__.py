"""Rules of subscriptions at hubs of others."""
