"""What may be read of the ledger: tiles, proofs, and activity that names no patient."""
