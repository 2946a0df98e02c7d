"""Rules of our own hub: WebSub and rssCloud."""
