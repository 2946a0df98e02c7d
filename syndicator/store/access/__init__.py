"""Tokens, sign-in links, and the encryption of stored secrets."""
