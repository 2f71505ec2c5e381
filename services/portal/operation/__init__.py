"""Operation: how each service is, and how far the ledger has come."""
