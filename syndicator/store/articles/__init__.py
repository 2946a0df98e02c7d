"""Articles, their identities and indexes, pictures, embargoes, withdrawals."""
