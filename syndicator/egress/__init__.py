"""The one guarded HTTP client: everything that goes out goes out here.

Owns addresses that may be reached, connections, redirects, size and time limits. Nobody else opens a
client connection.
"""
