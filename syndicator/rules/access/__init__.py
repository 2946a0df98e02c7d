"""Values of API tokens, and signed tickets."""
