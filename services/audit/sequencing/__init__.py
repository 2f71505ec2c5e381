"""From Kafka into the ledger: each note once, in order, with its number accounted for."""
