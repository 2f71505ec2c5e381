"""Bringing a store that was restored from a backup up to what had been published since, before anybody decides by it."""
