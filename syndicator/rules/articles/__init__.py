"""Admission, revisions, corrections, embargoes, withdrawals, pictures and rights of articles."""
