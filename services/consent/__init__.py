"""What patients permit and forbid, in force on every replica before it is answered."""
