"""Routes of our hub, and the callbacks of hubs of others."""
