"""Everything that is said to a person: worded in one place, kept before it is sent, sent by one process at a time."""
