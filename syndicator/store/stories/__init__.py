"""Stories, and the queue and log of assignments to them."""
