"""From the store to the bytes of feeds: selection, composition, rendering, cache, history."""
