"""Deliveries to the endpoints of partners: fan-out, delivery, replay, registration, inspection."""
