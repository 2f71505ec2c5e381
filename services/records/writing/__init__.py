"""Changing records: one resource or a whole transaction, decided, sealed, stored and noted together."""
