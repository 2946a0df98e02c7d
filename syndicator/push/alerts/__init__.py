"""Alerts: operators' events as messages for people, in the form of the service that shows them."""
