"""Who saw my record: what the ledger holds about a patient, told so that they can read it."""
