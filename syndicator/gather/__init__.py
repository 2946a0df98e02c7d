"""The outside world comes in: bytes of documents become candidates, nothing is judged and nothing stored.

Gatherer → sniff → feed (xml_feed in process | tolerant_feed in the pool | json_feed)
                       → page (in the pool)                                   → candidates
"""
