"""The ledger: what a privacy officer searches it for, and what it answers."""
