"""The health of the privacy objectives: what is promised, what was measured, and what to do when they differ."""
