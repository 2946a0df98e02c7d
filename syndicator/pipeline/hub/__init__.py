"""Our own WebSub and rssCloud hub: subscribers of our feeds."""
