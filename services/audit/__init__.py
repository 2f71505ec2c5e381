"""The ledger: every note in order, hashed into a tree, sealed, signed, and proved."""
