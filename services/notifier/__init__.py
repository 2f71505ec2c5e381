"""Breach cases with their clocks, reviews of emergencies, and every message to a person, each sent once as far as anyone can know."""
