"""Syndicator gathers news from portals, decides what is new, and publishes it as feeds and pushes.

The flow, in one line; each word is a room or a function in one:

    schedule → gather (fetch | parse | extract) → judge → admit → publish (select | render) → serve and push
"""

__version__ = "0.1.0"
