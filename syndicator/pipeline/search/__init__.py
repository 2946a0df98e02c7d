"""Search over all retained articles."""
