"""Recomputes the ledger from what is stored, and compares it with everything that was signed."""
