"""Erasing a chart by destroying its keys: two officers, a tombstone for ever, a certificate of what was done."""
