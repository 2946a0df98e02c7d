"""Dates as sources write them, and what is made of them."""
