"""What could be gathered at an address: feeds that a page names, and inferred selectors."""
