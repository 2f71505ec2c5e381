"""The services of a group; each imports `shared` and itself, never another."""
